"""Plans of cuDNN, which are made without a device where its library is installed."""

from typing import Any

import pytest

from tinygrad_cnn.backend import Window, convolution_window
from tinygrad_cnn.backend.cuda import cudnn

# The public figures of an H200, in the form that cuDNN 9 reads.
H200 = (
    '{"deviceName":"NVIDIA H200","cudaDeviceId":0,"deviceVer":900,"driverVer":13000,'
    '"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],"regsPerBlock":65536,'
    '"multiProcessorCount":132,"smClockRateKHz":1980000,"memClockRateKHz":3201000,"l2CacheSize":62914560,'
    '"warpSize":32,"maxSharedMemoryPerBlock":49152,"maxSharedMemoryPerBlockOptin":232448,'
    '"reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,"maxCtasPerSM":32,"maxThreadsPerBlock":1024,'
    '"maxThreadsPerSM":2048,"pciDeviceId":0,"isTccDriver":0,"supportCoopLaunch":1,"totalGlobalMem":150754820096}'
)


def makes_no_plans() -> str:
    """Why there can be none here."""
    if cudnn.library() is None:
        return "the package nvidia-cudnn is not installed"
    try:
        cudnn.device_description(H200)
    except cudnn.CudnnError as error:
        return f"cuDNN {cudnn.version()} wants a driver even for that: {error}"
    return ""


installed = pytest.mark.skipif(bool(makes_no_plans()), reason=makes_no_plans())


def first_plan(
    kind: str, x: tuple[int, ...], w: tuple[int, ...], window: Window, dtype: str = "float32", **options: Any
) -> Any:
    y = (x[0], w[0], *window.output_size(x[2:]))
    switches = {"tf32": True, "deterministic": False, **options}
    shapes = {"x": x, "w": w, "y": y}
    device = cudnn.device_description(H200)
    return next(cudnn.plans(kind, shapes, window, dtype, device=device, **switches))


@installed
@pytest.mark.parametrize("kind", ["output", "input_grad", "weight_grad"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_there_is_a_plan_for_every_dtype(kind: str, dtype: str) -> None:
    plan = first_plan(kind, (64, 64, 56, 56), (64, 64, 3, 3), convolution_window("", (3, 3), 1, 1, 1, 1), dtype)
    assert plan.workspace <= cudnn.MOST_WORKSPACE


@installed
@pytest.mark.parametrize("kind", ["output", "input_grad", "weight_grad"])
@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((8, 3, 32, 32), (16, 3, 3, 3), (2, 1, 1, 1)),
        ((8, 16, 32, 32), (16, 4, 3, 3), (1, 1, 1, 4)),
        ((8, 16, 32, 32), (16, 1, 3, 3), (1, 1, 1, 16)),
        ((8, 16, 33, 31), (24, 16, 5, 3), (2, (2, 1), 1, 1)),
        ((8, 16, 33, 31), (24, 16, 3, 3), (1, 2, 2, 1)),
        ((8, 16, 20, 20), (24, 16, 1, 1), (1, 0, 1, 1)),
        ((2, 4, 8, 8, 8), (8, 4, 3, 3, 3), (1, 1, 1, 1)),
    ],
)
def test_there_is_a_plan_for_every_geometry(kind: str, x: Any, w: Any, options: Any) -> None:
    assert first_plan(kind, x, w, convolution_window("", w[2:], *options)).workspace >= 0


@installed
def test_switches_choose_among_engines() -> None:
    window, x, w = convolution_window("", (3, 3), 1, 1, 1, 1), (32, 64, 28, 28), (64, 64, 3, 3)
    for kind in cudnn.KINDS:
        assert cudnn.TENSOR_CORES not in first_plan(kind, x, w, window, tf32=False).notes
        assert cudnn.UNORDERED not in first_plan(kind, x, w, window, deterministic=True).notes


@installed
def test_what_cudnn_refuses_is_told() -> None:
    window = convolution_window("", (3, 3), 1, 1, 1, 1)
    with pytest.raises(cudnn.CudnnError, match="CUDNN_STATUS"):
        next(
            cudnn.plans(
                "output",
                {"x": (1, 3, 8, 8), "w": (4, 5, 3, 3), "y": (1, 4, 8, 8)},
                window,
                "float32",
                tf32=True,
                deterministic=False,
                device=cudnn.device_description(H200),
            )
        )


def test_strides_of_channels_last() -> None:
    assert cudnn._channels_last((2, 3, 4, 5)) == (60, 1, 15, 3)
    assert cudnn._channels_last((2, 3, 4, 5, 6)) == (360, 1, 90, 18, 3)
