"""What is timed: training steps, single kernels, the cost of recording, and how time grows with size."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from .networks import NETWORKS, SEED, Training

Before = Callable[[], Any]  # makes what the timed part takes, off the clock
Timed = Callable[[Any], Any]


@dataclass(frozen=True)
class Bench:
    """What a contestant computes with: a library, the memory layout of its images, and a device."""

    lib: Any
    channels_last: bool
    torch: bool = False
    compiled: bool = False  # whether training steps go through `lib.compile`
    device: str = "cpu"

    def tensor(self, *shape: int, requires_grad: bool = False) -> Any:
        """Random values; images in the layout they have inside a network."""
        values = np.random.default_rng(SEED).standard_normal(shape, dtype=np.float32)
        if len(shape) == 4 and self.channels_last:
            values = np.ascontiguousarray(values.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
        return self.lib.from_numpy(values).to(self.device).requires_grad_(requires_grad)

    def layout(self, channels_last: bool) -> "Bench":
        """The same with images in another layout."""
        return replace(self, channels_last=channels_last)


Call = tuple[Callable[..., Any], tuple[Any, ...]]  # a function and its arguments
Make = Callable[[Bench], Call]


@dataclass(frozen=True)
class Case:
    """One row of a table.

    Attributes:
        prepare: makes, from a bench, the function to time and, optionally, one that makes its argument off the clock.
        work: how many operations a call does; times are per operation.
        size: what a scaling row is plotted against, within its `group`.
    """

    section: str
    row: str
    prepare: Callable[[Bench], tuple[Timed, Before | None]]
    work: int = 1
    group: str = ""
    size: int = 0


def training(name: str, batch: int | None, bench: Bench) -> tuple[Timed, None]:
    turned = bench.channels_last and bench.torch
    run = Training(bench.lib, NETWORKS[name], batch, channels_last=turned, device=bench.device)
    step = bench.lib.compile(run.step, fullgraph=True) if bench.compiled else run.step
    return lambda _: step(), None


# kernels: each through the public function, forward without a graph, backward through a graph that is kept


def forward(make: Make, bench: Bench) -> tuple[Timed, None]:
    function, args = make(bench)

    def run(_: Any) -> Any:
        with bench.lib.no_grad():
            return function(*args)

    return run, None


def backward(make: Make, wanted: int, bench: Bench) -> tuple[Timed, None]:
    function, args = make(bench)
    args[wanted].requires_grad_(True)
    out = function(*args)
    g = bench.tensor(*out.shape)
    return lambda _: bench.lib.autograd.grad(out, args[wanted], g, retain_graph=True), None


@dataclass(frozen=True)
class Convolution:
    """A convolution to time: images (N, C, H, W) or sequences (N, C, L), kernels (O, C/groups, K, K) or of K values."""

    image: tuple[int, ...]
    outputs: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1

    @property
    def title(self) -> str:
        n, c, *sizes = self.image
        kernel = f"{self.kernel}×{self.kernel}" if len(sizes) == 2 else f"width {self.kernel}"
        more = f" s{self.stride}" * (self.stride > 1) + f" p{self.padding}" * (self.padding > 0)
        more += f" g{self.groups}" * (self.groups > 1)
        return f"{c}→{self.outputs} {kernel}{more}, {'×'.join(map(str, (n, *sizes)))}"

    def make(self, bench: Bench) -> Call:
        few = self.image[1] <= 4  # a first layer: images come as the user made them
        x = bench.layout(bench.channels_last and (bench.torch or not few)).tensor(*self.image)
        size = (self.kernel,) * (len(self.image) - 2)
        w = bench.layout(bench.channels_last and bench.torch).tensor(self.outputs, self.image[1] // self.groups, *size)
        functions = bench.lib.nn.functional
        options = {"stride": self.stride, "padding": self.padding, "groups": self.groups}
        return partial(functions.conv2d if len(size) == 2 else functions.conv1d, **options), (x, w)


CONVOLUTIONS = (
    Convolution((64, 1, 28, 28), 32, 3),
    Convolution((64, 32, 26, 26), 64, 3),
    Convolution((32, 64, 32, 32), 64, 3, padding=1),
    Convolution((32, 256, 8, 8), 256, 3, padding=1),
    Convolution((64, 6, 14, 14), 16, 5),
    Convolution((32, 64, 28, 28), 128, 1),
    Convolution((4, 3, 128, 128), 64, 7, stride=2, padding=3),
    Convolution((16, 128, 28, 28), 128, 3, padding=1, groups=128),
    # what narrow networks are made of
    Convolution((16, 16, 56, 56), 96, 1),
    Convolution((16, 96, 56, 56), 96, 3, stride=2, padding=1, groups=96),
    Convolution((8, 144, 28, 28), 144, 5, padding=2, groups=144),
    Convolution((16, 64, 28, 28), 64, 3, padding=1, groups=4),
    Convolution((16, 16, 28, 28), 32, 3, padding=1, groups=16),
    Convolution((16, 3, 112, 112), 32, 3, stride=2, padding=1),
    Convolution((16, 32, 32, 32), 64, 5, stride=2, padding=2),
    # one image
    Convolution((1, 3, 512, 512), 64, 7, stride=2, padding=3),
    Convolution((1, 64, 56, 56), 64, 3, padding=1),
    Convolution((1, 256, 14, 14), 256, 3, padding=1),
    Convolution((1, 16, 14, 14), 32, 3, padding=1),
    # sequences
    Convolution((16, 1, 8000), 16, 15, stride=4),
    Convolution((32, 64, 256), 64, 3, padding=1),
)


def max_pool(bench: Bench) -> Call:
    return partial(bench.lib.nn.functional.max_pool2d, kernel_size=2), (bench.tensor(64, 64, 24, 24),)


def avg_pool(bench: Bench) -> Call:
    return partial(bench.lib.nn.functional.avg_pool2d, kernel_size=2), (bench.tensor(64, 64, 24, 24),)


def overlapping_pool(bench: Bench) -> Call:
    options = {"kernel_size": 3, "stride": 2, "padding": 1}
    return partial(bench.lib.nn.functional.max_pool2d, **options), (bench.tensor(8, 64, 56, 56),)


def hardswish(bench: Bench) -> Call:
    return bench.lib.nn.functional.hardswish, (bench.tensor(16, 96, 28, 28),)


def gelu(bench: Bench) -> Call:
    return bench.lib.nn.functional.gelu, (bench.tensor(64, 64, 256),)


def relu(bench: Bench) -> Call:
    return bench.lib.nn.functional.relu, (bench.tensor(64, 32, 26, 26),)


def batch_norm(bench: Bench) -> Call:
    w, b = bench.tensor(64, requires_grad=True), bench.tensor(64, requires_grad=True)
    function = partial(
        bench.lib.nn.functional.batch_norm, running_mean=None, running_var=None, weight=w, bias=b, training=True
    )
    return function, (bench.tensor(32, 64, 32, 32),)


def dropout(bench: Bench) -> Call:
    return partial(bench.lib.nn.functional.dropout, p=0.25), (bench.tensor(64, 9216),)


def cross_entropy(bench: Bench) -> Call:
    labels = bench.lib.from_numpy(np.random.default_rng(SEED).integers(0, 1000, 256)).to(bench.device)
    return partial(bench.lib.nn.functional.cross_entropy, target=labels), (bench.tensor(256, 1000),)


KERNELS: dict[str, Make] = {
    "max_pool 2×2, 64×64×24×24": max_pool,
    "avg_pool 2×2, 64×64×24×24": avg_pool,
    "max_pool 3×3 s2 p1, 8×64×56×56": overlapping_pool,
    "relu, 64×32×26×26": relu,
    "hardswish, 16×96×28×28": hardswish,
    "gelu, 64×64×256": gelu,
    "batch_norm, 32×64×32×32": batch_norm,
    "dropout ¼, 64×9216": dropout,
    "cross_entropy, 256×1000": cross_entropy,
}


def adam(bench: Bench) -> tuple[Timed, None]:
    run = Training(bench.lib, NETWORKS["mnist64"], 1, device=bench.device)
    run.step()
    return lambda _: run.optimizer.step(), None


# the cost of recording, and growth with size


def chain(operation: Callable[[Bench, Any], Any], depth: int, part: str, bench: Bench) -> tuple[Timed, Before | None]:
    """`depth` operations on a tensor of 4 elements, one after the other."""
    x = bench.tensor(4, requires_grad=True)
    g = bench.tensor(4)

    def build(_: Any = None) -> Any:
        y = x
        for _ in range(depth):
            y = operation(bench, y)
        return y

    if part == "forward":
        return build, None
    if part == "backward":  # the graph is freed on the clock too
        return lambda y: y.backward(g), build
    return lambda _: build().backward(g), None


def image_side(side: int, bench: Bench) -> tuple[Timed, None]:
    """Forward and backward through two convolutions and a pooling, over images of this side."""
    functions = bench.lib.nn.functional
    w1, w2 = bench.tensor(16, 3, 3, 3, requires_grad=True), bench.tensor(32, 16, 3, 3, requires_grad=True)
    x = bench.tensor(4, 3, side, side)

    def run(_: Any) -> None:
        hidden = functions.max_pool2d(functions.relu(functions.conv2d(x, w1, padding=1)), 2)
        functions.conv2d(hidden, w2, padding=1).mean().backward()

    return run, None


def all_cases(*, quick: bool = False) -> list[Case]:
    """Every row, in the order of the report; `quick` leaves out the largest."""
    cases: list[Case] = []

    def add(*args: Any, **options: Any) -> None:
        cases.append(Case(*args, **options))

    for name in NETWORKS:
        add("networks", name, partial(training, name, None))

    for conv in CONVOLUTIONS:
        add("kernels", f"conv {conv.title}", partial(forward, conv.make))
        add("kernels", f"conv {conv.title} dx", partial(backward, conv.make, 0))
        add("kernels", f"conv {conv.title} dw", partial(backward, conv.make, 1))
    for title, make in KERNELS.items():
        add("kernels", title, partial(forward, make))
        add("kernels", f"{title} backward", partial(backward, make, 0))
    add("kernels", "Adam, 1.2 M parameters", adam)

    depth = 1000
    operations: dict[str, Callable[[Bench, Any], Any]] = {
        "x + x": lambda _, x: x + x,
        "x * 1.0": lambda _, x: x * 1.0,
        "relu(x)": lambda bench, x: bench.lib.nn.functional.relu(x),
    }
    for title, operation in operations.items():
        for part in ("forward", "backward"):
            add("overhead", f"{title} {part}", partial(chain, operation, depth, part), work=depth)

    for n in (16, 32) if quick else (16, 32, 64, 128, 256):
        add("scaling", f"lenet64, batch {n}", partial(training, "lenet64", n), group="batch", size=n)
    for n in (10, 100) if quick else (10, 100, 1000, 10_000):
        add("scaling", f"chain of {n} ops", partial(chain, operations["x * 1.0"], n, "both"), group="depth", size=n)
    for n in (32, 64) if quick else (32, 64, 128, 256):
        add("scaling", f"convolutions, {n}×{n}", partial(image_side, n), group="pixels", size=n * n)
    return cases
