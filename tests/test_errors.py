"""What the public functions say when they are used wrongly: one row per message."""

import re
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.nn.functional as F
from tinygrad_cnn import errors
from tinygrad_cnn.errors import ArgumentError, DeviceError, DimensionError, DtypeError, EmptyError, ShapeError

x, image, kernel = tg.ones(2, 3), tg.ones(2, 3, 8, 8), tg.ones(4, 3, 3, 3)
integers = tg.tensor([[1, 2], [3, 4]])
scores = tg.ones(2, 3)

Row = tuple[Callable[[], Any], type[Exception], str]

ROWS: list[Row] = [
    # making tensors
    (lambda: tg.tensor([[1, 2], [3]]), ValueError, "tensor: the values do not form a rectangular array"),
    (lambda: tg.tensor(["a"]), TypeError, "tensor: values of dtype <U1 are not numbers that a tensor can hold"),
    (
        lambda: tg.Tensor([1.0], [2.0]),
        TypeError,
        "Tensor: expected sizes, or one array or list of values; got 2 arguments",
    ),
    (
        lambda: tg.from_numpy([1]),
        TypeError,
        "from_numpy: expected a NumPy array; got list; use tensor() or as_tensor()",
    ),
    (lambda: tg.zeros(2, -1), ArgumentError, "zeros: sizes must not be negative; got (2, -1)"),
    (lambda: tg.zeros(2.5), TypeError, "zeros: sizes must be ints; got (2.5,)"),
    (lambda: tg.arange(3, 0), ArgumentError, "arange: from 3 to 0 no number of steps of 1 leads"),
    (lambda: tg.arange(0, 3, 0), ArgumentError, "arange: from 0 to 3 no number of steps of 0 leads"),
    (lambda: tg.randint(5), TypeError, "randint: give a size, as in randint(0, 10, (2, 3))"),
    (lambda: tg.randint(5, 5, (2,)), ArgumentError, "randint: no integer lies in [5, 5)"),
    (lambda: tg.normal(0.0, 1.0), TypeError, "normal: give a size when mean and std are numbers"),
    (lambda: tg.manual_seed("one"), TypeError, "manual_seed: the seed must be an int; got 'one'"),
    (lambda: tg.zeros(2, device="cuda"), DeviceError, "device 'cuda' is not available; available: cpu"),
    (lambda: x.to("tpu:1"), DeviceError, "device 'tpu:1' is not available; available: cpu"),
    (lambda: x.cuda(), DeviceError, "device 'cuda' is not available"),
    (lambda: x.cuda(1), DeviceError, "device 'cuda:1' is not available"),
    (lambda: tg.device("cpu:x"), ValueError, "device: 'cpu:x' is not of the form 'cpu', 'cuda' or 'cuda:0'"),
    (
        lambda: tg.zeros(2, dtype="complex64"),
        TypeError,
        "'complex64' is not a dtype of tensors; there are bool, uint8,",
    ),
    (lambda: x.to(dtype="nonsense"), TypeError, "'nonsense' is not a dtype of tensors"),
    (
        lambda: tg.set_default_dtype("int32"),
        TypeError,
        "set_default_dtype: the default must be a floating-point dtype; got int32",
    ),
    # random values in place
    (lambda: tg.ones(2).normal_(0, -1), ArgumentError, "normal_: std must not be negative; got -1"),
    (lambda: tg.ones(2).uniform_(2, 1), ArgumentError, "uniform_: the bounds [2, 1) are in the wrong order"),
    # out of the engine
    (lambda: x.item(), RuntimeError, "item: this tensor of shape (2, 3) has 6 elements, not one; use .tolist()"),
    (lambda: float(x), ValueError, "float: only a tensor with one element is a number; this one has shape (2, 3)"),
    (lambda: bool(x), RuntimeError, "the truth of a tensor of shape (2, 3) is ambiguous; use .any() or .all()"),
    (
        lambda: [1, 2][tg.tensor(1.0)],
        TypeError,
        "only a tensor with one integer can be used as an index; got shape (), dtype float32",
    ),
    (lambda: len(tg.tensor(1.0)), TypeError, "len() of a tensor without dimensions"),
    (lambda: list(tg.tensor(1.0)), TypeError, "iteration over a tensor without dimensions"),
    # arithmetic
    (lambda: x + "1", TypeError, "add: expected tensors or numbers; got str '1'; make a tensor of it with tensor(...)"),
    (lambda: x * [1, 2, 3], TypeError, "mul: expected tensors or numbers; got list [1, 2, 3]"),
    (
        lambda: x + tg.ones(2),
        ShapeError,
        (
            "add: shapes (2, 3) and (2,) do not broadcast: counted from the end, dimension 1 has sizes 2 "
            "and 3, which must be equal or 1"
        ),
    ),
    (lambda: x.div(2, rounding_mode="up"), ValueError, "div: rounding_mode must be None, 'trunc' or 'floor'; got 'up'"),
    (
        lambda: integers**-1,
        DtypeError,
        "pow: integers to the negative power -1 are fractions; convert with .float() first",
    ),
    (lambda: x.clamp(), ValueError, "clamp: give min, max or both; got neither"),
    (lambda: tg.ones(2).clamp_(), ValueError, "clamp_: give min, max or both; got neither"),
    # reductions
    (
        lambda: x.sum(2),
        DimensionError,
        "sum: dim 2 is out of range for a tensor with 2 dimensions; it must lie in [-2, 1]",
    ),
    (
        lambda: tg.tensor(1.0).max(1),
        DimensionError,
        "max: dim 1 is out of range for a tensor with 0 dimensions; it must lie in [-1, 0]",
    ),
    (lambda: x.sum("0"), TypeError, "sum: dim must be an int; got '0'"),
    (lambda: x.sum((0, -2)), ShapeError, "sum: dim (0, -2) names a dimension twice"),
    (lambda: integers.mean(), DtypeError, "mean: needs floating-point values; got dtype int64. Convert with .float()"),
    (lambda: integers.var(), DtypeError, "var: needs floating-point values"),
    (lambda: integers.norm(), DtypeError, "norm: needs floating-point values"),
    (lambda: integers.softmax(0), DtypeError, "softmax: needs floating-point values"),
    (lambda: integers.log_softmax(0), DtypeError, "log_softmax: needs floating-point values"),
    (lambda: integers.nanmean(0), DtypeError, "nanmean: needs floating-point values"),
    (
        lambda: tg.ones(0, 3).max(),
        EmptyError,
        "amax: a tensor of shape (0, 3) has no elements along dim (0, 1) to choose from",
    ),
    (lambda: tg.ones(0, 3).min(0), EmptyError, "min: a tensor of shape (0, 3) has no elements along dim (0,)"),
    (lambda: tg.ones(0, 3).argmax(0), EmptyError, "argmax: a tensor of shape (0, 3) has no elements along dim (0,)"),
    (lambda: tg.ones(0, 3).argmin(), EmptyError, "argmin: a tensor of shape (0, 3) has no elements along dim (0, 1)"),
    (lambda: tg.ones(0).amin(), EmptyError, "amin: a tensor of shape (0,) has no elements"),
    (lambda: x.norm("two"), ValueError, "norm: p must be a number, 'fro' or 'nuc'; got 'two'"),
    # shape
    (lambda: x.reshape(4), ShapeError, "reshape: shape (4,) does not hold the 6 values of a tensor of shape (2, 3)"),
    (lambda: x.reshape(-1, -1), ShapeError, "reshape: only one size may be −1; got (-1, -1)"),
    (lambda: x.reshape(4, -1), ShapeError, "reshape: shape (4, -1) does not hold the 6 values"),
    (lambda: x.reshape("a"), TypeError, "reshape: sizes must be ints; got ('a',)"),
    (
        lambda: x.t().view(6),
        ShapeError,
        (
            "view: shape (6,) would need the values of this tensor of shape (3, 2) and strides (1, 3) to "
            "be moved in memory; use .reshape(), or .contiguous() first"
        ),
    ),
    (lambda: x.flatten(1, 0), ShapeError, "flatten: start_dim 1 comes after end_dim 0"),
    (lambda: x.unflatten(1, (2, 2)), ShapeError, "unflatten: sizes (2, 2) do not multiply to the 3 of dim 1"),
    (lambda: x.unflatten(1, (2, -1)), ShapeError, "unflatten: sizes (2, -1) do not multiply to the 3 of dim 1"),
    (lambda: x.permute(0), ShapeError, "permute: (0,) must name each of the 2 dimensions once"),
    (lambda: x.permute(0, 0), ShapeError, "permute: dim (0, 0) names a dimension twice"),
    (lambda: x.movedim((0, 1), 0), ShapeError, "movedim: 2 source dimensions and 1 destinations"),
    (lambda: image.t(), ShapeError, "t: expects at most 2 dimensions; got shape (2, 3, 8, 8). Use .mT or .transpose()"),
    (lambda: tg.ones(3).mT, ShapeError, "mT: expects at least 2 dimensions; got shape (3,)"),
    (
        lambda: x.expand(2, 4),
        ShapeError,
        (
            "expand: a tensor of shape (2, 3) can't be expanded to (2, 4); only sizes of 1 and new "
            "leading dimensions can grow"
        ),
    ),
    (lambda: x.expand(3), ShapeError, "expand: a tensor of shape (2, 3) can't be expanded to (3,)"),
    (lambda: x.expand(-1, 2, 3), ShapeError, "expand: a tensor of shape (2, 3) can't be expanded to (-1, 2, 3)"),
    (lambda: x.repeat(2), ShapeError, "repeat: 1 counts for the 2 dimensions of shape (2, 3)"),
    # parts
    (lambda: x[2], IndexError, "getitem: index 2 is out of bounds for axis 0 with size 2 (shape (2, 3))"),
    (lambda: x[0, 0, 0], IndexError, "too many indices"),
    (lambda: x[1.0], IndexError, "indices must be integers, booleans or slices; got 1.0"),
    (lambda: x[tg.ones(2)], IndexError, "indices must be integers, booleans or slices; got dtype float32"),
    (lambda: x[[0.5]], IndexError, "indices must be integers, booleans or slices; got dtype float64"),
    (lambda: x.narrow(1, 2, 2), ShapeError, "narrow: [2, 4) is outside the 3 of dim 1"),
    (lambda: x.split(0), ValueError, "split: the size of a piece must be at least 1; got 0"),
    (lambda: x.split([1, 3], 1), ShapeError, "split: the sizes [1, 3] add up to 4, but dim 1 of shape (2, 3) has 3"),
    (lambda: x.chunk(0), ValueError, "chunk: the number of pieces must be at least 1; got 0"),
    (
        lambda: x.gather(1, tg.tensor([0])),
        ShapeError,
        "gather: index (1,) does not fit (2, 3); only dim 1 may be longer",
    ),
    (
        lambda: x.gather(0, tg.tensor([[0, 0, 0, 0]])),
        ShapeError,
        "gather: index (1, 4) does not fit (2, 3); only dim 0 may be longer",
    ),
    (
        lambda: x.gather(1, tg.tensor([[0, 3]])),
        errors.PositionError,
        "gather: index values from 0 to 3 are outside [0, 2] of dim 1",
    ),
    (
        lambda: x.scatter_add(1, tg.tensor([[0, 1]]), tg.ones(1, 1)),
        ShapeError,
        "scatter_add: index (1, 2) is larger than src (1, 1)",
    ),
    # products
    (lambda: tg.tensor(1.0) @ x, ShapeError, "matmul: both sides need at least one dimension; got () @ (2, 3)"),
    (lambda: x @ x, ShapeError, "matmul: (2, 3) @ (2, 3): the left side has 3 columns, the right side 2 rows"),
    (
        lambda: x @ integers[:, 0].repeat(3, 1),
        DtypeError,
        "matmul: all inputs must have one dtype; got x float32, y int64. Convert with .to(dtype)",
    ),
    (lambda: x.mm(tg.ones(3)), ShapeError, "mm: expects 2-d and 2-d tensors; got (2, 3) and (3,)"),
    (lambda: x.bmm(x), ShapeError, "bmm: expects 3-d and 3-d tensors; got (2, 3) and (2, 3)"),
    (lambda: x.mv(x), ShapeError, "mv: expects 2-d and 1-d tensors"),
    (lambda: x.dot(x), ShapeError, "dot: expects 1-d and 1-d tensors"),
    (lambda: x.outer(x), ShapeError, "outer: expects two vectors; got (2, 3) and (2, 3)"),
    # several tensors
    (lambda: tg.cat([]), ArgumentError, "cat: expected at least one tensor; got none"),
    (lambda: tg.stack([]), ArgumentError, "stack: expected at least one tensor; got none"),
    (lambda: tg.cat([x, 1]), TypeError, "cat: element 1 must be a tensor; got int"),
    (
        lambda: tg.cat([x, x, tg.ones(2, 2)]),
        ShapeError,
        "cat: tensors must agree in all but dim 0; tensor 0 has shape (2, 3), tensor 2 (2, 2)",
    ),
    (
        lambda: tg.stack([x, tg.ones(2)]),
        ShapeError,
        "stack: tensors must have one shape; tensor 0 has (2, 3), tensor 1 (2,)",
    ),
    (
        lambda: tg.where(x, x, x),
        TypeError,
        "where: the condition must be bool; got dtype float32. Compare first, as in x > 0",
    ),
    (
        lambda: tg.meshgrid(tg.ones(2), indexing="yx"),
        ArgumentError,
        "meshgrid: indexing must be 'ij' or 'xy'; got 'yx'",
    ),
    # windows
    (lambda: F.conv2d(image, kernel, stride=0), ArgumentError, "conv2d: stride must be at least 1; got 0"),
    (lambda: F.conv2d(image, kernel, stride=True), TypeError, "conv2d: stride must be an int or 2 of them; got True"),
    (lambda: F.conv2d(image, kernel, stride=1.5), TypeError, "conv2d: stride must be an int or 2 of them; got 1.5"),
    (
        lambda: F.conv2d(image, kernel, stride=(1, 2, 3)),
        ArgumentError,
        "conv2d: stride must be an int or 2 of them; got 3: (1, 2, 3)",
    ),
    (lambda: F.conv2d(image, kernel, dilation=0), ArgumentError, "conv2d: dilation must be at least 1; got 0"),
    (lambda: F.conv2d(image, kernel, padding=-1), ArgumentError, "conv2d: padding must be at least 0; got -1"),
    (
        lambda: F.conv2d(image, kernel, padding="all"),
        ArgumentError,
        "conv2d: padding must be an int, 2 of them, 'same' or 'valid'; got 'all'",
    ),
    (
        lambda: F.conv2d(image, kernel, stride=2, padding="same"),
        ArgumentError,
        "conv2d: padding='same' needs stride 1; got stride (2, 2). Give the padding as numbers instead",
    ),
    (lambda: F.conv2d(image, kernel, groups=0), ArgumentError, "conv2d: groups must be a positive int; got 0"),
    (
        lambda: F.conv2d(image, tg.ones(4, 3, 0, 3)),
        ShapeError,
        "conv2d: a kernel of 0 × 3 pixels has nothing to multiply; every size must be at least 1",
    ),
    (
        lambda: F.conv2d(image, tg.ones(4, 3, 9, 3)),
        ShapeError,
        "conv2d: a window of 9 × 3 pixels does not fit into an image of 8 × 8",
    ),
    (
        lambda: F.conv2d(image, kernel, dilation=5, padding=1),
        ShapeError,
        (
            "conv2d: a window of 11 × 11 pixels (size 3 × 3, dilation 5 × 5) does not fit into an image "
            "of 8 × 8, 10 × 10 with padding"
        ),
    ),
    (lambda: F.max_pool2d(image, 0), ArgumentError, "max_pool2d: kernel_size must be at least 1; got 0"),
    (
        lambda: F.max_pool2d(image, 3, padding=2),
        ShapeError,
        "max_pool2d: window (3, 3) with padding (2, 2) would hold only padding; padding may be at most half the window",
    ),
    (
        lambda: F.avg_pool2d(image, 9),
        ShapeError,
        "avg_pool2d: a window of 9 × 9 pixels does not fit into an image of 8 × 8",
    ),
    # layers
    (
        lambda: F.conv2d(image, x),
        ShapeError,
        "conv2d: weight must have shape (out channels, in channels / groups, height, width); got (2, 3)",
    ),
    (
        lambda: F.conv2d(x, kernel),
        ShapeError,
        "conv2d: expected images (N, C, H, W), or one image (C, H, W); got shape (2, 3)",
    ),
    (
        lambda: F.conv2d(tg.ones(2, 4, 8, 8), kernel),
        ShapeError,
        "conv2d: weight (4, 3, 3, 3) expects 3 input channels, but x (2, 4, 8, 8) has 4",
    ),
    (
        lambda: F.conv2d(tg.ones(2, 8, 8, 3), kernel),
        ShapeError,
        "but x (2, 8, 8, 3) has 8; its last dimension has: if it holds the channels, use x.permute(0, 3, 1, 2)",
    ),
    (lambda: F.conv2d(tg.ones(8, 8, 3), kernel), ShapeError, "if it holds the channels, use x.permute(2, 0, 1)"),
    (
        lambda: F.conv2d(image, kernel, groups=2),
        ShapeError,
        "expects 3 × 2 groups = 6 input channels, but x (2, 3, 8, 8) has 3",
    ),
    (
        lambda: F.conv2d(tg.ones(2, 9, 8, 8), kernel, groups=3),
        ShapeError,
        "conv2d: 4 output channels (weight (4, 3, 3, 3)) can't be divided among 3 groups",
    ),
    (
        lambda: F.conv2d(image, kernel, tg.ones(3)),
        ShapeError,
        "conv2d: bias must have shape (4,), one value per output channel; got (3,)",
    ),
    (
        lambda: F.conv2d(image.double(), kernel),
        DtypeError,
        "conv2d: all inputs must have one dtype; got x float64, w float32. Convert with .to(dtype)",
    ),
    (
        lambda: F.linear(x, tg.ones(3)),
        ShapeError,
        "linear: weight must have shape (out features, in features); got (3,)",
    ),
    (
        lambda: F.linear(x, tg.ones(5, 4)),
        ShapeError,
        "linear: weight (5, 4) expects 4 features, but x (2, 3) has 3; a Linear(3, 5) would take it",
    ),
    (
        lambda: F.linear(tg.ones(2, 4, 5), tg.ones(7, 20)),
        ShapeError,
        "but x (2, 4, 5) has 5; flattened it would have 4 · 5 = 20: use x.flatten(1)",
    ),
    (
        lambda: F.linear(tg.tensor(1.0), tg.ones(5, 4)),
        ShapeError,
        "linear: weight (5, 4) expects 4 features, but x () has none",
    ),
    (
        lambda: F.linear(x, tg.ones(5, 3), tg.ones(4)),
        ShapeError,
        "linear: bias must have shape (5,), one value per output feature; got (4,)",
    ),
    (
        lambda: F.max_pool2d(x, 2),
        ShapeError,
        "max_pool2d: expected images (N, C, H, W), or one image (C, H, W); got shape (2, 3)",
    ),
    (lambda: F.avg_pool2d(x, 2), ShapeError, "avg_pool2d: expected images (N, C, H, W)"),
    (lambda: F.avg_pool2d(image, 2, divisor_override=0), ArgumentError, "avg_pool2d: divisor_override must not be 0"),
    (
        lambda: F.batch_norm(tg.ones(3), None, None, training=True),
        ShapeError,
        "batch_norm: expected (N, C, …); got shape (3,)",
    ),
    (
        lambda: F.batch_norm(image, None, None, tg.ones(2), training=True),
        ShapeError,
        "batch_norm: weight (2,) expects 2 channels, but x (2, 3, 8, 8) has 3",
    ),
    (lambda: F.batch_norm(image, None, tg.ones(1)), ShapeError, "batch_norm: running_var (1,) expects 1 channels"),
    (
        lambda: F.batch_norm(image, None, None),
        ValueError,
        "batch_norm: without running_mean and running_var only training=True is possible",
    ),
    (
        lambda: F.batch_norm(tg.ones(1, 3), None, None, training=True),
        ValueError,
        "batch_norm: one value per channel (x (1, 3)) has no variance to train with; use a larger batch, or .eval()",
    ),
    (lambda: F.dropout(x, 1.5), ValueError, "dropout: p must lie in [0, 1]; got 1.5"),
    (lambda: F.dropout2d(image, -0.5), ValueError, "dropout2d: p must lie in [0, 1]; got -0.5"),
    (lambda: F.pad(x, (1, 1), mode="mirror"), ValueError, "pad: mode must be 'constant', 'reflect', 'replicate' or"),
    (lambda: F.pad(x, (1,)), ShapeError, "pad: expected two widths for each of at most 2 dimensions; got (1,)"),
    (lambda: F.pad(x, (-2, -2)), ShapeError, "pad: widths (-2, -2) cut off more than shape (2, 3) holds"),
    # losses
    (
        lambda: F.mse_loss(x, x, reduction="max"),
        ValueError,
        "mse_loss: reduction must be 'mean', 'sum' or 'none'; got 'max'",
    ),
    (
        lambda: F.mse_loss(tg.ones(2, 1), tg.ones(2)),
        ShapeError,
        (
            "mse_loss: prediction (2, 1) and target (2,) must have one shape; broadcast on purpose with "
            ".expand_as(), or .squeeze() what is too much"
        ),
    ),
    (lambda: F.l1_loss(x, tg.ones(2)), ShapeError, "l1_loss: prediction (2, 3) and target (2,) must have one shape"),
    (lambda: F.smooth_l1_loss(x, tg.ones(2)), ShapeError, "smooth_l1_loss: prediction (2, 3)"),
    (lambda: F.smooth_l1_loss(x, x, beta=-1), ArgumentError, "smooth_l1_loss: beta must not be negative; got -1"),
    (
        lambda: F.binary_cross_entropy(x * 2, x),
        ValueError,
        "binary_cross_entropy: probabilities must lie in [0, 1]; for scores use binary_cross_entropy_with_logits",
    ),
    (lambda: F.binary_cross_entropy(x, tg.ones(2)), ShapeError, "binary_cross_entropy: prediction (2, 3)"),
    (
        lambda: F.binary_cross_entropy_with_logits(x, tg.ones(2)),
        ShapeError,
        "binary_cross_entropy_with_logits: prediction (2, 3)",
    ),
    (
        lambda: F.nll_loss(scores, tg.tensor([0.0, 1.0])),
        DtypeError,
        "nll_loss: class numbers must be integers; got dtype float32. Convert with .long()",
    ),
    (
        lambda: F.cross_entropy(scores, tg.tensor([True, False])),
        DtypeError,
        "cross_entropy: class numbers must be integers; got dtype bool",
    ),
    (
        lambda: F.cross_entropy(scores, tg.tensor([0, 3])),
        IndexError,
        "cross_entropy: label 3 at position 1 is outside [0, 3), the classes there are",
    ),
    (
        lambda: F.cross_entropy(tg.ones(2, 3, 2), tg.tensor([[0, 1], [-1, 2]])),
        IndexError,
        "cross_entropy: label -1 at position (1, 0) is outside [0, 3)",
    ),
    (lambda: F.one_hot(tg.tensor([0, 4]), 3), IndexError, "one_hot: label 4 at position 1 is outside [0, 3)"),
    (lambda: F.one_hot(tg.tensor([0, -1])), IndexError, "one_hot: label -1 at position 1 is outside [0, 1)"),
    (
        lambda: F.cross_entropy(tg.ones(3), tg.tensor([0])),
        ShapeError,
        "cross_entropy: scores (3,) and target (1,) do not fit",
    ),
    (lambda: F.nll_loss(tg.tensor(1.0), tg.tensor(0)), ShapeError, "nll_loss: scores () and target () do not fit"),
    (
        lambda: F.cross_entropy(scores, tg.tensor([0])),
        ShapeError,
        "cross_entropy: scores (N, C, …) = (2, 3) need class numbers of shape (2,); got (1,)",
    ),
    (
        lambda: F.cross_entropy(scores, tg.ones(2)),
        DtypeError,
        "cross_entropy: class numbers must be integers; got dtype float32. Convert with .long()",
    ),
    (
        lambda: F.cross_entropy(scores, tg.tensor([0, 1]), label_smoothing=2),
        ArgumentError,
        "cross_entropy: label_smoothing must lie in [0, 1]; got 2",
    ),
]


@pytest.mark.parametrize(("f", "kind", "message"), ROWS, ids=[row[2][:60] for row in ROWS])
def test_message(f: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)) as caught:
        f()
    assert caught.type is kind
