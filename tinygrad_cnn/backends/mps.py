"""Apple's graphics cards: not used here."""

from .answers import is_available, is_built

__all__ = ["is_available", "is_built"]
