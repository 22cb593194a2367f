import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.vision.transforms import (
    Compose,
    InterpolationMode,
    Normalize,
    RandomAffine,
    RandomResizedCrop,
    ToTensor,
)
from tinygrad_cnn.vision.transforms import functional as F


def seeded(seed=0):
    return tg.Generator().manual_seed(seed)


# affine -------------------------------------------------------------------------------------------------------------


def torch_affine(images, matrices, mode):
    """PyTorch's own sampling at the places these inverse matrices (N, 2, 3), in pixels from the middle, lead to."""
    torch = pytest.importorskip("torch")
    h, w = images.shape[-2:]
    theta = np.array(matrices, dtype=np.float64)
    theta *= np.array([[w / 2, h / 2, 1]])  # from [-1, 1] to pixels ...
    theta /= np.array([[w / 2], [h / 2]])  # ... and back
    grid = torch.nn.functional.affine_grid(torch.from_numpy(theta), list(images.shape), align_corners=False)
    x = torch.from_numpy(images)
    return torch.nn.functional.grid_sample(x, grid, mode=mode, padding_mode="zeros", align_corners=False).numpy()


def rotation(degrees):
    a = np.deg2rad(degrees)
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


def forward(angle, translate, scale, shear, center):
    """T(translate) · T(center) · R · shear along x and y · scale · T(−center), as torchvision's manual has it."""
    sx, sy = np.tan(np.deg2rad(shear))
    shift, to, back = np.eye(3), np.eye(3), np.eye(3)
    shift[:2, 2], to[:2, 2], back[:2, 2] = translate, center, np.negative(center)
    along_x, along_y = np.eye(3), np.eye(3)
    along_x[0, 1], along_y[1, 0] = -sx, -sy
    return shift @ to @ rotation(angle) @ along_y @ along_x @ np.diag([scale, scale, 1]) @ back


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(8, 8), (7, 12)])
def test_affine_agrees_with_pytorchs_sampling(mode, size, rng):
    images = rng.random((5, 3, *size))
    h, w = size
    angles, scales = rng.uniform(-60, 60, 5), rng.uniform(0.5, 2, 5)
    moves, shears = rng.uniform(-3, 3, (2, 5)), rng.uniform(-20, 20, (2, 5))
    center = (w / 2 + 1.5, h / 2 - 0.5)
    inverses = [
        np.linalg.inv(forward(angles[i], moves[:, i], scales[i], shears[:, i], (1.5, -0.5)))[:2] for i in range(5)
    ]
    out = F.affine(tg.tensor(images), angles, tuple(moves), scales, tuple(shears), mode, center=center)
    np.testing.assert_allclose(out.numpy(), torch_affine(images, inverses, mode), atol=1e-12)


def test_a_quarter_turn_and_a_shift_move_whole_pixels():
    image = tg.arange(9).reshape(1, 3, 3)
    turned = F.affine(image, 90, (0, 0), 1, 0)
    np.testing.assert_array_equal(turned.numpy()[0], np.rot90(image.numpy()[0], -1))
    assert turned.dtype == np.int64
    shifted = F.affine(image.float(), 0, (1, -1), 1, 0, "bilinear")
    assert shifted[0].tolist() == [[0, 3, 4], [0, 6, 7], [0, 0, 0]]


def test_the_identity_changes_nothing(rng):
    images = tg.tensor(rng.random((2, 3, 5, 4)).astype(np.float32))
    for mode in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        np.testing.assert_allclose(F.affine(images, 0, (0, 0), 1, 0, mode).numpy(), images.numpy(), rtol=1e-6)


def test_fill():
    out = F.affine(tg.ones(2, 2, 2), 0, (1, 0), 1, 0, "bilinear", fill=[5, 7])
    assert out.tolist() == [[[5, 1], [5, 1]], [[7, 1], [7, 1]]]
    assert F.affine(tg.ones(1, 2, 2), 0, (100, 0), 1, 0, fill=3).tolist() == [[[3, 3], [3, 3]]]


def test_integers_are_rounded():
    out = F.affine(tg.tensor([[[0, 100, 255]]], dtype=tg.uint8), 0, (0.5, 0), 1, 0, "bilinear")
    assert out.dtype == np.uint8
    assert out.tolist() == [[[0, 50, 178]]]


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64])
def test_floats_keep_their_dtype(dtype):
    out = F.affine(tg.ones(2, 1, 4, 4, dtype=dtype), 10, (0.1, 0), 1.1, 5, "bilinear")
    assert out.dtype == dtype
    assert out.is_contiguous()


def test_an_empty_batch():
    assert RandomAffine(10)(tg.zeros(0, 1, 8, 8)).shape == (0, 1, 8, 8)


# random affine ------------------------------------------------------------------------------------------------------


