"""A second opinion on layers, losses and what surrounds them: PyTorch with the same weights."""

import copy
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn

torch = pytest.importorskip("torch")

IMAGES = (3, 4, 9, 8)
VECTORS = (5, 6)
VOLUMES = (2, 2, 5, 4, 6)

LAYERS: list[tuple[Callable[[Any], Any], tuple[int, ...]]] = [
    (lambda n: n.Conv2d(4, 6, 3), IMAGES),
    (lambda n: n.Conv2d(4, 6, (3, 2), 2, (1, 0), (1, 2), 2, False), IMAGES),
    (lambda n: n.Conv2d(4, 4, kernel_size=3, padding="same", groups=4), IMAGES),
    (lambda n: n.Conv2d(4, 4, 3, padding="valid", dilation=2), IMAGES),
    (lambda n: n.Conv2d(4, 2, 1), IMAGES[1:]),
    (lambda n: n.Linear(6, 4), VECTORS),
    (lambda n: n.Linear(8, 2, bias=False), IMAGES),
    (lambda n: n.Identity(3, a=2), VECTORS),
    (lambda n: n.Flatten(), IMAGES),
    (lambda n: n.Flatten(0, 2), IMAGES),
    (lambda n: n.Unflatten(1, (2, 3)), VECTORS),
    (lambda n: n.MaxPool2d(2), IMAGES),
    (lambda n: n.MaxPool2d((3, 2), 2, (1, 0), 1, False, True), IMAGES),
    (lambda n: n.MaxPool2d(kernel_size=3, stride=1, dilation=2), IMAGES),
    (lambda n: n.AvgPool2d(3, 2, 1), IMAGES),
    (lambda n: n.AvgPool2d((3, 2), 2, padding=1, ceil_mode=True, count_include_pad=False), IMAGES),
    (lambda n: n.AvgPool2d(2, divisor_override=3), IMAGES),
    (lambda n: n.BatchNorm1d(6), VECTORS),
    (lambda n: n.BatchNorm1d(4), (3, 4, 5)),
    (lambda n: n.BatchNorm2d(4), IMAGES),
    (lambda n: n.BatchNorm2d(4, 1e-3, None), IMAGES),
    (lambda n: n.BatchNorm2d(4, momentum=0.7, affine=False), IMAGES),
    (lambda n: n.BatchNorm2d(4, track_running_stats=False), IMAGES),
    (lambda n: n.BatchNorm2d(4, bias=False), IMAGES),
    (lambda n: n.Dropout(0.0), VECTORS),
    (lambda n: n.Dropout2d(0), IMAGES),
    (lambda n: n.Dropout(), ()),
    (lambda n: n.Dropout(0.2, True), ()),
    (lambda n: n.ReLU(), VECTORS),
    (lambda n: n.ReLU(inplace=True), ()),
    (lambda n: n.LeakyReLU(), VECTORS),
    (lambda n: n.LeakyReLU(0.2, True), ()),
    (lambda n: n.ELU(), VECTORS),
    (lambda n: n.ELU(0.5, inplace=True), ()),
    (lambda n: n.SiLU(), VECTORS),
    (lambda n: n.SiLU(inplace=True), ()),
    (lambda n: n.Sigmoid(), VECTORS),
    (lambda n: n.Tanh(), VECTORS),
    (lambda n: n.Softplus(), VECTORS),
    (lambda n: n.Softplus(2, 10), VECTORS),
    (lambda n: n.Softmax(), ()),
    (lambda n: n.Softmax(dim=1), IMAGES),
    (lambda n: n.Softmax(-1), IMAGES),
    (lambda n: n.LogSoftmax(1), VECTORS),
    (
        lambda n: n.Sequential(
            n.Conv2d(4, 3, 3), n.BatchNorm2d(3), n.ReLU(), n.MaxPool2d(2), n.Flatten(), n.Linear(27, 5)
        ),
        IMAGES,
    ),
    (
        lambda n: n.Sequential(OrderedDict([("a", n.Linear(6, 6)), ("b", n.Sequential(n.Tanh(), n.Linear(6, 1)))])),
        VECTORS,
    ),
    (lambda n: n.Sequential(), ()),
    (lambda n: n.ModuleList([n.Linear(2, 2), n.Linear(2, 2), n.Sequential(n.ReLU()), n.Sequential(n.ReLU())]), ()),
    (lambda n: n.ModuleList(), ()),
    (lambda n: n.ModuleDict({"x": n.Linear(2, 2), "y": n.ModuleList([n.ReLU()] * 3)}), ()),
    (lambda n: n.CrossEntropyLoss(), ()),
    (lambda n: n.MSELoss(), ()),
    (lambda n: n.Conv1d(9, 4, 3, 2, 1, 1, 1), IMAGES[1:]),
    (lambda n: n.Conv1d(4, 6, 3, padding=2, groups=2, padding_mode="reflect"), (2, 4, 7)),
    (lambda n: n.Conv2d(4, 6, 3, padding=(2, 1), padding_mode="reflect"), IMAGES),
    (lambda n: n.Conv2d(4, 6, 3, padding=(2, 1), padding_mode="circular", stride=2), IMAGES),
    (lambda n: n.Conv2d(4, 6, (4, 3), padding="same", padding_mode="replicate"), IMAGES),
    (lambda n: n.Conv3d(2, 4, (3, 2, 3), (1, 2, 1), (1, 0, 2), groups=2), VOLUMES),
    (lambda n: n.ConvTranspose1d(4, 6, 3, 2, 1, 1), (2, 4, 7)),
    (lambda n: n.ConvTranspose2d(4, 6, 4, 2, 1), IMAGES),
    (lambda n: n.ConvTranspose2d(4, 6, 4, 2, 1, bias=False), IMAGES[1:]),
    (lambda n: n.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), 2, False, (1, 2)), IMAGES),
    (lambda n: n.ConvTranspose2d(4, 8, 2, 3, 0, 2, groups=4), IMAGES),
    (lambda n: n.ConvTranspose2d(4, 2, 3, 1, 1, 1, dilation=2), IMAGES),
    (lambda n: n.ConvTranspose3d(2, 4, 3, 2, 1, 1, 2), VOLUMES),
    (lambda n: n.Hardtanh(), IMAGES),
    (lambda n: n.Hardtanh(-0.5, 0.7), IMAGES),
    (lambda n: n.ReLU6(), IMAGES),
    (lambda n: n.Threshold(0.3, 2.0), IMAGES),
    (lambda n: n.Hardsigmoid(), ()),
    (lambda n: n.Hardswish(), IMAGES),
    (lambda n: n.SELU(), IMAGES),
    (lambda n: n.CELU(0.5), IMAGES),
    (lambda n: n.GELU(), IMAGES),
    (lambda n: n.GELU("tanh"), IMAGES),
    (lambda n: n.Mish(), IMAGES),
    (lambda n: n.LogSigmoid(), IMAGES),
    (lambda n: n.Softsign(), IMAGES),
    (lambda n: n.Tanhshrink(), IMAGES),
    (lambda n: n.Hardshrink(0.4), IMAGES),
    (lambda n: n.Softshrink(0.4), IMAGES),
    (lambda n: n.Softmin(1), IMAGES),
    (lambda n: n.GLU(), IMAGES),
    (lambda n: n.GLU(1), IMAGES),
    (lambda n: n.PReLU(), IMAGES),
    (lambda n: n.PReLU(4, 0.1), IMAGES),
    (lambda n: n.AdaptiveAvgPool2d(1), IMAGES),
    (lambda n: n.AdaptiveAvgPool2d((3, 4)), IMAGES),
    (lambda n: n.AdaptiveAvgPool2d((5, None)), IMAGES),
    (lambda n: n.AdaptiveAvgPool2d((2, 3)), IMAGES),
    (lambda n: n.Upsample(scale_factor=2), IMAGES),
    (lambda n: n.Upsample(size=(5, 13)), IMAGES),
    (lambda n: n.Upsample(scale_factor=(1.5, 0.7)), IMAGES),
    (lambda n: n.Upsample((20, 17), mode="bilinear"), IMAGES),
    (lambda n: n.Upsample(None, 2, "bilinear", True), IMAGES),
    (lambda n: n.Upsample(scale_factor=1.7, mode="bilinear", recompute_scale_factor=True), IMAGES),
    (lambda n: n.Upsample(scale_factor=1.7, mode="bicubic"), IMAGES),
    (lambda n: n.Upsample((5, 20), mode="bicubic", align_corners=True), IMAGES),
    (lambda n: n.Upsample((5, 4), mode="area"), IMAGES),
    (lambda n: n.UpsamplingNearest2d(scale_factor=3), IMAGES),
    (lambda n: n.UpsamplingBilinear2d((4, 5)), IMAGES),
    (lambda n: n.PixelShuffle(2), IMAGES),
    (lambda n: n.ChannelShuffle(2), IMAGES),
    (lambda n: n.LayerNorm(8), IMAGES),
    (lambda n: n.LayerNorm((9, 8), 1e-3), IMAGES),
    (lambda n: n.LayerNorm([4, 9, 8], elementwise_affine=False), IMAGES),
    (lambda n: n.GroupNorm(2, 4), IMAGES),
    (lambda n: n.GroupNorm(4, 4, 1e-3, False), IMAGES),
    (lambda n: n.InstanceNorm2d(4), IMAGES),
    (lambda n: n.InstanceNorm2d(4, affine=True, track_running_stats=True), IMAGES),
    (lambda n: n.LocalResponseNorm(3, 0.5, 0.6, 2.0), IMAGES),
    (lambda n: n.LocalResponseNorm(2), IMAGES),
    (lambda n: n.ZeroPad2d(1), IMAGES),
    (lambda n: n.ZeroPad2d((1, 2, 0, -1)), IMAGES),
    (lambda n: n.ConstantPad2d((1, 0, 2, 3), 0.5), IMAGES),
    (lambda n: n.ReflectionPad2d((1, 2, 3, 0)), IMAGES),
    (lambda n: n.ReplicationPad2d(2), IMAGES),
    (lambda n: n.CircularPad2d((2, 1, 0, 3)), IMAGES),
    (lambda n: n.InstanceNorm1d(4, affine=True), (2, 4, 7)),
    (lambda n: n.InstanceNorm2d(4), IMAGES[1:]),
    (lambda n: n.InstanceNorm3d(2), VOLUMES),
    (lambda n: n.BatchNorm3d(2), VOLUMES),
    (lambda n: n.AdaptiveAvgPool1d(5), (2, 4, 7)),
    (lambda n: n.AdaptiveAvgPool3d((2, 3, 1)), VOLUMES),
    (lambda n: n.PixelUnshuffle(2), (2, 3, 6, 4)),
    (lambda n: n.Upsample(scale_factor=2, mode="trilinear"), VOLUMES),
    (lambda n: n.Upsample(11, mode="linear"), (2, 4, 7)),
    (lambda n: n.ReflectionPad1d(2), (2, 4, 7)),
    (lambda n: n.ReflectionPad3d(1), VOLUMES),
    (lambda n: n.ZeroPad1d(1), (2, 4, 7)),
    (lambda n: n.ConstantPad3d(1, 2.0), VOLUMES),
    (lambda n: n.Embedding(5, 3), ()),
    (lambda n: n.Embedding(5, 3, -1), ()),
    (lambda n: n.ReLU6(True), ()),
]


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def twins(make: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The same module here and there, in float64, with the same parameters and buffers."""
    ours, theirs = make(nn).double(), make(torch.nn).double()
    state = {name: normal(*t.shape, seed=i) for i, (name, t) in enumerate(theirs.named_parameters())}
    theirs.load_state_dict({name: torch.tensor(v) for name, v in state.items()}, strict=False)
    ours.load_state_dict(state, strict=False)
    return ours, theirs


def agree(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours.numpy(force=True), theirs.numpy(force=True), rtol=1e-9, atol=1e-11)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize(("make", "shape"), [pair for pair in LAYERS if pair[1]])
def test_values_gradients_and_state(make: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    ours, theirs = twins(make)
    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        x, y = tg.tensor(normal(*shape), requires_grad=True), torch.tensor(normal(*shape), requires_grad=True)
        a, b = ours(x), theirs(y)
        if isinstance(b, tuple):
            assert (a[1].numpy() == b[1].numpy()).all()
            a, b = a[0], b[0]
        agree(a, b)
        g = normal(*a.shape, seed=9)
        a.backward(tg.tensor(g))
        b.backward(torch.tensor(g))
        agree(x.grad, y.grad)
        for (name, p), (other, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            assert name == other
            agree(p.grad, q.grad)
        ours.zero_grad()
        theirs.zero_grad()
        for (name, p), (other, q) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
            assert name == other
            agree(p, q)


@pytest.mark.parametrize("make", [make for make, _ in LAYERS])
def test_state_dicts_and_text_are_the_same(make: Callable[[Any], Any]) -> None:
    ours, theirs = make(nn), make(torch.nn)
    assert repr(ours) == repr(theirs)

    def described(module: Any) -> list[tuple[str, tuple[int, ...], str]]:
        return [(n, tuple(t.shape), str(t.dtype).removeprefix("torch.")) for n, t in module.state_dict().items()]

    assert described(ours) == described(theirs)
    assert ours.state_dict()._metadata == theirs.state_dict()._metadata
    public = {name for name in vars(theirs) if name[0] != "_"}
    assert public <= set(vars(ours))
    for name in public:
        assert getattr(ours, name) == getattr(theirs, name), name


def test_weights_travel_both_ways() -> None:
    make = LAYERS[44][0]
    ours, theirs = make(nn), make(torch.nn)
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict({name: torch.tensor(t.numpy()) for name, t in ours.state_dict().items()})
    x = normal(*IMAGES).astype("float32")
    np.testing.assert_allclose(
        ours.eval()(tg.tensor(x)).numpy(force=True), theirs.eval()(torch.tensor(x)).numpy(force=True), atol=1e-5
    )


CLASSES = np.array([1, 0, 3, 2, 1])
LOSSES: list[tuple[Callable[[Any, Any], Any], str]] = [
    *((lambda n, t, r=r: n.CrossEntropyLoss(reduction=r), "classes") for r in ("mean", "sum", "none")),
    (lambda n, t: n.CrossEntropyLoss(t([0.5, 1.0, 2.0, 0.1]), ignore_index=1, label_smoothing=0.1), "classes"),
    (lambda n, t: n.CrossEntropyLoss(label_smoothing=0.3), "probabilities"),
    (lambda n, t: n.CrossEntropyLoss(t([0.5, 1.0, 2.0, 0.1]), None, 0), "classes"),
    *((lambda n, t, r=r: n.NLLLoss(reduction=r), "classes") for r in ("mean", "sum", "none")),
    (lambda n, t: n.NLLLoss(t([0.5, 1.0, 2.0, 0.1]), None, 2), "classes"),
    *((lambda n, t, r=r: n.MSELoss(reduction=r), "values") for r in ("mean", "sum", "none")),
    *((lambda n, t, r=r: n.L1Loss(None, None, r), "values") for r in ("mean", "sum", "none")),
    *((lambda n, t, r=r: n.SmoothL1Loss(reduction=r), "values") for r in ("mean", "sum", "none")),
    (lambda n, t: n.SmoothL1Loss(beta=0.3), "values"),
    *((lambda n, t, r=r: n.BCEWithLogitsLoss(reduction=r), "probabilities") for r in ("mean", "sum", "none")),
    (lambda n, t: n.BCEWithLogitsLoss(t([1.0, 2.0, 3.0, 4.0]), pos_weight=t([4.0, 3.0, 2.0, 1.0])), "probabilities"),
    *((lambda n, t, r=r: n.BCELoss(reduction=r), "both probabilities") for r in ("mean", "sum", "none")),
    (lambda n, t: n.BCELoss(t([1.0, 2.0, 3.0, 4.0])), "both probabilities"),
]


@pytest.mark.parametrize(("make", "target"), LOSSES)
def test_losses(make: Callable[[Any, Any], Any], target: str) -> None:
    scores = normal(5, 4)
    chances = np.exp(normal(5, 4, seed=1))
    chances /= chances.sum(1, keepdims=True)
    scores = chances.copy() if target.startswith("both") else scores
    wanted = {"classes": CLASSES, "values": normal(5, 4, seed=2)}.get(target, chances[::-1].copy())
    found = []
    for library in (tg, torch):
        x = library.tensor(scores, requires_grad=True)
        loss = make(library.nn, library.tensor).double()
        value = loss(x, library.tensor(wanted))
        value.sum().backward()
        found.append((value, x.grad))
    for a, b in zip(*found, strict=True):
        agree(a, b)


def test_clipping() -> None:
    for p in (1, 2, 2.5, float("inf")):
        found = []
        for library in (tg, torch):
            x = library.tensor(normal(3, 4), requires_grad=True)
            y = library.tensor(normal(5), requires_grad=True)
            ((x * x).sum() + (y**3).sum()).backward()
            norm = library.nn.utils.clip_grad_norm_([x, y], 0.7, norm_type=p)
            found.append((norm, x.grad, y.grad))
        for a, b in zip(*found, strict=True):
            agree(a, b)


def test_fans_and_gains() -> None:
    for shape in ((3, 4), (3, 4, 5), (2, 3, 4, 5)):
        ours = nn.init._calculate_fan_in_and_fan_out(tg.empty(shape))
        assert ours == torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
    names = ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]
    for name in [*names, "sigmoid", "tanh", "relu", "selu", "leaky_relu"]:
        assert nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert nn.init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


@pytest.mark.parametrize("make", [lambda n: n.Conv2d(8, 64, 3, groups=2), lambda n: n.Linear(50, 100)])
def test_default_first_values_have_the_same_spread(make: Callable[[Any], Any]) -> None:
    torch.manual_seed(0)
    for ours, theirs in zip(make(nn).parameters(), make(torch.nn).parameters(), strict=True):
        a, b = ours.numpy(force=True), theirs.numpy(force=True)
        np.testing.assert_allclose(a.std(), b.std(), rtol=0.15)
        np.testing.assert_allclose(abs(a).max(), abs(b).max(), rtol=0.1)


def test_hooks_see_the_same() -> None:
    found = []
    for library in (tg, torch):
        layer = library.nn.Linear(2, 3).double()
        layer.load_state_dict({"weight": library.tensor(normal(3, 2)), "bias": library.tensor(normal(3))})
        model = library.nn.Sequential(library.nn.Tanh(), layer, library.nn.Tanh())
        seen: list[Any] = []
        layer.register_full_backward_hook(lambda m, gi, go, seen=seen: seen.extend([*gi, *go]))
        layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
        x = library.tensor(normal(4, 2), requires_grad=True)
        model(x).sum().backward()
        found.append([*seen, x.grad, layer.weight.grad, layer.bias.grad])
    for a, b in zip(*found, strict=True):
        agree(a, b)


def test_public_names_of_modules() -> None:
    absent = {name for name in dir(torch.nn.Module) if name[0] != "_"} - set(dir(nn.Module))
    assert absent <= {
        *("T_destination", "call_super_init", "compile", "dump_patches", "get_extra_state", "ipu", "mtia"),
        *("register_load_state_dict_post_hook", "register_load_state_dict_pre_hook", "register_state_dict_post_hook"),
        *("register_state_dict_pre_hook", "set_extra_state", "set_submodule", "share_memory", "to_empty", "xpu"),
    }


def test_a_copy_of_a_copy() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours, theirs = twins(LAYERS[44][0])
        ours, theirs = copy.deepcopy(copy.deepcopy(ours)), copy.deepcopy(theirs)
        agree(ours(tg.tensor(normal(*IMAGES))), theirs(torch.tensor(normal(*IMAGES))))


@pytest.mark.parametrize("padding_idx", [None, 2, -1])
def test_embedding(padding_idx: int | None) -> None:
    table, numbers, g = normal(5, 3), np.array([[1, 2, 2], [4, 0, 2]]), normal(2, 3, 3, seed=1)
    found = []
    for library in (tg, torch):
        layer = library.nn.Embedding.from_pretrained(library.tensor(table), False, padding_idx)
        out = layer(library.tensor(numbers))
        out.backward(library.tensor(g))
        found.append((out, layer.weight.grad))
    for a, b in zip(*found, strict=True):
        agree(a, b)


WRONG: list[tuple[Callable[..., Any], str]] = [
    (lambda n, F, t: F.conv_transpose2d(t(1, 3, 4, 4), t(2, 3, 2, 2)), "expects 2 input channels"),
    (lambda n, F, t: F.conv_transpose2d(t(1, 2, 4, 4), t(2, 3, 2, 2), t(2)), "bias must have shape"),
    (lambda n, F, t: F.conv_transpose2d(t(1, 2, 4, 4), t(2, 3, 2, 2), stride=2, output_padding=2), "output_padding"),
    (lambda n, F, t: F.conv3d(t(1, 1, 3, 3, 3), t(1, 1, 3, 3)), "5 dimensions"),
    (lambda n, F, t: n.ConvTranspose2d(2, 2, 2, padding_mode="reflect"), "padding mode"),
    (lambda n, F, t: n.ConvTranspose2d(2, 2, 2)(t(1, 2, 3, 3), output_size=(9, 9)), "output_size"),
    (lambda n, F, t: F.interpolate(t(1, 1, 2, 2)), "either size or scale_factor"),
    (lambda n, F, t: F.interpolate(t(1, 1, 2, 2), 2, align_corners=True), "align_corners"),
    (lambda n, F, t: F.interpolate(t(1, 1, 2, 2), 2, mode="cubic"), r"one of nearest, .*, trilinear; got 'cubic'"),
    (lambda n, F, t: F.interpolate(t(1, 1, 2), 4, mode="bilinear"), "needs 4 dimensions"),
    (lambda n, F, t: F.pixel_shuffle(t(1, 3, 2, 2), 2), "channels"),
    (lambda n, F, t: F.adaptive_avg_pool2d(t(2, 2), 1), "expected images"),
    (lambda n, F, t: F.layer_norm(t(2, 3), (2,)), "normalized_shape"),
    (lambda n, F, t: F.group_norm(t(2, 3, 2), 2), "divide"),
    (lambda n, F, t: n.InstanceNorm2d(3)(t(2, 3, 1, 1)), "more than 1"),
    (lambda n, F, t: F.prelu(t(2, 3), t(2)), "weight"),
    (lambda n, F, t: F.glu(t(2, 3)), "halved"),
    (lambda n, F, t: F.gelu(t(2), "x"), "approximate"),
    (lambda n, F, t: F.embedding(t(2), t(2, 3)), "integers"),
    (lambda n, F, t: F.embedding(t(2).long() + 7, t(2, 3)), "outside"),
]


@pytest.mark.parametrize(("call", "words"), WRONG)
def test_wrong_arguments(call: Callable[..., Any], words: str) -> None:
    with pytest.raises((ValueError, RuntimeError, TypeError, IndexError, NotImplementedError), match=words):
        call(nn, nn.functional, tg.ones)


def test_hardsigmoid() -> None:
    """PyTorch divides by a float32 6th even in float64, so the two agree to 1e-7 only."""
    x, y = tg.tensor(normal(50) * 4, requires_grad=True), torch.tensor(normal(50) * 4, requires_grad=True)
    for a, b in ((nn.Hardsigmoid()(x), torch.nn.Hardsigmoid()(y)),):
        a.sum().backward()
        b.sum().backward()
        np.testing.assert_allclose(a.numpy(force=True), b.numpy(force=True), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-6, atol=1e-7)
