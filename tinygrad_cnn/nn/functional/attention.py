"""Attention: values averaged by how well their keys fit a query (Vaswani et al. 2017)."""

from math import sqrt
from typing import Any

from ... import ops
from ...autograd.modes import in_scope
from ...dtypes import is_floating
from ...errors import ArgumentError, DtypeError, ShapeError
from ...ops.precision import LOW
from ...tensor import Tensor
from ...tensor.precision import runs_in
from .checks import need_tensors
from .convolution import linear
from .dropping import dropout


@runs_in(LOW)
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(q kᵀ / √E + mask) v: (…, L, E), (…, S, E), (…, S, V) → (…, L, V).

    Args:
        query, key, value: the tensors; those before the last two dimensions broadcast.
        attn_mask: True where a query may look at a key, or numbers to add to the scores; broadcasts to (…, L, S). A
            query that may look at nothing gets 0.
        dropout_p: the probability with which weights are dropped; given for training only.
        is_causal: a query may look at the keys up to its own place.
        scale: instead of 1/√E.
        enable_gqa: several heads of queries (dimension −3) share a head of keys and values.

    Raises:
        RuntimeError: for shapes that do not fit, or two masks.

    >>> import tinygrad_cnn as tg
    >>> x = tg.ones(1, 3, 4)
    >>> scaled_dot_product_attention(x, x, x, is_causal=True).shape
    (1, 3, 4)
    """
    op = "scaled_dot_product_attention"
    need_tensors(op, query=query, key=key, value=value, attn_mask=attn_mask)
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise ArgumentError(f"{op}: query, key and value need 2 or more dimensions{in_scope()}")
    if not query.dtype == key.dtype == value.dtype:
        raise DtypeError(
            f"{op}: query, key and value must have one dtype; got {query.dtype}, {key.dtype}, {value.dtype}{in_scope()}"
        )
    if attn_mask is not None and is_causal:
        raise ArgumentError(f"{op}: give either attn_mask or is_causal{in_scope()}")
    if enable_gqa:
        times = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(times, -3), value.repeat_interleave(times, -3)
    return attend(op, query, key, value, attn_mask, dropout_p, is_causal, scale)[0]


def attend(
    op: str,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout_p: float,
    is_causal: bool,
    scale: float | None = None,
) -> tuple[Tensor, Tensor]:
    """What attention gives, and the weights."""
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            f"{op}: query (…, L, E), key (…, S, E) and value (…, S, V) don't fit: {tuple(query.shape)}, "
            f"{tuple(key.shape)}, {tuple(value.shape)}{in_scope()}"
        )
    factor = (1 / sqrt(query.shape[-1]) if query.shape[-1] else 1.0) if scale is None else scale
    scores = ops.matmul(query * factor, key.transpose(-2, -1))
    xp = query.backend.xp
    allowed: Tensor | None = None
    if is_causal:
        allowed = Tensor.from_array(xp.tril(xp.ones(scores.shape[-2:], dtype=bool)))
    elif mask is not None and mask.dtype.kind == "b":
        allowed = mask
    elif mask is not None:
        allowed = mask.detach() != float("-inf")
        scores = scores + ops.where(allowed, mask, 0.0).to(scores.dtype)
    if allowed is None:
        weights = scores.softmax(-1)
    else:
        # A query that may look at nothing looks at everything first, so that no NaN arises, and then at nothing.
        some = allowed.any(-1, keepdim=True)
        weights = ops.where(allowed.logical_or(some.logical_not()), scores, float("-inf")).softmax(-1)
        weights = ops.where(some, weights, 0.0)
    if dropout_p:
        weights = dropout(weights, dropout_p)
    return ops.matmul(weights, value), weights


def _as_scores(mask: Tensor | None, like: Tensor) -> Any:
    """A mask whose True means "not", as numbers to add."""
    if mask is None or is_floating(mask.dtype):
        return mask
    if mask.dtype.kind != "b":
        raise DtypeError(f"multi_head_attention_forward: masks are bool or floating; got {mask.dtype}{in_scope()}")
    xp = like.backend.xp
    return ops.where(mask, float("-inf"), Tensor.from_array(xp.zeros((), dtype=like.dtype)))


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention in several heads: (L, N, E), (S, N, E), (S, N, E) → (L, N, E) and the weights (N, L, S), or without N.

    Queries, keys and values are projected, divided into heads, attended to, joined and projected.

    Args:
        query, key, value: sequences first, then the batch.
        embed_dim_to_check: E.
        num_heads: a divisor of E.
        in_proj_weight, in_proj_bias: the three projections one below the other, (3E, E) and (3E); or
        q_proj_weight, k_proj_weight, v_proj_weight: one by one, if `use_separate_proj_weight`.
        bias_k, bias_v: a key and a value more, learned.
        add_zero_attn: a key and a value of zeros more.
        dropout_p: of the weights, while `training`.
        out_proj_weight, out_proj_bias: the last projection.
        training: whether there is dropout.
        key_padding_mask: (N, S), True for keys that nobody may look at; or numbers to add to the scores.
        need_weights: whether the weights are returned.
        attn_mask: (L, S) or (N · heads, L, S), True for what may not be looked at; or numbers to add.
        use_separate_proj_weight: see above.
        static_k, static_v: keys and values (N · heads, S, E / heads) that are projected already.
        average_attn_weights: the weights' mean over the heads, instead of (N, heads, L, S).
        is_causal: a hint that `attn_mask` is causal, which must be given.

    Raises:
        RuntimeError: for shapes that do not fit.

    >>> nn.MultiheadAttention(4, 2)(*[tg.ones(3, 1, 4)] * 3)[0].shape
    (3, 1, 4)
    """
    op = "multi_head_attention_forward"
    need_tensors(op, query=query, key=key, value=value)
    batched = query.ndim == 3
    if query.ndim not in (2, 3) or not key.ndim == value.ndim == query.ndim:
        raise ShapeError(
            f"{op}: query, key and value must all have 3 dimensions, or 2 without a batch; got {tuple(query.shape)}, "
            f"{tuple(key.shape)}, {tuple(value.shape)}{in_scope()}"
        )
    if is_causal and attn_mask is None:
        raise ArgumentError(f"{op}: is_causal is a hint that attn_mask is causal; give the mask too{in_scope()}")
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, n, size = query.shape
    if size != embed_dim_to_check:
        raise ArgumentError(f"{op}: queries have {size} features, expected {embed_dim_to_check}{in_scope()}")
    if num_heads < 1 or size % num_heads:
        raise ArgumentError(f"{op}: num_heads {num_heads} does not divide {size} features{in_scope()}")
    if key.shape[:2] != value.shape[:2] or key.shape[1] != n:
        raise ShapeError(
            f"{op}: keys {tuple(key.shape)} and values {tuple(value.shape)} must be as many, for a batch of {n}"
            f"{in_scope()}"
        )
    if use_separate_proj_weight:
        weights: Any = (q_proj_weight, k_proj_weight, v_proj_weight)
        if any(weight is None for weight in weights):
            raise ArgumentError(f"{op}: use_separate_proj_weight needs all three weights{in_scope()}")
    else:
        if in_proj_weight is None:
            raise ArgumentError(f"{op}: in_proj_weight is missing{in_scope()}")
        weights = in_proj_weight.chunk(3)
    biases: Any = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))
    scores_of_keys = _as_scores(key_padding_mask, query)
    mask = _as_scores(attn_mask, query)
    if mask is not None:
        wanted = ((length, key.shape[0]), (n * num_heads, length, key.shape[0]))
        if tuple(mask.shape) not in wanted:
            raise ShapeError(
                f"{op}: attn_mask must have shape {wanted[0]} or {wanted[1]}; got {tuple(mask.shape)}{in_scope()}"
            )
        mask = mask if mask.ndim == 2 else mask.reshape(n, num_heads, length, key.shape[0])
    if scores_of_keys is not None and scores_of_keys.shape != (n, key.shape[0]):
        raise ShapeError(
            f"{op}: key_padding_mask must have shape {(n, key.shape[0])}; got {tuple(scores_of_keys.shape)}{in_scope()}"
        )
    more = 0
    if bias_k is not None and bias_v is not None:
        k = ops.concat(k, bias_k.expand(1, n, bias_k.shape[-1]), dim=0)
        v = ops.concat(v, bias_v.expand(1, n, bias_v.shape[-1]), dim=0)
        more += 1
    per_head = size // num_heads
    q = q.reshape(length, n, num_heads, per_head).permute(1, 2, 0, 3)  # (N, heads, L, E / heads)
    k, v = (
        given.reshape(n, num_heads, given.shape[1], per_head)
        if given is not None
        else x.reshape(x.shape[0], n, num_heads, per_head).permute(1, 2, 0, 3)
        for given, x in ((static_k, k), (static_v, v))
    )
    if add_zero_attn:
        k, v = (ops.pad(x, pads=((0, 0), (0, 0), (0, 1), (0, 0)), value=0) for x in (k, v))
        more += 1
    if scores_of_keys is not None:
        by_key = scores_of_keys.reshape(n, 1, 1, scores_of_keys.shape[1])
        mask = by_key if mask is None else mask + by_key
    if mask is not None and more:
        mask = ops.pad(mask, pads=(*((0, 0),) * (mask.ndim - 1), (0, more)), value=0)
    out, shares = attend(op, q, k, v, mask, dropout_p if training else 0.0, False)
    joined = out.permute(2, 0, 1, 3).reshape(length, n, size)
    joined = linear(joined, out_proj_weight, out_proj_bias)
    if not batched:
        joined = joined.squeeze(1)
    if not need_weights:
        return joined, None
    shares = shares.mean(1) if average_attn_weights else shares
    return joined, shares if batched else shares.squeeze(0)


__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]