def test_each_image_gets_a_draw_of_its_own():
    image = tg.rand(1, 8, 8, generator=seeded())
    batch = tg.tensor(np.stack([image.numpy()] * 6))
    out = RandomAffine(20, (0.1, 0.1), (0.8, 1.2), interpolation="bilinear", generator=seeded())(batch).numpy()
    assert len({each.tobytes() for each in out}) == 6


def test_one_image_and_other_leading_dimensions():
    jitter = RandomAffine(20, interpolation="bilinear")
    assert jitter(tg.rand(3, 8, 8)).shape == (3, 8, 8)
    assert jitter(tg.rand(2, 4, 3, 8, 8)).shape == (2, 4, 3, 8, 8)


def test_draws_are_seeded():
    batch = tg.rand(4, 1, 8, 8)

    def out(**how):
        return RandomAffine(20, (0.2, 0.2), **how)(batch).numpy().tobytes()

    assert out(generator=seeded(1)) == out(generator=seeded(1)) != out(generator=seeded(2))
    tg.manual_seed(4)
    first = out()
    tg.manual_seed(4)
    assert out() == first != out()


def test_draws_fill_the_ranges(monkeypatch):
    from tinygrad_cnn.vision.transforms import functional

    seen = {}
    monkeypatch.setattr(functional, "affine", lambda img, **amounts: seen.update(amounts) or img)
    RandomAffine((-10, 30), (0.1, 0.25), (0.5, 2), (-5, 5, 1, 2))(tg.zeros(4000, 1, 8, 20))
    ranges = [seen["angle"], *seen["translate"], seen["scale"], *seen["shear"]]
    for drawn, (low, high) in zip(ranges, [(-10, 30), (-2, 2), (-2, 2), (0.5, 2), (-5, 5), (1, 2)], strict=True):
        assert drawn.shape == (4000,)
        assert low <= drawn.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < drawn.max() <= high


def test_what_is_not_given_stays_off(monkeypatch):
    from tinygrad_cnn.vision.transforms import functional

    seen = {}
    monkeypatch.setattr(functional, "affine", lambda img, **amounts: seen.update(amounts) or img)
    RandomAffine(0)(tg.zeros(3, 1, 4, 4))
    for amounts in (seen["angle"], *seen["translate"], *seen["shear"]):
        assert not np.any(amounts)
    assert np.all(seen["scale"] == 1)


def test_repr():
    assert repr(RandomAffine(10, (0.1, 0.2), interpolation="bilinear")) == (
        "RandomAffine(degrees=(-10, 10), translate=(0.1, 0.2), interpolation='bilinear', fill=0)"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1,), "degrees must not be negative where it is one number; got -1"),
        (((3, 1),), r"degrees must be \(lowest, highest\); got \(3, 1\)"),
        (((1, 2, 3),), r"degrees must be two numbers; got \(1, 2, 3\)"),
        (("10",), "degrees must be two numbers; got '10'"),
        ((float("nan"),), "degrees must be two numbers; got nan"),
        ((0, 0.1), "translate must be two numbers; got 0.1"),
        ((0, (2, 0)), r"translate is a fraction .* from 0 to 1; got \(2, 0\); divide pixels by the size"),
        ((0, None, 2), "scale must be two numbers; got 2"),
        ((0, None, (0, 1)), r"scale must be .lowest, highest., both positive; got \(0, 1\)"),
        ((0, None, None, (1, 0)), r"shear must be \(lowest, highest\)"),
        ((0, None, None, (1, 2, 3)), "shear must be two numbers"),
        ((0, None, None, None, "cubic"), "interpolation must be 'nearest' or .*; got 'cubic'"),
        ((0, None, None, None, "nearest", 0, 4), "center must be two numbers; got 4"),
    ],
)
def test_random_affine_refuses(arguments, message):
    with pytest.raises(ValueError, match=f"^RandomAffine: {message}"):
        RandomAffine(*arguments)


def test_affine_refuses():
    with pytest.raises(TypeError, match=r"expected a tensor .*; got ndarray; put ToTensor\(\) before"):
        RandomAffine(1)(np.zeros((1, 8, 8)))
    with pytest.raises(ValueError, match=r"expected a tensor .*; got shape \(8, 8\)"):
        RandomAffine(1)(tg.zeros(8, 8))
    with pytest.raises(ValueError, match=r"affine: fill has 2 values, but images \(1, 3, 8, 8\) have 3 channels"):
        RandomAffine(1, fill=(1, 2))(tg.zeros(1, 3, 8, 8))
    for amounts in ((np.nan, (0, 0), 1, 0), (0, (0, 0), 0, 0)):
        with pytest.raises(ValueError, match="must be finite, and scale positive"):
            F.affine(tg.zeros(1, 8, 8), *amounts)
    with pytest.raises(ValueError, match="affine: interpolation must be"):
        F.affine(tg.zeros(1, 8, 8), 0, (0, 0), 1, 0, "area")
    with pytest.raises(TypeError, match="RandomAffine: generator must be a Generator; got 3"):
        RandomAffine(1, generator=3)


