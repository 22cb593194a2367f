"""Kernels of CUDA: compiled by nvcc where it is, sums of a block by real threads, and the stream of random numbers."""

import ast
import ctypes
import shutil
import subprocess
import sys
from glob import glob
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.cuda.fake_cupy import NAMES
from tests.cuda.fake_kernels import library
from tests.op_samples import R
from tinygrad_cnn.backend import Window, convolution_window, cpu, cuda

FOLDER = Path(cuda.__file__).parent
NVCC = shutil.which("nvcc")


def kernels() -> Any:
    return import_module(f"{cuda.__name__}.kernels")


@pytest.mark.skipif(NVCC is None, reason="nvcc is not installed")
@pytest.mark.parametrize(
    "kind", ["float32", "bfloat16", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("float64", "float16"))]
)
def test_nvcc_compiles_everything(device: Any, kind: str, tmp_path: Path) -> None:
    """All kernels in one file, for two generations of cards."""
    files = dict.fromkeys(name for files in kernels().MODULES.values() for name in files)
    source = kernels().TYPES[kind][2] + "".join(
        (FOLDER / "source" / name).read_text(encoding="utf-8") for name in ("common.h", *files)
    )
    (tmp_path / "kernels.cu").write_text(source, encoding="utf-8")
    architectures = ["-gencode", "arch=compute_80,code=sm_80", "-gencode", "arch=compute_90,code=sm_90"]
    options = kernels().options(kind)
    command = [str(NVCC), *architectures, "-fatbin", *options, "kernels.cu", "-o", "kernels.fatbin"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


NVRTC = """
import sys
from cuda import pathfinder
from cupy_backends.cuda.libs import nvrtc
from tinygrad_cnn.backend.cuda import kernels
pathfinder.load_nvidia_dynamic_lib("nvrtc")
for module in kernels.MODULES:
    for kind in ("float32", "float16", "bfloat16", "float64"):
        program = nvrtc.createProgram(kernels.text(module, kind), f"{module}.cu", (), ())
        try:
            nvrtc.compileProgram(program, ("-arch=sm_90", *kernels.options(kind), "-I" + sys.argv[1]))
        except Exception:
            sys.exit(f"{module} {kind}: {nvrtc.getProgramLog(program)}")
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("cupy") is None, reason="CuPy is not installed")
def test_nvrtc_compiles_everything() -> None:
    """The compiler that CuPy uses, in a process of its own, where it is installed with CUDA's headers."""
    headers = [folder for folder in glob("/usr/local/cuda*/include") if (Path(folder) / "cuda_fp16.h").exists()]
    if not headers:
        pytest.skip("CUDA's headers are not in /usr/local/cuda")
    command = [sys.executable, "-c", NVRTC, headers[0]]
    done = subprocess.run(command, cwd=FOLDER.parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_that_kernels_are_compiled_is_said_once(
    device: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernels(), "SLOW", -1)
    kernels()._function.cache_clear()
    kernels()._tell.cache_clear()
    for name in ("relu", "silu"):
        getattr(device, name)(device.asarray([1.0]))
    assert capsys.readouterr().err == "tinygrad_cnn: compiling CUDA kernels; they are kept for the next run\n"


def test_every_source_belongs_to_a_module(device: Any) -> None:
    listed = {name for files in kernels().MODULES.values() for name in files}
    assert {path.name for path in (FOLDER / "source").glob("*.cu")} == listed


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_cupy_has_every_name_that_is_used(path: Path) -> None:
    """`cupy.a.b` in the sources against the names of the real CuPy."""
    known = {"": NAMES["cupy"], **{place: NAMES[place] for place in ("linalg", "cuda", "cuda.runtime")}}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id == "cupy":
            for i, name in enumerate(parts):
                place = ".".join(parts[:i])
                if place in known:
                    assert name in known[place] or name.startswith("__"), f"{path.name}: cupy.{'.'.join(parts)}"


def by_threads(so: Any, name: str, blocks: int, threads: int, *args: Any) -> None:
    """Run a kernel with real threads that wait for each other."""
    function = getattr(so, name)
    so.shim_barrier_of.restype = ctypes.c_void_p
    barrier = ctypes.c_void_p(so.shim_barrier_of(threads))

    def run(block: int, thread: int) -> None:
        so.shim_thread(block, thread)
        function(*args)

    so.shim_block(blocks, threads, barrier)
    for block in range(blocks):
        started = [Thread(target=run, args=(block, thread)) for thread in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()


def pointer(x: Any) -> Any:
    return ctypes.c_void_p(x.ctypes.data)


@pytest.mark.parametrize("threads", [1, 8])
def test_the_threads_of_a_block_sum_together(device: Any, threads: int) -> None:
    options = (*kernels().options("float32"), "-DHOST_THREADS")
    so = library(kernels().text("losses", "float32"), options, "-std=c++20", "-pthread")
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((5, 11)).astype("float32"), np.array([0, 10, 3, 3, 7])
    g, out, gradient = rng.standard_normal(5).astype("float32"), np.zeros(5, "float32"), np.zeros_like(x)
    sizes = (ctypes.c_uint32(5), ctypes.c_uint32(11))
    by_threads(so, "cross_entropy", 2, threads, *map(pointer, (x, target, out)), *sizes)
    np.testing.assert_allclose(out, cpu.softmax_cross_entropy(x, target), rtol=1e-5)
    by_threads(so, "cross_entropy_grad", 3, threads, *map(pointer, (g, x, target, gradient)), *sizes)
    np.testing.assert_allclose(gradient, cpu.softmax_cross_entropy_grad(g, x, target), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("number", [1, 2, 3, 7, 24, 1000, 2**20 + 1, 2**31 - 1])
def test_division_by_a_product(device: Any, number: int) -> None:
    number, factor, shift = kernels().divisor(number)
    for n in (0, 1, number - 1, number, number + 1, 5 * number + 3, 2**31, 2**32 - 1):
        n %= 2**32
        assert (((n * factor) >> 32) + n) >> shift == n // number


# random numbers -------------------------------------------------------------------------------------------------------


def philox(block: int, seed: int) -> list[int]:
    """Philox 4×32-10 in Python's integers."""
    c, k = [block & 0xFFFFFFFF, block >> 32, 0, 0], [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def test_philox_is_the_one_of_the_paper() -> None:
    """The known answer for zeros that the authors publish."""
    assert philox(0, 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def test_the_stream_is_what_the_documentation_says(device: Any) -> None:
    seed = 2**40 + 17
    device.rng.seed(seed)
    words = [word for block in range(6) for word in philox(block, seed)]
    np.testing.assert_array_equal(
        device.rng.uniform((5,), "float32").get(), np.array([w >> 8 for w in words[:5]], "float32") * 2.0**-24
    )
    assert device.rng.get_state() == {"seed": seed, "position": 2}
    assert device.rng.bernoulli((3,), 0.5).tolist() == [w < 2**31 for w in words[8:11]]
    high, low = words[12:14]
    assert device.rng.uniform((1,), "float64").tolist() == [((high << 32 | low) >> 11) * 2.0**-53]
    whole = words[16] << 32 | words[17]
    assert device.rng.integers(-3, 4, (1,), "int64").tolist() == [-3 + (7 * whole >> 64)]


def test_random_numbers_have_their_distribution(device: Any) -> None:
    device.rng.seed(1)
    x = device.rng.normal((40_001,), "float32").get()
    assert abs(x.mean()) < 0.02
    assert abs(x.std() - 1) < 0.02
    y = device.rng.normal((40_001,), "float64").get()
    assert abs((y**4).mean() - 3) < 0.2
    assert sorted(device.rng.permutation(50).tolist()) == list(range(50))
    assert device.rng.poisson(device.asarray(np.full(4000, 3.0))).get().mean() == pytest.approx(3, abs=0.15)
    assert device.rng.uniform((0, 3), "float16").dtype == "float16"
    assert device.new_generator().get_state()["position"] == 0
    assert device.rng.bernoulli((9,), 1.0).get().all()
    assert not device.rng.bernoulli((9,), 0.0).get().any()


def test_dropout_is_bernoulli_times_scale(device: Any) -> None:
    x = device.asarray(np.random.default_rng(0).standard_normal((3, 5, 2, 2)).astype("float32"))
    x = x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)  # channels last
    device.rng.seed(4)
    out, mask = device.dropout(x, 0.25, x.shape)
    device.rng.seed(4)
    np.testing.assert_array_equal(device.dropout_mask(x, 0.25, x.shape).get(), mask.get())
    np.testing.assert_allclose(out.get(), x.get() * mask.get() / np.float32(0.75), rtol=1e-6)
    np.testing.assert_array_equal(device.apply_mask(x, mask, 0.25).get(), out.get())
    assert out.strides == x.strides


# pieces, ranks, dtypes ------------------------------------------------------------------------------------------------


def test_batches_are_cut_where_kernels_count_in_32_bits(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = import_module(f"{cuda.__name__}.geometry")
    assert geometry.parts(5, 10, 25) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert geometry.parts(2, 100, 25) == [slice(0, 1), slice(1, 2)]
    monkeypatch.setattr(geometry.parts, "__defaults__", (30,))
    monkeypatch.setattr(import_module(f"{cuda.__name__}.convolution"), "COLUMN_BYTES", 600)
    rng = np.random.default_rng(0)
    for groups in (1, 2):
        window = Window((3, 2), (2, 1), ((1, 1), (0, 1)), (1, 1), groups)
        x, w = rng.standard_normal((5, 4, 6, 5)), rng.standard_normal((6, 4 // groups, 3, 2))
        b, g = rng.standard_normal(6), rng.standard_normal((5, 6, *window.output_size((6, 5))))
        X, W, B, G = map(device.asarray, (x, w, b, g))
        np.testing.assert_allclose(device.conv2d(X, W, B, window).get(), cpu.conv2d(x, w, b, window), rtol=1e-9)
        found = device.conv2d_input_grad(G, W, x.shape, window).get()
        np.testing.assert_allclose(found, cpu.conv2d_input_grad(g, w, x.shape, window), rtol=1e-9, atol=1e-12)
        found = device.conv2d_weight_grad(G, X, window).get()
        np.testing.assert_allclose(found, cpu.conv2d_weight_grad(g, x, window), rtol=1e-9, atol=1e-12)
        pool = Window((2, 2), (1, 2), ((1, 1), (0, 0)), (1, 1))
        np.testing.assert_array_equal(device.max_pool2d(X, pool)[0].get(), R.max_taps(x, pool)[0])


def test_integers_take_the_reference(device: Any) -> None:
    x = np.arange(32).reshape(1, 2, 4, 4)
    window = Window((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1))
    values, taps = device.max_pool2d(device.asarray(x), window)
    np.testing.assert_array_equal(values.get(), R.max_taps(x, window)[0])
    np.testing.assert_array_equal(device.pool_gather(device.asarray(x), taps, window).get(), values.get())
    assert device.sum_windows(device.asarray(x), window).dtype == "int64"


def test_scatter_adds_in_order(device: Any) -> None:
    """As a loop does it, so the same in every bit from run to run."""
    values = np.random.default_rng(0).standard_normal(200).astype("float32") * np.float32(1e4)
    places = np.random.default_rng(1).integers(0, 7, 200)
    expected = np.zeros(7, "float32")
    for place, value in zip(places, values, strict=True):
        expected[place] += value
    found = device.scatter_add(device.asarray(places), device.asarray(values), (7,)).get()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("half", ["float16"])
def test_half_precision_sums_in_float32(device: Any, half: str) -> None:
    x = np.ones((40, 3, 9, 9), half)
    assert device.channel_sum(device.asarray(x)).tolist() == [3240.0] * 3
    out, mean, _ = device.batch_norm(device.asarray(x * np.float16(100)), None, None, 1e-5)
    assert mean.tolist() == [100.0] * 3
    assert not out.get().any()
    rows = device.asarray(np.tile(np.array([200, 100], half), (3, 1000)))  # whose squares leave float16
    out, mean, invstd = device.layer_norm(rows, None, None, 1e-5)
    assert (out.dtype, mean.tolist()) == (half, [[150.0]] * 3)
    np.testing.assert_allclose(out.get(), np.tile([1, -1], (3, 1000)), rtol=1e-3)
    gradients = device.layer_norm_input_grad(rows, rows, None, mean, invstd)
    assert [g.dtype for g in gradients] == [half] * 3
    assert np.abs(gradients[0].get()).max() < 1e-2


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("start", [0, 1, 3])
def test_values_are_taken_16_bytes_at_a_time_where_they_may(device: Any, dtype: str, start: int) -> None:
    """Parts of arrays begin anywhere, and sizes are no multiples."""
    rng = np.random.default_rng(0)
    g, x = rng.standard_normal((2, 1003)).astype(dtype)
    G, X = (device.asarray(a)[start:] for a in (g, x))
    tolerance = {"rtol": 1e-3, "atol": 1e-3} if dtype == "float16" else {"rtol": 1e-5, "atol": 1e-6}
    g, x = g[start:], x[start:]
    np.testing.assert_array_equal(device.relu(X).get(), np.maximum(x, 0))
    np.testing.assert_array_equal(device.relu_grad(G, X).get(), np.where(x <= 0, 0, g))
    np.testing.assert_array_equal(device.add_relu(G, X).get(), np.maximum(g + x, 0))
    np.testing.assert_array_equal(device.add_relu(G, X[:1]).get(), np.maximum(g + x[:1], 0))
    np.testing.assert_allclose(device.silu(X).get(), cpu.silu(x), **tolerance)
    out, mask = device.dropout(X, 0.5, X.shape)
    np.testing.assert_allclose(out.get(), x * mask.get() * 2, **tolerance)
    np.testing.assert_array_equal(device.apply_mask(X, mask, 0.5).get(), out.get())


@pytest.mark.parametrize("channels", [1, 3, 4, 8, 12])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_channels_are_taken_together(device: Any, channels: int, dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((2, 3, channels, 5, 2)).astype(dtype)
    w, b = rng.standard_normal((2, channels)).astype(dtype)
    tolerance = {"rtol": 1e-4, "atol": 1e-5}
    X, G, W, B = map(device.asarray, (x, g, w, b))
    for weight, bias, ours in ((w, b, (W, B)), (None, None, (None, None))):
        found, expected = device.batch_norm(X, *ours, 1e-5), cpu.batch_norm(x, weight, bias, 1e-5)
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine.get(), theirs, **tolerance)
        found = device.batch_norm_input_grad(G, X, ours[0], *found[1:])
        for mine, theirs in zip(found, cpu.batch_norm_input_grad(g, x, weight, *expected[1:]), strict=True):
            np.testing.assert_allclose(mine.get(), theirs, **tolerance)
    np.testing.assert_allclose(device.scale_channels(X, W, B).get(), cpu.scale_channels(x, w, b), **tolerance)
    np.testing.assert_allclose(device.channel_sum(X).get(), cpu.channel_sum(x), **tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (2, 3, 33), (300, 2)])
def test_rows_are_normalised(device: Any, dtype: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((2, *shape)).astype(dtype)
    w, b = rng.standard_normal((2, shape[-1])).astype(dtype)
    tolerance = {"rtol": 1e-4, "atol": 1e-4}
    X, G, W, B = map(device.asarray, (x + 100, g, w, b))
    for weight, bias, ours in ((w, b, (W, B)), (None, None, (None, None))):
        found, expected = device.layer_norm(X, *ours, 1e-2), cpu.layer_norm(x + 100, weight, bias, 1e-2)
        for mine, theirs in zip(found, expected, strict=True):
            assert mine.dtype == theirs.dtype
            np.testing.assert_allclose(mine.get(), theirs, **tolerance)
        found = device.layer_norm_input_grad(G, X, ours[0], *found[1:])
        for mine, theirs in zip(found, cpu.layer_norm_input_grad(g, x + 100, weight, *expected[1:]), strict=True):
            np.testing.assert_allclose(mine.get(), theirs, **tolerance)


def test_large_sums_and_products_take_a_kernel(device: Any) -> None:
    x = device.asarray(np.arange(1 << 16, dtype="float32").reshape(4, 4, 64, 64))
    last = x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)
    for y in (x, last):
        assert (y + y).strides == (y * y).strides == y.strides
        np.testing.assert_array_equal((y + y).get(), 2 * x.get())
        np.testing.assert_array_equal((y * y).get(), x.get() ** 2)


def test_norms_of_many_arrays(device: Any) -> None:
    arrays = [np.random.default_rng(i).standard_normal(shape) for i, shape in enumerate([(3,), (50, 200), (1, 1)])]
    whole = np.sqrt(sum((a**2).sum() for a in arrays))
    ours = [device.asarray(a) for a in arrays]
    norm = device.norm(ours)
    assert float(norm) == pytest.approx(whole)
    assert device.shrink(ours, norm, 2 * whole)
    np.testing.assert_array_equal(ours[1].get(), arrays[1])
    device.shrink(ours, norm, 1.0)
    assert float(device.norm(ours)) == pytest.approx(1, rel=1e-5)
    device.shrink(ours, device.asarray(np.array(np.nan)), 1.0)
    assert np.isnan(ours[0].get()).all()
    turned = [device.asarray(np.ones((2, 3))).T, device.asarray(np.ones(2))]
    assert float(device.norm(turned)) == pytest.approx(8**0.5)
    device.shrink(turned, device.norm(turned), 1.0)
    assert float(device.norm(turned)) == pytest.approx(1, rel=1e-5)


def test_optimizers_follow_the_cpu(device: Any) -> None:
    """Twelve steps of each, parameters of several sizes, some of which begin later."""
    for make in (
        lambda p: tg.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: tg.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
        lambda p: tg.optim.SGD(p, lr=0.1),
        lambda p: tg.optim.Adam(p, lr=0.05, weight_decay=0.1, amsgrad=True),
        lambda p: tg.optim.AdamW(p, lr=0.05),
    ):
        values = [np.random.default_rng(i).standard_normal(shape) for i, shape in enumerate([(3,), (40, 500), (2, 2)])]
        found = []
        for place in ("cpu", "cuda"):
            parameters = [tg.tensor(v, device=place, requires_grad=True) for v in values]
            optimizer = make(parameters)
            for step in range(12):
                optimizer.zero_grad()
                used = parameters if step > 2 else parameters[1:]
                sum((p * p * (i + 1) + p).sum() for i, p in enumerate(used)).backward()
                optimizer.step()
            found.append([p.numpy(force=True) for p in parameters])
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(theirs, ours, rtol=1e-10, atol=1e-12)


def test_a_network_learns_as_on_the_cpu(device: Any) -> None:
    def losses(place: str) -> list[float]:
        tg.manual_seed(3)
        nn = tg.nn
        model = nn.Sequential(
            *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(4, 8, 3, stride=2, groups=4), nn.LeakyReLU(0.1), nn.Flatten(), nn.Linear(8, 3)),
        ).double()
        x, y = tg.randn(12, 1, 8, 8).double(), tg.arange(12) % 3
        model, x, y = model.to(place), x.to(place), y.to(place)
        optimizer, found = tg.optim.Adam(model.parameters(), lr=0.02), []
        for _ in range(6):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        return found

    here = losses("cpu")
    assert here[-1] < here[0]
    np.testing.assert_allclose(losses("cuda"), here, rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("biased", [True, False])
def test_layers_with_their_relu(device: Any, dtype: str, biased: bool) -> None:
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(dtype) for shape in ((2, 3, 6, 5), (8, 3, 3, 3), (8,)))
    X, W, B = map(device.asarray, (x, w, b))
    window, bias = convolution_window("conv2d", (3, 3), 1, 0, 1, 1), B if biased else None
    found, plain = device.conv2d_relu(X, W, bias, window).get(), device.conv2d(X, W, bias, window).get()
    np.testing.assert_array_equal(found, np.maximum(plain, 0))
    rows, weights = X.reshape(2, -1), W.reshape(8, -1).repeat(4, axis=1)[:, :90]
    found, plain = device.linear_relu(rows, weights, bias).get(), device.linear(rows, weights, bias).get()
    np.testing.assert_array_equal(found, np.maximum(plain, 0))
    assert (found == 0).any()
    assert (found > 0).any()
