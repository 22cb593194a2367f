"""What layers say of arguments that do not fit."""

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn import nn
from tinygrad_cnn.errors import DtypeError
from tinygrad_cnn.nn import utils

image, line = tg.zeros(1, 1, 4, 4), tg.zeros(1, 1, 4)
x, numbers = tg.zeros(2, 3), tg.tensor([0, 1])

ROWS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.max_pool1d(x[0], 2), RuntimeError, "max_pool1d: expected sequences (N, C, L), or one sequence (C, L)"),
    (lambda: F.avg_pool3d(image[0], 2), RuntimeError, "avg_pool3d: expected volumes (N, C, D, H, W)"),
    (lambda: F.max_pool2d(tg.zeros(1, 0, 2, 2), 1), RuntimeError, "max_pool2d: only the batch may be empty"),
    (lambda: F.adaptive_max_pool2d(image, (1, 2, 3)), ValueError, "output_size must be an int or 2 of them"),
    (lambda: F.adaptive_max_pool2d(image, -1), ValueError, "output_size must not be negative; got -1"),
    (lambda: F.fractional_max_pool2d(image, 2), ValueError, "give either output_size or output_ratio"),
    (lambda: F.fractional_max_pool2d(image, 2, output_ratio=2.0), ValueError, "output_ratio must lie between 0 and 1"),
    (lambda: F.fractional_max_pool2d(image, 2, 4), ValueError, "(4, 4) windows of (2, 2) pixels don't fit into (4, 4)"),
    (lambda: F.fractional_max_pool2d(image, (2, 2, 2), 2), ValueError, "must be ints or 2 of them"),
    (lambda: nn.FractionalMaxPool2d(2), ValueError, "FractionalMaxPool2d: give either output_size or output_ratio"),
    (lambda: nn.FractionalMaxPool2d(2, output_ratio=1.5), ValueError, "output_ratio must lie between 0 and 1; got 1.5"),
    (lambda: F.max_unpool2d(image, image, 2), ValueError, "max_unpool2d: indices must be int64; got float32"),
    (
        lambda: F.max_unpool2d(image, line.long(), 2),
        ValueError,
        "max_unpool2d: indices (1, 1, 4) must have the shape of x",
    ),
    (
        lambda: F.max_unpool2d(image, image.long(), 2, output_size=(3, 3)),
        ValueError,
        "must be within a stride (2, 2) of",
    ),
    (lambda: F.max_unpool2d(image, image.long() + 64, 2), ValueError, "index 64 is outside of an image of 64 pixels"),
    (lambda: F.max_unpool2d(image, image.long(), 1, 1, 3), ValueError, "x (1, 1, 4, 4) would become (-2, -2)"),
    (lambda: F.dropout1d(image), RuntimeError, "dropout1d: expected (N, C, L) or (C, L); got shape (1, 1, 4, 4)"),
    (lambda: F.dropout3d(image, 2), ValueError, "dropout3d: p must lie in [0, 1]; got 2"),
    (lambda: F.feature_alpha_dropout(x[0], 0.5, True), RuntimeError, "feature_alpha_dropout: expected (N, C, …)"),
    (lambda: F.affine_grid(numbers, (1, 1, 2, 2)), ValueError, "affine_grid: theta must be floating-point"),
    (lambda: F.affine_grid(x, (1, 2)), NotImplementedError, "affine_grid: expected a size (N, C, H, W)"),
    (
        lambda: F.affine_grid(x, (1, 1, 2, 2)),
        ValueError,
        "affine_grid: size (1, 1, 2, 2) needs theta of shape (1, 2, 3)",
    ),
    (lambda: F.grid_sample(image, image), RuntimeError, "grid_sample: images (N, C, H, W) need a grid (N, OH, OW, 2)"),
    (
        lambda: F.grid_sample(image, image, "cubic"),
        ValueError,
        "grid_sample: mode must be one of bilinear, nearest, bicu",
    ),
    (
        lambda: F.grid_sample(image, image, padding_mode="x"),
        ValueError,
        "grid_sample: padding_mode must be one of zeros",
    ),
    (
        lambda: F.grid_sample(image[None], tg.zeros(1, 1, 1, 1, 3), "bicubic"),
        ValueError,
        "grid_sample: mode 'bicubic' reads images only",
    ),
    (lambda: F.unfold(x, 2), RuntimeError, "unfold: expected (N, C, H, W) or (C, H, W); got shape (2, 3)"),
    (lambda: F.unfold(image, 0), ValueError, "unfold: kernel_size must be a positive int or 2 of them; got 0"),
    (lambda: F.fold(image, 4, 2), RuntimeError, "fold: expected (N, C·KH·KW, L) or (C·KH·KW, L); got (1, 1, 4, 4)"),
    (lambda: F.fold(x, 0, 2), ValueError, "fold: output_size must be a positive int or 2 of them; got 0"),
    (lambda: F.fold(x, 3, 2), RuntimeError, "fold: an image of (3, 3) has 4 windows of 4 pixels a channel; got shape"),
    (lambda: F.embedding(x, x), TypeError, "embedding: row numbers must be integers; got dtype float32"),
    (lambda: F.embedding(numbers, x[0]), RuntimeError, "embedding: the table must have 2 dimensions; got shape (3,)"),
    (lambda: F.embedding(numbers, x, 5), ValueError, "embedding: padding_idx 5 is not one of 2 rows"),
    (lambda: F.embedding_bag(numbers, x), ValueError, "embedding_bag: expected input (B, n), or (n) with offsets (B)"),
    (lambda: F.embedding_bag(numbers, x, numbers, mode="min"), ValueError, "mode must be 'sum', 'mean' or 'max'"),
    (lambda: F.embedding_bag(numbers[None], x, numbers), ValueError, "embedding_bag: input (B, n) takes no offsets"),
    (lambda: F.embedding_bag(numbers, x, numbers + 1), ValueError, "offsets must begin with 0 and not exceed 2"),
    (
        lambda: F.embedding_bag(numbers[None], x, per_sample_weights=x),
        ValueError,
        "per_sample_weights must have the shape (1, 2) of input; got (2, 3)",
    ),
    (
        lambda: F.embedding_bag(numbers[None], x, per_sample_weights=tg.zeros(1, 2)),
        NotImplementedError,
        "per_sample_weights need mode 'sum'; got 'mean'",
    ),
    (
        lambda: nn.EmbeddingBag(3, 2, padding_idx=3),
        ValueError,
        "EmbeddingBag: padding_idx must be one of 3 rows; got 3",
    ),
    (lambda: nn.Embedding(-1, 2), ValueError, "Embedding: sizes must not be negative; got -1 and 2"),
    (lambda: nn.Embedding(3, 2, _weight=x), ValueError, "Embedding: a table of shape (3, 2) is wanted; got (2, 3)"),
    (lambda: F.bilinear(x, x, x), RuntimeError, "bilinear: weight must be (O, I, J); got shape (2, 3)"),
    (
        lambda: F.bilinear(x, x, tg.zeros(1, 3, 2)),
        RuntimeError,
        "expects inputs (…, 3) and (…, 2); got (2, 3) and (2, 3)",
    ),
    (lambda: nn.Bilinear(0, 1, 1), ValueError, "Bilinear: in1_features must be greater than 0; got 0"),
    (lambda: F.cosine_similarity(numbers, numbers), ValueError, "cosine_similarity: expected floating-point tensors"),
    (lambda: F.pdist(x[0]), RuntimeError, "pdist: expected rows (n, m); got shape (3,)"),
    (lambda: F.pdist(x, -1), RuntimeError, "pdist: p must not be negative; got -1"),
    (
        lambda: F.mse_loss(x, x, weight=x[0]),
        ValueError,
        "mse_loss: weight must have the shape of the prediction, (2, 3)",
    ),
    (lambda: F.huber_loss(x, x, delta=0), ValueError, "huber_loss: delta must be positive; got 0"),
    (lambda: nn.HuberLoss(delta=1j), TypeError, "HuberLoss: delta must be a real number; got 1j"),  # type: ignore[arg-type]
    (
        lambda: F.cross_entropy(x, numbers, x[0, :2]),
        RuntimeError,
        "cross_entropy: weight must have one value per class",
    ),
    (
        lambda: F.nll_loss(x, numbers, x[0, :2]),
        RuntimeError,
        "nll_loss: weight must have one value per class of x (2, 3)",
    ),
    (
        lambda: F.cross_entropy(x, x, ignore_index=1),
        ValueError,
        "cross_entropy: probabilities take no ignore_index; got 1",
    ),
    (
        lambda: F.linear_cross_entropy(x, x[:, :2], numbers),
        RuntimeError,
        "a matrix (C, …, I) don't fit: (2, 3) and (2, 2)",
    ),
    (
        lambda: F.linear_cross_entropy(x, x, numbers, linear_bias=x),
        RuntimeError,
        "linear_cross_entropy: linear_bias must have shape (2,); got (2, 3)",
    ),
    (
        lambda: F.linear_cross_entropy(x[0], tg.zeros(2, 2, 3), numbers),
        RuntimeError,
        "linear_cross_entropy: a matrix (2, 2, 3) needs features (N, I)",
    ),
    (
        lambda: F.linear_cross_entropy(x, x, x[:, :2], ignore_index=1),
        ValueError,
        "linear_cross_entropy: probabilities take no ignore_index",
    ),
    (
        lambda: nn.LinearCrossEntropyLoss(2, 3, weight=x),
        ValueError,
        "LinearCrossEntropyLoss: weight must have shape (3,)",
    ),
    (
        lambda: nn.LinearCrossEntropyLoss(2, 3, label_smoothing=2),
        ValueError,
        "label_smoothing must lie in [0, 1]; got 2",
    ),
    (
        lambda: F.margin_ranking_loss(x, x, x[0]),
        RuntimeError,
        "the three tensors must have as many dimensions; got (2, 3)",
    ),
    (lambda: F.cosine_embedding_loss(x, x, x), RuntimeError, "cosine_embedding_loss: expected (N, D), (N, D) and (N)"),
    (lambda: F.multi_margin_loss(x, numbers, p=3), ValueError, "multi_margin_loss: p must be 1 or 2; got 3"),
    (lambda: F.multi_margin_loss(image, numbers), RuntimeError, "multi_margin_loss: expected scores (N, C) or (C)"),
    (lambda: F.multi_margin_loss(x, numbers[:1]), RuntimeError, "scores (2, 3) need 2 labels; got (1,)"),
    (
        lambda: F.multi_margin_loss(x, numbers + 3),
        ValueError,
        "multi_margin_loss: labels must lie in [0, 3); got [3, 4]",
    ),
    (
        lambda: F.multi_margin_loss(x, x[:, 0]),
        TypeError,
        "multi_margin_loss: class numbers must be integers; got dtype",
    ),
    (lambda: F.multi_margin_loss(x, numbers, weight=x), ValueError, "multi_margin_loss: weight must have shape (3,)"),
    (lambda: nn.MultiMarginLoss(3), ValueError, "MultiMarginLoss: p must be 1 or 2; got 3"),
    (
        lambda: nn.MultiMarginLoss(weight=x),
        ValueError,
        "MultiMarginLoss: weight must have one dimension; got shape (2, 3)",
    ),
    (lambda: F.multilabel_margin_loss(x, x), TypeError, "multilabel_margin_loss: class numbers must be integers"),
    (
        lambda: F.multilabel_margin_loss(x, x.long() + 3),
        ValueError,
        "multilabel_margin_loss: labels must lie in [−1, 3)",
    ),
    (
        lambda: F.triplet_margin_loss(x, x, x, margin=0),
        ValueError,
        "triplet_margin_loss: margin must be positive; got 0",
    ),
    (
        lambda: F.triplet_margin_loss(x, x, x[0]),
        RuntimeError,
        "triplet_margin_loss: the three tensors must have as many",
    ),
    (
        lambda: F.triplet_margin_with_distance_loss(x, x, x, margin=0),
        ValueError,
        "triplet_margin_with_distance_loss: margin must be positive; got 0",
    ),
    (lambda: nn.TripletMarginLoss(0), ValueError, "TripletMarginLoss: margin must be positive; got 0"),
    (
        lambda: nn.TripletMarginWithDistanceLoss(margin=0),
        ValueError,
        "WithDistanceLoss: margin must be positive; got 0",
    ),
    (lambda: nn.KLDivLoss(reduction="all"), ValueError, "must be 'mean', 'sum', 'none' or 'batchmean'; got 'all'"),
    (lambda: F.gaussian_nll_loss(x, x, x - 1), ValueError, "a variance must not be negative; the least is -1.0"),
    (lambda: F.gaussian_nll_loss(x, x, x[:1, :2]), ValueError, "var must have the shape (2, 3) of the input"),
    (
        lambda: F.ctc_loss(x[0], numbers, [1], [1]),
        RuntimeError,
        "ctc_loss: expected log_probs (T, N, C); got shape (3,)",
    ),
    (lambda: F.ctc_loss(image[0], x, [1], [1]), ValueError, "ctc_loss: targets must be integers; got dtype float32"),
    (lambda: F.ctc_loss(x, numbers, [1], [1], 3), ValueError, "ctc_loss: blank must lie in [0, 3); got 3"),
    (lambda: F.ctc_loss(x, numbers, [3], [1]), ValueError, "ctc_loss: input_lengths must lie in [0, 2]; got [3]"),
    (
        lambda: F.ctc_loss(x, numbers, [1, 1], [1]),
        ValueError,
        "input_lengths must have one value for each of 1 sequences",
    ),
    (lambda: F.ctc_loss(x, numbers, [1.0], [1]), ValueError, "ctc_loss: input_lengths must be integers; got [1.0]"),
    (lambda: F.ctc_loss(x, numbers, [2], [3]), ValueError, "ctc_loss: 3 labels of shape (2,) are asked for"),
    (lambda: F.ctc_loss(image[0], numbers, [1] * 4, [1] * 4), ValueError, "must be (N, S), or hold 4 labels"),
    (lambda: F.ctc_loss(x, numbers + 5, [2], [1]), ValueError, "ctc_loss: labels must lie in [0, 3)"),
    (lambda: F.rrelu(x, 1, 0), ValueError, "rrelu: lower must not exceed upper; got 1 and 0"),
    (lambda: nn.Hardtanh(1, 0), ValueError, "Hardtanh: min_val must not exceed max_val; got 1 and 0"),
    (lambda: nn.Softmax2d()(x), ValueError, "Softmax2d: expected (N, C, H, W) or (C, H, W); got shape (2, 3)"),
    (lambda: nn.CircularPad2d(1)(x), ValueError, "CircularPad2d: expected 3 or 4 dimensions; got shape (2, 3)"),
    (
        lambda: F.layer_norm(tg.ones(2, 3, dtype=tg.int64), (3,)),
        DtypeError,
        "layer_norm: needs floating-point values; got dtype int64. Convert with .float()",
    ),
    (
        lambda: F.group_norm(tg.ones(2, 3, dtype=tg.int64), 3),
        DtypeError,
        "group_norm: needs floating-point values; got dtype int64. Convert with .float()",
    ),
    (
        lambda: F.batch_norm(x, None, None, training=True, eps=0),
        ValueError,
        "batch_norm: eps must be positive in training",
    ),
]
SEQUENCES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: nn.RNN(2, 3, nonlinearity="sin"), ValueError, "RNN: nonlinearity must be 'tanh' or 'relu'; got 'sin'"),
    (lambda: nn.LSTM(2, 3, dropout=2), ValueError, "LSTM: dropout must lie in [0, 1]; got 2"),
    (lambda: nn.LSTM(2, 0), ValueError, "LSTM: hidden_size must be greater than zero; got 0"),
    (lambda: nn.LSTM(2, 3.0), TypeError, "LSTM: hidden_size must be an int; got 3.0"),  # type: ignore[arg-type]
    (lambda: nn.LSTM(2, 3, proj_size=3), ValueError, "LSTM: proj_size must lie in [0, 3), below hidden_size; got 3"),
    (lambda: nn.LSTM(2, 3, bias=1), TypeError, "LSTM: bias and batch_first must be True or False; got 1 and False"),  # type: ignore[arg-type]
    (lambda: nn.RNNBase("ELMAN", 2, 3), ValueError, "RNNBase: mode must be one of LSTM, GRU, RNN_TANH, RNN_RELU"),
    (lambda: nn.LSTM(2, 3, dropout=0.5), UserWarning, "LSTM: dropout comes between layers, and there is only one"),
    (
        lambda: nn.GRU(3, 2)(image),
        RuntimeError,
        "GRU: expected (T, N, features), or (T, features); got shape (1, 1, 4, 4)",
    ),
    (lambda: nn.GRU(2, 2)(x), RuntimeError, "GRU: expected 2 features, as input_size says; got shape (2, 3)"),
    (lambda: nn.GRU(3, 2)(x.double()), ValueError, "GRU: input has dtype float64, the weights float32"),
    (lambda: nn.GRU(3, 2)(x[:0]), RuntimeError, "GRU: a sequence needs one step or more; got (0, 3)"),
    (lambda: nn.GRU(3, 2)(x, x), RuntimeError, "GRU: a state must have shape (1, 2); got (2, 3)"),
    (lambda: nn.GRU(3, 2)(x, image), RuntimeError, "GRU: for unbatched input a state must have 2 dimensions, (1, 2)"),
    (lambda: nn.LSTM(3, 2)(x, (x,)), RuntimeError, "LSTM: expected a state (h, c); got 1 tensors"),
    (lambda: nn.GRUCell(3, 2)(image), RuntimeError, "GRUCell: expected (N, features) or (features); got (1, 1, 4, 4)"),
    (lambda: nn.GRUCell(2, 2)(x), RuntimeError, "GRUCell: expected 2 features, as input_size says; got (2, 3)"),
    (lambda: nn.GRUCell(3, 2)(x, x), RuntimeError, "GRUCell: the state must have shape (2, 2); got (2, 3)"),
    (lambda: nn.GRUCell(3, 0), ValueError, "GRUCell: hidden_size must be greater than zero; got 0"),
    (lambda: nn.RNNCell(3, 2, nonlinearity="sin")(x), RuntimeError, "RNNCell: nonlinearity must be 'tanh' or 'relu'"),
    (lambda: utils.rnn.PackedSequence(x), ValueError, "PackedSequence: batch_sizes is missing"),
    (
        lambda: utils.rnn.pack_padded_sequence(image[0, 0], [1]),
        ValueError,
        "expected 4 lengths, one per sequence; got 1",
    ),
    (lambda: utils.rnn.pack_padded_sequence(x, [1, 0, 0]), ValueError, "lengths must be positive; got [1, 0, 0]"),
    (
        lambda: utils.rnn.pack_padded_sequence(x, [3, 1, 1]),
        ValueError,
        "a length of 3 exceeds the 2 steps of the input",
    ),
    (lambda: utils.rnn.pack_padded_sequence(x, [1, 2, 1]), ValueError, "lengths must fall, the longest first"),
    (lambda: utils.rnn.pad_sequence([]), ValueError, "pad_sequence: expected one or more tensors"),
    (
        lambda: utils.rnn.pad_sequence([x], padding_side="top"),
        ValueError,
        "padding_side must be 'right' or 'left'; got 'top'",
    ),
    (
        lambda: utils.rnn.pad_packed_sequence(utils.rnn.pack_sequence([x]), total_length=1),
        ValueError,
        "pad_packed_sequence: total_length 1 is less than the longest, 2",
    ),
]
ATTENTION: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.scaled_dot_product_attention(x[0], x, x), ValueError, "query, key and value need 2 or more dimensions"),
    (lambda: F.scaled_dot_product_attention(x, x, x.double()), TypeError, "query, key and value must have one dtype"),
    (lambda: F.scaled_dot_product_attention(x, x, x, x, 0.0, True), ValueError, "give either attn_mask or is_causal"),
    (lambda: F.scaled_dot_product_attention(x, x[:, :2], x), RuntimeError, "don't fit: (2, 3), (2, 2), (2, 3)"),
    (lambda: nn.MultiheadAttention(0, 1), ValueError, "MultiheadAttention: embed_dim and num_heads must be positive"),
    (lambda: nn.MultiheadAttention(3, 2), AssertionError, "MultiheadAttention: 2 heads don't divide embed_dim 3"),
    (lambda: nn.MultiheadAttention(3, 1)(x[0], x, x), RuntimeError, "query, key and value must all have 3 dimensions"),
    (lambda: nn.MultiheadAttention(4, 1)(x, x, x), ValueError, "queries have 3 features, expected 4"),
    (lambda: nn.MultiheadAttention(3, 1)(x, x, x, is_causal=True), ValueError, "is_causal is a hint that attn_mask is"),
    (lambda: nn.MultiheadAttention(3, 1)(x, x, x[:1]), RuntimeError, "must be as many, for a batch of 1"),
    (
        lambda: nn.MultiheadAttention(3, 1)(x, x, x, attn_mask=x),
        RuntimeError,
        "attn_mask must have shape (2, 2) or (1, 2, 2)",
    ),
    (
        lambda: nn.MultiheadAttention(3, 1)(x, x, x, x[0]),
        RuntimeError,
        "key_padding_mask must have shape (1, 2); got (1, 3)",
    ),
    (lambda: nn.MultiheadAttention(3, 1)(x, x, x, numbers), TypeError, "masks are bool or floating; got int64"),
    (
        lambda: nn.TransformerEncoderLayer(2, 1, activation="tanh"),
        RuntimeError,
        "activation must be 'relu', 'gelu' or a",
    ),
    (
        lambda: nn.TransformerEncoderLayer(3, 1)(x, numbers),
        TypeError,
        "transformer: src_mask must be bool or floating-point",
    ),
    (lambda: nn.Transformer(3, 1, 1, 1)(line, line), ValueError, "Transformer: expected 3 features; got (1, 1, 4)"),
    (lambda: nn.Transformer(4, 1, 1, 1)(line, tg.zeros(1, 2, 4)), ValueError, "have other batches"),
    (
        lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 5, [6]),
        ValueError,
        "cutoffs must be rising integers in [1, 4]; got [6]",
    ),
    (
        lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 5, [2])(x, x),
        RuntimeError,
        "AdaptiveLogSoftmaxWithLoss: expected (N, features) and (N); got (2, 3) and (2, 3)",
    ),
    (
        lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 5, [2])(tg.zeros(2, 4), numbers + 9),
        RuntimeError,
        "AdaptiveLogSoftmaxWithLoss: labels must lie in [0, 5); got [9, 10]",
    ),
]