# to tensors ---------------------------------------------------------------------------------------------------------


def test_to_tensor_of_arrays():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    tensor = ToTensor()(image)
    assert tensor.shape == (3, 2, 3)
    assert tensor.dtype == np.float32
    assert tensor.is_contiguous()
    np.testing.assert_allclose(tensor.numpy(), image.transpose(2, 0, 1) / np.float32(255))
    assert ToTensor()(image[:, :, 0]).shape == (1, 2, 3)
    assert ToTensor()(image.astype(np.float64) * 2)[0, 0, 1].item() == 6
    assert ToTensor()(image.astype(np.int32)).dtype == np.int32


def test_to_tensor_copies():
    image = np.ones((2, 2, 1), dtype=np.float32)
    ToTensor()(image).zero_()
    assert image.all()


@pytest.mark.parametrize(
    ("mode", "channels", "dtype"),
    [("L", 1, "f4"), ("RGB", 3, "f4"), ("RGBA", 4, "f4"), ("1", 1, "f4"), ("I", 1, "i4"), ("F", 1, "f4")],
)
def test_to_tensor_of_pil_images(mode, channels, dtype):
    image = pytest.importorskip("PIL.Image")
    tensor = ToTensor()(image.new(mode, (5, 3), 1 if mode in "1IF" else (255,) * channels))
    assert tensor.shape == (channels, 3, 5)
    assert tensor.dtype == np.dtype(dtype)
    assert (tensor.numpy() == 1).all()


def test_flips_and_crops_refuse():
    with pytest.raises(TypeError, match=r"hflip: expected a tensor \(…, H, W\); got ndarray; put ToTensor\(\) before"):
        F.hflip(np.zeros((3, 4, 4)))
    with pytest.raises(TypeError, match="vflip: expected a tensor"):
        F.vflip(np.zeros((3, 4, 4)))
    with pytest.raises(TypeError, match=r"RandomResizedCrop: scale must be \(lowest, highest\); got 1"):
        RandomResizedCrop(3, scale=1)


def test_to_tensor_refuses():
    with pytest.raises(TypeError, match="to_tensor: expected a PIL image or a NumPy array; got list"):
        ToTensor()([1])
    with pytest.raises(ValueError, match=r"to_tensor: expected an image \(H, W\) or \(H, W, C\); got shape \(3,\)"):
        F.to_tensor(np.zeros(3))


def test_normalize(rng):
    x = tg.tensor(rng.random((4, 3, 2, 2)).astype(np.float32))
    out = Normalize([0.1, 0.2, 0.3], (1, 2, 4))(x)
    expected = (x.numpy() - np.float32([0.1, 0.2, 0.3]).reshape(3, 1, 1)) / np.float32([1, 2, 4]).reshape(3, 1, 1)
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-6)
    assert out.dtype == np.float32
    assert F.normalize(x[0], 0.5, 0.5).shape == (3, 2, 2)


def test_normalize_in_place():
    x = tg.ones(1, 2, 2)
    assert Normalize(0.5, 0.5, inplace=True)(x) is x
    assert x.tolist() == [[[1.0, 1.0], [1.0, 1.0]]]
    y = tg.ones(1, 2, 2)
    Normalize(0.25, 0.5)(y)
    assert y.numpy().all()


def test_normalize_is_differentiable():
    x = tg.ones(2, 1, 1, requires_grad=True)
    F.normalize(x, [0, 0], [2, 4]).sum().backward()
    assert x.grad.flatten().tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("image", "mean", "std", "error", "message"),
    [
        (np.zeros((1, 2, 2)), 0, 1, TypeError, r"expected a tensor; got ndarray; put ToTensor\(\) before Normalize"),
        (
            tg.zeros(1, 2, 2, dtype=tg.uint8),
            0,
            1,
            TypeError,
            r"expected floating-point values; got uint8; use .float\(\)",
        ),
        (tg.zeros(2, 2), 0, 1, ValueError, r"expected images \(..., C, H, W\); got shape \(2, 2\)"),
        (tg.zeros(3, 2, 2), [0, 0], 1, ValueError, r"mean has 2 values, but images \(3, 2, 2\) have 3 channels"),
        (tg.zeros(3, 2, 2), 0, [1, 1], ValueError, "std has 2 values"),
        (tg.zeros(2, 2, 2), 0, [1, 0], ValueError, r"std must not be 0; got \[1, 0\]"),
    ],
)
def test_normalize_refuses(image, mean, std, error, message):
    with pytest.raises(error, match=f"^normalize: {message}"):
        Normalize(mean, std)(image)


def test_compose():
    both = Compose([ToTensor(), Normalize(0.5, 0.5)])
    assert both(np.zeros((2, 2), dtype=np.uint8)).tolist() == [[[-1.0, -1.0], [-1.0, -1.0]]]
    assert repr(both) == "Compose(\n    ToTensor()\n    Normalize(mean=0.5, std=0.5)\n)"
