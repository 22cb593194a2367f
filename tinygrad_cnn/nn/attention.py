"""Attention in several heads. Vaswani et al. 2017."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from ..creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .linear import NonDynamicallyQuantizableLinear
from .module import Module
from .parameter import Parameter


class MultiheadAttention(Module):
    """Attention in several heads: (L, N, E), (S, N, kdim), (S, N, vdim) → (L, N, E) and the weights.

    Args:
        embed_dim: E; the heads divide it.
        num_heads: how many heads.
        dropout: of the weights, in training.
        bias: of the projections.
        add_bias_kv: a learned key and value more.
        add_zero_attn: a key and a value of zeros more.
        kdim, vdim: features of keys and values, E by default.
        batch_first: (N, L, E) instead of (L, N, E).

    Attributes:
        in_proj_weight: (3E, E), or q_proj_weight, k_proj_weight and v_proj_weight where kdim or vdim differ.
        in_proj_bias: (3E).
        out_proj: the last projection.

    >>> import tinygrad_cnn as tg
    >>> x = tg.zeros(5, 2, 8)
    >>> out, weights = MultiheadAttention(8, 4)(x, x, x)
    >>> out.shape, weights.shape
    ((5, 2, 8), (2, 5, 5))
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"MultiheadAttention: embed_dim and num_heads must be positive; got {embed_dim} and {num_heads}"
            )
        if embed_dim % num_heads:
            raise AssertionError(f"MultiheadAttention: {num_heads} heads don't divide embed_dim {embed_dim}")
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn
        place = {"device": device, "dtype": dtype}

        def learned(wanted: bool, *shape: int) -> Parameter | None:
            return Parameter(empty(shape, **place)) if wanted else None

        apart = not self._qkv_same_embed_dim
        self.register_parameter("q_proj_weight", learned(apart, embed_dim, embed_dim))
        self.register_parameter("k_proj_weight", learned(apart, embed_dim, self.kdim))
        self.register_parameter("v_proj_weight", learned(apart, embed_dim, self.vdim))
        self.register_parameter("in_proj_weight", learned(not apart, 3 * embed_dim, embed_dim))
        self.register_parameter("in_proj_bias", learned(bias, 3 * embed_dim))
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.register_parameter("bias_k", learned(add_bias_kv, 1, 1, embed_dim))
        self.register_parameter("bias_v", learned(add_bias_kv, 1, 1, embed_dim))
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """`functional.multi_head_attention_forward` with the layer's projections."""
        swap = self.batch_first and query.ndim == 3
        if swap:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        out, weights = F.multi_head_attention_forward(
            *(query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias),
            *(self.bias_k, self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias),
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (out.transpose(0, 1) if swap else out), weights


__all__ = ["MultiheadAttention"]


class SDPBackend(Enum):
    """PyTorch's ways to compute `scaled_dot_product_attention`; here there is one."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextmanager
def sdpa_kernel(backends: SDPBackend | list[SDPBackend], set_priority: bool = False) -> Iterator[None]:
    """A block that in PyTorch chooses among them: without effect.

    >>> with sdpa_kernel(SDPBackend.MATH):
    ...     pass
    """
    yield
