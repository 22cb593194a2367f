"""Layers that PyTorch's own tables have no samples of, or not with every option."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.against_torch.agreement import agree, normal
from tests.against_torch.operators import moved
from tinygrad_cnn import nn

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": 1}, {"dilation": 2, "padding": (1, 2)}], ids=str)
def test_fold_and_unfold(options: dict[str, Any]) -> None:
    columns = torch.nn.functional.unfold(torch.zeros(2, 3, 5, 6), (2, 3), **options).shape
    agree(lambda _, F, x: F.unfold(x, (2, 3), **options), normal(2, 3, 5, 6))
    agree(lambda _, F, x: F.fold(x, (5, 6), (2, 3), **options), normal(*columns))


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_sample(mode: str, padding: str, corners: bool) -> None:
    agree(
        lambda _, F, x, grid: F.grid_sample(x, grid, mode, padding, corners),
        normal(2, 3, 4, 5),
        1.2 * normal(2, 6, 3, 2, seed=1),
        order=1,
    )


@pytest.mark.filterwarnings("ignore:Since version 1.3.0, affine_grid")
def test_moved_images() -> None:
    def f(_: Any, F: Any, x: Any, theta: Any) -> Any:
        return F.grid_sample(x, F.affine_grid(theta, (2, 3, 5, 4), align_corners=False), align_corners=False)

    agree(f, normal(2, 3, 4, 4), np.eye(2, 3) + 0.2 * normal(2, 2, 3, seed=1))
    for corners in (True, False):
        agree(lambda _, F, t, c=corners: F.affine_grid(t, (1, 1, 2, 3, 4), align_corners=c), normal(1, 3, 4))
        agree(lambda _, F, t, c=corners: F.affine_grid(t, (1, 1, 1, 3), align_corners=c), normal(1, 2, 3))


def test_volumes_read_at_points() -> None:
    agree(
        lambda _, F, x, grid: F.grid_sample(x, grid, align_corners=True),
        normal(1, 2, 3, 4, 5),
        normal(1, 2, 2, 2, 3, seed=1),
        order=1,
    )


@pytest.mark.parametrize("swap", [True, False])
def test_triplets_with_a_distance(swap: bool) -> None:
    def f(_: Any, F: Any, *three: Any) -> Any:
        loss = F.triplet_margin_with_distance_loss
        return loss(*three, distance_function=lambda a, b: (a - b).abs().sum(-1), margin=2.0, swap=swap)

    agree(f, *(normal(4, 3, seed=i) for i in range(3)))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_unpooling_puts_maxima_back(rank: int) -> None:
    def f(_: Any, F: Any, x: Any) -> Any:
        out, places = getattr(F, f"max_pool{rank}d")(x, 2, 2, return_indices=True)
        return getattr(F, f"max_unpool{rank}d")(out * 2, places, 2, 2, output_size=x.shape)

    agree(f, normal(2, 3, *(5, 4, 7)[:rank]))


@pytest.mark.parametrize("options", [{}, {"need_weights": False}, {"average_attn_weights": False}], ids=str)
@pytest.mark.parametrize("make", [{}, {"kdim": 3, "vdim": 5}, {"add_bias_kv": True, "add_zero_attn": True}], ids=str)
def test_attention_with_masks(make: dict[str, Any], options: dict[str, Any]) -> None:
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True, **make)
    ours = nn.MultiheadAttention(8, 2, batch_first=True, **make)
    ours.load_state_dict({key: moved(value) for key, value in theirs.state_dict().items()})
    q, k, v = (normal(3, n, d, seed=n).astype("float32") for n, d in ((4, 8), (6, make.get("kdim", 8)), (6, 8)))
    v = normal(3, 6, make.get("vdim", 8), seed=2).astype("float32")
    padding, causal = np.arange(6) >= np.array([[6], [4], [3]]), np.triu(np.ones((4, 6), dtype=bool), 2)
    results = []
    for lib, layer in ((tg, ours), (torch, theirs)):
        out, weights = layer(
            *map(lib.tensor, (q, k, v)),
            key_padding_mask=lib.tensor(padding),
            attn_mask=lib.tensor(causal),
            **options,
        )
        out.square().sum().backward()
        results.append([out, *([] if weights is None else [weights]), *(p.grad for p in layer.parameters())])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_classes_in_clusters() -> None:
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5, 12], div_value=2.0, head_bias=True)
    ours = nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5, 12], div_value=2.0, head_bias=True)
    ours.load_state_dict({key: moved(value) for key, value in theirs.state_dict().items()})
    x, labels = normal(6, 16).astype("float32"), np.array([0, 4, 5, 11, 12, 19])
    a, b = ours(tg.tensor(x), tg.tensor(labels)), theirs(torch.tensor(x), torch.tensor(labels))
    np.testing.assert_allclose(a.output.detach().numpy(), b.output.detach().numpy(), rtol=1e-5)
    a.loss.backward()
    b.loss.backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-4, atol=1e-6)
    assert ours.predict(tg.tensor(x)).tolist() == theirs.predict(torch.tensor(x)).tolist()


LAZY: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = [
    ("LazyLinear", (4,), (2, 3)),
    ("LazyBatchNorm1d", (), (4, 3)),
    ("LazyBatchNorm2d", (), (2, 3, 4, 4)),
    ("LazyBatchNorm3d", (), (2, 3, 2, 2, 2)),
    ("LazyInstanceNorm2d", (), (2, 3, 4, 4)),
]


@pytest.mark.parametrize(("name", "args", "shape"), LAZY)
def test_lazy_layers(name: str, args: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    ours, theirs = getattr(nn, name)(*args), getattr(torch.nn, name)(*args)
    x = normal(*shape).astype("float32")
    assert ours.has_uninitialized_params()
    assert repr(ours).split("(")[0] == name
    ours(tg.tensor(x))
    theirs(torch.tensor(x))
    assert type(ours).__name__ == type(theirs).__name__ == name.removeprefix("Lazy")
    assert repr(ours) == repr(theirs)
    assert {k: tuple(v.shape) for k, v in ours.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    other = getattr(nn, name)(*args)
    other.load_state_dict(ours.state_dict())
    np.testing.assert_array_equal(other(tg.tensor(x)).detach().numpy(), ours(tg.tensor(x)).detach().numpy())


def test_old_paths_lead_to_the_layers() -> None:
    assert isinstance(nn.BatchNorm2d(2), nn.modules.batchnorm._BatchNorm)
    assert isinstance(nn.SyncBatchNorm(2), nn.modules.batchnorm._BatchNorm)
    assert not isinstance(nn.InstanceNorm2d(2), nn.modules.batchnorm._BatchNorm)
    assert isinstance(nn.ConvTranspose2d(1, 1, 1), nn.modules.conv._ConvNd)
    assert issubclass(nn.CrossEntropyLoss, nn.modules.loss._WeightedLoss)
    assert nn.modules.utils._pair(3) == (3, 3)
    assert nn.modules.utils._triple([1, 2, 3]) == (1, 2, 3)
    assert nn.modules.utils._list_with_default([None, 4], [9, 5, 6]) == [5, 4]
    missing = [name for name in torch.nn.modules.__all__ if not hasattr(nn, name)]
    assert missing in ([], ["LinearCrossEntropyOptions"])
    synchronous = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()))
    assert isinstance(synchronous[0], nn.SyncBatchNorm)
    assert synchronous(tg.randn(2, 3, 4, 4)).shape == (2, 3, 4, 4)


@pytest.mark.parametrize(("x", "parameters"), [("bfloat16", "float32"), ("float16", "float32"), ("float16", "float16")])
@pytest.mark.parametrize("norm", ["layer_norm", "group_norm"])
def test_normalisation_of_16_bits(norm: str, x: str, parameters: str) -> None:
    values, outs = normal(3, 4, 5), []
    for lib in (tg, torch):
        weight, bias = lib.tensor(np.arange(1.0, 6)), lib.tensor(np.arange(5.0))
        args = [(5,), weight, bias] if norm == "layer_norm" else [2, weight[:4], bias[:4]]
        args[1:] = [v.to(getattr(lib, parameters)) for v in args[1:]]
        out = getattr(lib.nn.functional, norm)(lib.tensor(values).to(getattr(lib, x)), *args)
        assert out.dtype == getattr(lib, x)
        outs.append(np.asarray(out.to(lib.float32).tolist()))
    np.testing.assert_allclose(*outs, rtol=0.02 if x == "bfloat16" else 3e-3, atol=0.02)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_normalisation_of_nothing(shape: tuple[int, int]) -> None:
    agree(lambda _, F, x: F.layer_norm(x, shape[1:]), normal(*shape))
