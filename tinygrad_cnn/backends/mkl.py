"""Intel's library of mathematics: not used here."""

from .answers import is_available

__all__ = ["is_available"]