class Wide(nn.Module):
    def forward(self, weight: tg.Tensor) -> Any:
        return weight[:1]


MODULES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: nn.Buffer(3), TypeError, "Buffer: expected a tensor; got int"),
    (lambda: nn.Module().xpu(), RuntimeError, "Module.ipu: this engine computes on the CPU and on CUDA devices"),
    (lambda: nn.ParameterDict(3), TypeError, "ParameterDict: expected a dict of parameters, or pairs; got int"),
    (lambda: nn.ParameterDict([3]), ValueError, "ParameterDict: expected pairs of a name and a parameter; got 3"),
    (lambda: nn.Sequential() * 0, ValueError, "Sequential: can only be multiplied by a positive int; got 0"),
    (lambda: nn.Sequential() * 1.5, TypeError, "Sequential: can only be multiplied by an int; got float"),  # type: ignore[operator]
    (lambda: nn.LazyConv2d(2, 3)(x), RuntimeError, "LazyConv2d: expected 4 or 3 dimensions; got (2, 3)"),
    (lambda: nn.LazyConv1d(2, 3, groups=2)(line), ValueError, "LazyConv1d: 1 channels can't be divided among 2 groups"),
    (lambda: nn.lazy.LazyModuleMixin()(x), NotImplementedError, "LazyModuleMixin has no initialize_parameters()"),
    (lambda: nn.modules.utils._list_with_default([1], [2]), ValueError, "_list_with_default: expected more than 1"),
    (lambda: utils.skip_init(int), RuntimeError, "skip_init: expected a class of modules"),  # type: ignore[type-var]
    (
        lambda: utils.parametrizations.spectral_norm(nn.ReLU()),
        ValueError,
        "spectral_norm: ReLU has no parameter or buffer",
    ),
    (
        lambda: utils.parametrizations.spectral_norm(nn.Linear(1, 1), n_power_iterations=0),
        ValueError,
        "at least 1; got 0",
    ),
    (lambda: utils.parametrizations.orthogonal(nn.Linear(1, 1), "bias"), ValueError, "orthogonal: expected a matrix"),
    (
        lambda: utils.parametrizations.orthogonal(nn.Linear(1, 1), orthogonal_map="x"),
        ValueError,
        "orthogonal_map must be",
    ),
    (
        lambda: utils.parametrize.register_parametrization(nn.ReLU(), "w", Wide()),
        ValueError,
        "ReLU has no parameter or",
    ),
    (
        lambda: utils.parametrize.register_parametrization(nn.Linear(2, 2), "weight", Wide()),
        ValueError,
        "parametrize: Wide must keep shape and dtype, (2, 2) float32; got (1, 2) float32; or pass unsafe=True",
    ),
    (lambda: utils.parametrize.remove_parametrizations(nn.ReLU(), "w"), ValueError, "'w' of ReLU is not parametrized"),
    (
        lambda: utils.parametrize.remove_parametrizations(
            utils.parametrizations.weight_norm(nn.Linear(2, 2)), "weight", leave_parametrized=False
        ),
        ValueError,
        "parametrize: there are several originals; only leave_parametrized=True is possible",
    ),
    (lambda: utils.prune.l1_unstructured(nn.ReLU(), "w", 1), ValueError, "prune: ReLU has no parameter 'w'"),
    (lambda: utils.prune.l1_unstructured(nn.Linear(2, 2), "weight", 5), ValueError, "amount must lie in [0, 4]; got 5"),
    (lambda: utils.prune.l1_unstructured(nn.Linear(2, 2), "weight", 1.5), ValueError, "a share in [0, 1]; got 1.5"),
    (
        lambda: utils.prune.l1_unstructured(nn.Linear(2, 2), "bias", 1, x),
        ValueError,
        "must have the shape (2,) of bias",
    ),
    (lambda: utils.prune.remove(nn.ReLU(), "w"), ValueError, "prune.remove: 'w' of ReLU is not pruned"),
    (
        lambda: utils.prune.global_unstructured([(nn.Linear(2, 2), "weight")], utils.prune.LnStructured, amount=1, n=1),
        TypeError,
        "global_unstructured: expected an unstructured method; got LnStructured",
    ),
]


@pytest.mark.parametrize(("make", "kind", "message"), [*ROWS, *SEQUENCES, *ATTENTION, *MODULES])
def test_message(make: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        make()
    assert message in str(caught.value)
