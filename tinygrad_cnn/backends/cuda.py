"""Switches of matrix products on NVIDIA's cards: they may be set, and have no effect."""

from types import SimpleNamespace

from .answers import is_built

__all__ = ["is_built", "matmul"]

matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)
