"""The version, and what PyTorch tells beside it."""

__version__ = "0.1.0"

cuda: str | None = None  # the toolkit that the package was built with; none is
hip: str | None = None
debug = False
