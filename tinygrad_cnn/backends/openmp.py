"""Threads of C programs: not used here."""

from .answers import is_available

__all__ = ["is_available"]
