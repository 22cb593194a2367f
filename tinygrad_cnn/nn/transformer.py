"""The layers of a transformer, and the whole. Vaswani et al. 2017."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from .. import ops
from ..autograd.modes import in_scope
from ..creation import full
from ..dtypes import is_floating
from ..errors import ArgumentError, DtypeError
from ..tensor import Tensor
from . import functional as F
from . import init
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .statistics import LayerNorm


def _activation(kind: str, given: Any) -> Callable[[Tensor], Tensor]:
    if not isinstance(given, str):
        return given  # type: ignore[no-any-return]
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"{kind}: activation must be 'relu', 'gelu' or a function; got {given!r}")
    return F.relu if given == "relu" else F.gelu


class TransformerLayerBase(Module):
    """What encoder and decoder layers share: the feed-forward part, and where the norms are."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        place: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=batch_first, **place)
        self._add_parts(d_model, nhead, dropout, batch_first, place)
        self.linear1 = Linear(d_model, dim_feedforward, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **place)
        self.norm_first = norm_first
        count = self.sublayers
        for i in range(1, count + 1):
            setattr(self, f"norm{i}", LayerNorm(d_model, eps=layer_norm_eps, **place))
        for i in range(1, count + 1):
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = _activation(type(self).__name__, activation)

    sublayers: int

    def _add_parts(self, d_model: int, nhead: int, dropout: float, batch_first: bool, place: dict[str, Any]) -> None:
        """More attention, between the first one and the feed-forward part."""

    def _around(self, number: int, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        """x + sublayer(norm(x)), or norm(x + sublayer(x))."""
        norm, drop = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
        if self.norm_first:
            return x + drop(sublayer(norm(x)))  # type: ignore[no-any-return]
        return norm(x + drop(sublayer(x)))  # type: ignore[no-any-return]

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


def _check_mask(name: str, mask: Tensor | None) -> None:
    if mask is not None and mask.dtype.kind not in "bf":
        raise DtypeError(f"transformer: {name} must be bool or floating-point; got dtype {mask.dtype}{in_scope()}")


class TransformerEncoderLayer(TransformerLayerBase):
    """Self-attention and a feed-forward network, each with dropout, a shortcut around it and a layer norm.

    Args:
        d_model, nhead: features and heads.
        dim_feedforward: features inside the feed-forward network.
        dropout: everywhere, in training.
        activation: "relu", "gelu" or a function.
        layer_norm_eps: of the norms.
        batch_first: (N, T, E) instead of (T, N, E).
        norm_first: norms before the parts, instead of after the shortcuts.
        bias: of linear maps and norms.

    >>> import tinygrad_cnn as tg
    >>> TransformerEncoderLayer(8, 2, 16)(tg.zeros(5, 3, 8)).shape
    (5, 3, 8)
    """

    sublayers = 2

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The sequence, each element in the light of the others; masks as of `MultiheadAttention`."""
        _check_mask("src_mask", src_mask)
        _check_mask("src_key_padding_mask", src_key_padding_mask)

        def attend(x: Tensor) -> Tensor:
            padding = _like_scores(src_key_padding_mask, src_mask)
            return self.self_attn(
                x, x, x, attn_mask=src_mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal
            )[0]

        return self._around(2, self._around(1, src, attend), self._feed_forward)


def _like_scores(mask: Tensor | None, other: Tensor | None) -> Any:
    """A mask as numbers where the other mask is numbers."""
    if mask is None or other is None or is_floating(mask.dtype) or other.dtype.kind == "b":
        return mask
    return ops.where(mask, float("-inf"), Tensor.from_array(mask.backend.xp.zeros((), dtype=other.dtype)))


class TransformerDecoderLayer(TransformerLayerBase):
    """Self-attention, attention to an encoder's output, and a feed-forward network; arguments of the encoder's layer.

    >>> import tinygrad_cnn as tg
    >>> TransformerDecoderLayer(8, 2, 16)(tg.zeros(4, 3, 8), tg.zeros(5, 3, 8)).shape
    (4, 3, 8)
    """

    sublayers = 3

    def _add_parts(self, d_model: int, nhead: int, dropout: float, batch_first: bool, place: dict[str, Any]) -> None:
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=batch_first, **place)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The sequence in the light of itself and of the encoder's output `memory`."""

        def to_itself(x: Tensor) -> Tensor:
            masks: dict[str, Any] = {"attn_mask": tgt_mask, "key_padding_mask": tgt_key_padding_mask}
            return self.self_attn(x, x, x, **masks, is_causal=tgt_is_causal, need_weights=False)[0]

        def to_memory(x: Tensor) -> Tensor:
            masks: dict[str, Any] = {"attn_mask": memory_mask, "key_padding_mask": memory_key_padding_mask}
            return self.multihead_attn(x, memory, memory, **masks, is_causal=memory_is_causal, need_weights=False)[0]

        x = self._around(2, self._around(1, tgt, to_itself), to_memory)
        return self._around(3, x, self._feed_forward)


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList(deepcopy(layer) for _ in range(count))


class TransformerEncoder(Module):
    """Encoder layers one after the other, copies of the one given, and a last norm.

    `enable_nested_tensor` and `mask_check` are taken and have no effect.

    >>> nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2), 1)(tg.ones(3, 1, 4)).shape
    (3, 1, 4)
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """The last layer's output, normed."""
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Decoder layers one after the other, copies of the one given, and a last norm.

    >>> nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2), 1)(tg.ones(3, 1, 4), tg.ones(5, 1, 4)).shape
    (3, 1, 4)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The last layer's output, normed."""
        for layer in self.layers:
            tgt = layer(
                tgt,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder and a decoder: sequences (S, N, E) and (T, N, E) → (T, N, E).

    The arguments are those of the layers, with how many there are; or an encoder and a decoder of one's own.

    >>> import tinygrad_cnn as tg
    >>> Transformer(8, 2, 1, 1, 16)(tg.zeros(5, 3, 8), tg.zeros(4, 3, 8)).shape
    (4, 3, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        parts = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        place = {"device": device, "dtype": dtype}

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place)

        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*parts, **place), num_encoder_layers, norm()
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*parts, **place), num_decoder_layers, norm()
        )
        for _, parameter in self.named_parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The decoder's output for `tgt`, in the light of the encoder's for `src`.

        Raises:
            RuntimeError: for two batches, or features other than d_model.
        """
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise ArgumentError(f"Transformer: src {tuple(src.shape)} and tgt {tuple(tgt.shape)} have other batches")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ArgumentError(
                f"Transformer: expected {self.d_model} features; got {tuple(src.shape)} and {tuple(tgt.shape)}"
            )
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=bool(src_is_causal)
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """−∞ above the diagonal, 0 elsewhere, (sz, sz): nothing looks at what comes later.

        >>> Transformer.generate_square_subsequent_mask(2).tolist()
        [[0.0, -inf], [0.0, 0.0]]
        """
        return full((sz, sz), float("-inf"), device=device, dtype=dtype).triu(1)


__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]
