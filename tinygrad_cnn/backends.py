"""Switches of the libraries below PyTorch, which programs set and ask for; here there is nothing for them to change.

Results are the same from run to run on the CPU; `use_deterministic_algorithms` says more.

>>> import tinygrad_cnn as tg
>>> tg.backends.cudnn.benchmark = True  # accepted, and without effect
>>> tg.backends.cudnn.is_available(), tg.backends.mps.is_available()
(False, False)
"""

from types import SimpleNamespace

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]


class Switches(SimpleNamespace):
    """The switches of one library that is not used here: attributes that may be set, and have no effect."""

    @staticmethod
    def is_available() -> bool:
        """Whether the library is used: no."""
        return False

    @staticmethod
    def is_built() -> bool:
        """Whether the library is built in: no."""
        return False

    @staticmethod
    def version() -> None:
        """The library's version: none."""


cuda = Switches(matmul=SimpleNamespace(allow_tf32=False))
cudnn = Switches(enabled=True, benchmark=False, deterministic=False, allow_tf32=True)
mkl = Switches()
mkldnn = Switches(enabled=True)
mps = Switches()
openmp = Switches()
