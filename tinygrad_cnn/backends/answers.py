"""What every library that is not used here answers."""


def is_available() -> bool:
    """Whether the library is used: no."""
    return False


def is_built() -> bool:
    """Whether the library is built in: no."""
    return False


def version() -> None:
    """The library's version: none."""
