"""Sizes, parts, colours, turns and chance, on tensors and PIL images."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.vision import transforms as T
from tinygrad_cnn.vision.transforms import functional as F
from tinygrad_cnn.vision.transforms import v2

image_module = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)
BYTES = RNG.integers(20, 230, (37, 53, 3), dtype=np.uint8)


@pytest.fixture
def pil():
    return image_module.fromarray(BYTES)


@pytest.fixture
def bytes_():
    return tg.tensor(BYTES.transpose(2, 0, 1))


@pytest.fixture
def floats():
    return tg.tensor(BYTES.transpose(2, 0, 1)).float() / 255


def as_array(picture):
    """(H, W, C), of a PIL image or a tensor."""
    return np.asarray(picture) if not isinstance(picture, tg.Tensor) else picture.numpy().transpose(1, 2, 0)


# sizes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(20, 30), (80, 70), (37, 20)])
def test_resize_agrees_with_pytorch(size, mode, antialias, floats):
    torch = pytest.importorskip("torch")
    smooth = {"antialias": antialias, "align_corners": False} if mode[0] == "b" else {}
    expected = torch.nn.functional.interpolate(torch.from_numpy(floats.numpy())[None], size, mode=mode, **smooth)[0]
    out = F.resize(floats, size, mode, antialias=antialias)
    np.testing.assert_allclose(out.numpy(), expected.numpy(), atol=2e-5)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_resize_of_bytes_agrees_with_pil(mode, bytes_, pil):
    out, expected = (as_array(F.resize(picture, (18, 41), mode)).astype(int) for picture in (bytes_, pil))
    assert np.abs(out - expected).max() <= 2  # PIL rounds between rows and columns


def test_the_shorter_side(floats, pil):
    for picture in (floats, pil):
        assert F.get_image_size(F.resize(picture, 20)) == [28, 20]
        assert F.get_image_size(F.resize(picture, [20], max_size=25)) == [25, 17]
        assert F.resize(picture, 37) is picture
    assert F.resize(floats[None], (5, 6)).shape == (1, 3, 5, 6)


def test_resize_is_differentiable():
    x = tg.rand(1, 4, 4, requires_grad=True)
    F.resize(x, 2).sum().backward()
    assert x.grad.sum().item() == pytest.approx(4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), r"resize: size is a positive int or \(height, width\); got 0"),
        (((1, 2, 3),), "resize: size is a positive int"),
        ((20, "bilinear", 20), "max_size must be above the size of the shorter side, 20; got 20"),
        (((20, 20), "bilinear", 30), "max_size is for a size that is an int"),
        ((20, "lanczos"), "resize: interpolation must be 'nearest' or .*; got 'lanczos'"),
    ],
)
def test_resize_refuses(arguments, message, floats):
    with pytest.raises(ValueError, match=message):
        F.resize(floats, *arguments)


def test_pils_own_numbers_for_interpolation(pil):
    expected = np.asarray(pil.resize((9, 8), image_module.Resampling.LANCZOS))
    np.testing.assert_array_equal(np.asarray(T.Resize((8, 9), image_module.Resampling.LANCZOS)(pil)), expected)
    assert T.Resize(8, 3).interpolation is T.InterpolationMode.BICUBIC


# parts and borders ----------------------------------------------------------------------------------------------------


def test_crops_and_flips_agree(pil, bytes_):
    """On tensors and on PIL images, the same bytes."""
    for function, *arguments in (
        (F.crop, 5, -3, 20, 70),
        (F.crop, -5, 3, 20, 20),
        (F.crop, 40, 60, 5, 5),
        (F.center_crop, (20, 31)),
        (F.center_crop, (60, 31)),
        (F.center_crop, 21),
        (F.hflip,),
        (F.vflip,),
        *((F.pad, sides, 0, mode) for sides in (4, (2, 3), (1, 2, 3, 4)) for mode in ("edge", "reflect", "symmetric")),
        (F.pad, (1, 2, 3, 4), 7),
        (F.pad, 2, (1, 2, 3)),
    ):
        np.testing.assert_array_equal(as_array(function(bytes_, *arguments)), as_array(function(pil, *arguments)))


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_borders_agree_with_numpy(mode, bytes_):
    expected = np.pad(BYTES, [(2, 4), (1, 3), (0, 0)], mode)
    np.testing.assert_array_equal(as_array(F.pad(bytes_, (1, 2, 3, 4), padding_mode=mode)), expected)


def test_five_and_ten(bytes_):
    five = T.FiveCrop((10, 12))(bytes_)
    corners = [(0, 0), (0, 41), (27, 0), (27, 41), (14, 20)]
    for part, (top, left) in zip(five, corners, strict=True):
        np.testing.assert_array_equal(as_array(part), BYTES[top : top + 10, left : left + 12])
    ten = T.TenCrop((10, 12))(bytes_)
    assert (ten[5] == F.hflip(five[1])).all()
    assert (T.TenCrop((10, 12), vertical_flip=True)(bytes_)[5] == F.vflip(five[2])).all()
    with pytest.raises(ValueError, match=r"five_crop: a crop of .* is larger than the image"):
        F.five_crop(bytes_, 50)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((1, 2, 3),), "padding has 1, 2 or 4 whole numbers"),
        ((1, 0, "mirror"), "padding_mode must be constant, edge, reflect or symmetric; got 'mirror'"),
        ((1, (1, 2)), "fill has 2 values, but images"),
    ],
)
def test_pad_refuses(arguments, message, bytes_):
    with pytest.raises(ValueError, match=message):
        F.pad(bytes_, *arguments)


# turns ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("angle", [33, -71, 90])
def test_turns_of_tensors_are_those_of_pil(angle, expand, bytes_, pil):
    ours, pils = (as_array(F.rotate(picture, angle, "bilinear", expand)) for picture in (bytes_, pil))
    assert ours.shape == pils.shape
    inner = (slice(8, -8), slice(8, -8))  # PIL does not blend with what lies outside
    wrong = np.abs(ours[inner].astype(int) - pils[inner]) > 2
    assert wrong.mean() < 0.12 if expand else wrong.mean() < 0.1


def test_affine_of_pil_images(bytes_, pil):
    how = {"angle": 20, "translate": (3, 4), "scale": 1.5, "shear": (10, 5)}
    ours, pils = (as_array(F.affine(picture, **how)) for picture in (bytes_, pil))
    assert (ours != pils).mean() < 0.01  # ties between two pixels
    assert T.RandomAffine(20, (0.1, 0.1), (0.8, 1.2), 5)(pil).size == pil.size


def test_perspective(bytes_, pil):
    corners, moved = [[0, 0], [52, 0], [52, 36], [0, 36]], [[5, 3], [50, 2], [48, 33], [1, 30]]
    for mode in ("nearest", "bilinear"):
        ours, pils = (as_array(F.perspective(picture, corners, moved, mode)) for picture in (bytes_, pil))
        assert (np.abs(ours[6:30, 8:45].astype(int) - pils[6:30, 8:45]) > 2).mean() < 0.01
    with pytest.raises(ValueError, match="perspective: expected four points"):
        F.perspective(bytes_, corners[:3], moved)


# colours --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0, 0.3, 1, 1.7])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "sharpness"])
def test_adjustments_of_bytes_are_those_of_pil(name, factor, bytes_, pil):
    adjust = getattr(F, f"adjust_{name}")
    ours, pils = (as_array(adjust(picture, factor)).astype(int) for picture in (bytes_, pil))
    assert np.abs(ours - pils).max() <= 2


@pytest.mark.parametrize("turn", [-0.5, -0.2, 0, 0.3])
def test_hue(turn, bytes_, pil, floats):
    import colorsys

    ours = as_array(F.adjust_hue(floats, turn))[::9, ::9].reshape(-1, 3)
    for before, after in zip(as_array(floats)[::9, ::9].reshape(-1, 3), ours, strict=True):
        h, s, v = colorsys.rgb_to_hsv(*before)
        np.testing.assert_allclose(after, colorsys.hsv_to_rgb((h + turn) % 1, s, v), atol=1e-5)
    bytes_out, pils = (as_array(F.adjust_hue(picture, turn)).astype(int) for picture in (bytes_, pil))
    assert np.abs(bytes_out - pils).max() <= 25  # PIL's hue has 256 steps
    assert F.adjust_hue(pil.convert("L"), turn).mode == "L"


def test_the_rest_is_pils(bytes_, pil):
    for function, *arguments in (
        (F.invert,),
        (F.posterize, 3),
        (F.solarize, 100),
        (F.autocontrast,),
        (F.equalize,),
        (F.rgb_to_grayscale,),
        (F.rgb_to_grayscale, 3),
        (F.adjust_gamma, 2.2, 1.5),
        (F.gaussian_blur, [5, 3], [0.7, 1.2]),
    ):
        ours, pils = (as_array(function(picture, *arguments)) for picture in (bytes_, pil))
        assert np.abs(ours.reshape(pils.shape).astype(int) - pils).max() <= 1, function.__name__
        assert ours.dtype == np.uint8


def test_colours_of_floats(floats):
    assert F.invert(floats)[0, 0, 0].item() == pytest.approx(1 - floats[0, 0, 0].item())
    np.testing.assert_allclose(
        F.adjust_contrast(floats, 0).numpy(), F.rgb_to_grayscale(floats).mean().item(), rtol=1e-4
    )
    stretched = F.autocontrast(floats * 0.5 + 0.1)
    assert (stretched.min().item(), stretched.max().item()) == pytest.approx((0, 1), abs=1e-5)
    flat = F.autocontrast(tg.full((1, 3, 3), 0.3))
    assert flat.numpy().tolist() == pytest.approx(np.full((1, 3, 3), 0.3))
    assert (F.solarize(floats, 0.5).numpy() <= 0.5).all()
    tiny = tg.rand(1, 2, 2)
    assert F.adjust_sharpness(tiny, 2) is tiny
    grey = tg.rand(1, 4, 4)
    assert F.adjust_saturation(grey, 2) is grey
    assert F.adjust_hue(grey, 0.1) is grey
    x = tg.rand(3, 4, 4, requires_grad=True)
    F.adjust_hue(F.adjust_saturation(x, 0.5), 0.1).sum().backward()
    assert x.grad.isfinite().all()


def test_blur_is_a_convolution(floats):
    x = np.arange(5) - 2.0
    kernel = np.exp(-(x**2) / 2 / 0.8**2)
    kernel = np.outer(kernel, kernel) / kernel.sum() ** 2
    out = F.gaussian_blur(floats, 5, 0.8).numpy()
    plain = floats.numpy()
    expected = sum(kernel[i, j] * plain[:, i : i + 33, j : j + 49] for i in range(5) for j in range(5))
    np.testing.assert_allclose(out[:, 2:-2, 2:-2], expected, rtol=1e-4)
    assert T.GaussianBlur(3, 0.5)(floats).shape == floats.shape


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: F.adjust_brightness(x, -1), ValueError, "adjust_brightness: the factor must not be negative"),
        (lambda x: F.adjust_hue(x, 0.6), ValueError, "adjust_hue: the factor must be from -0.5 to 0.5; got 0.6"),
        (lambda x: F.posterize(x, 9), ValueError, "posterize: bits must be from 0 to 8"),
        (lambda x: F.posterize(x, 3), TypeError, r"posterize: expected bytes \(uint8\); got float32"),
        (lambda x: F.equalize(x), TypeError, r"equalize: expected bytes \(uint8\); got float32"),
        (lambda x: F.solarize(x, 2), ValueError, "solarize: the threshold must be at most 1; got 2"),
        (lambda x: F.rgb_to_grayscale(x, 2), ValueError, "num_output_channels must be 1 or 3; got 2"),
        (lambda x: F.to_grayscale(x), TypeError, "to_grayscale: expected a PIL image; got Tensor"),
        (lambda x: F.invert(x[:2]), ValueError, r"invert: expected images of 1 or 3 channels; got shape \(2, 37, 53\)"),
        (lambda x: F.gaussian_blur(x, 4), ValueError, "gaussian_blur: kernel_size must be odd and positive; got 4"),
        (lambda x: F.gaussian_blur(x, 3, 0), ValueError, "gaussian_blur: sigma must be positive; got 0"),
        (lambda x: F.erase(1, 0, 0, 1, 1, 0), TypeError, r"erase: expected a tensor; got int; put ToTensor\(\) before"),
        (lambda x: T.GaussianBlur(2), ValueError, "GaussianBlur: kernel_size must be odd"),
        (lambda x: T.GaussianBlur(3, (2, 1)), ValueError, "GaussianBlur: sigma must be positive, or"),
        (lambda x: T.ColorJitter(-1), ValueError, "ColorJitter: brightness must not be negative"),
        (lambda x: T.ColorJitter(hue=0.7), ValueError, "ColorJitter: hue must be from -0.5 to 0.5"),
        (
            lambda x: T.ColorJitter((2, 1)),
            ValueError,
            r"brightness must be \(lowest, highest\), from 0 up; got \(2, 1\)",
        ),
        (
            lambda x: T.RandomCrop(40)(x),
            ValueError,
            "RandomCrop: a crop of .* is larger than the image, .* give padding=",
        ),
        (lambda x: T.RandomErasing(2), ValueError, r"RandomErasing: p and scale must be in \[0, 1\]"),
        (lambda x: T.RandomErasing(value="noise"), ValueError, "RandomErasing: value must be numbers or 'random'"),
        (lambda x: T.RandomErasing(1)(1), TypeError, r"RandomErasing: expected a tensor; got int; put ToTensor"),
        (lambda x: T.RandomErasing(1, value=(1, 2))(x), ValueError, "value has 2 numbers, but the image 3 channels"),
        (lambda x: T.CenterCrop("5"), ValueError, "CenterCrop: size is a positive int"),
        (lambda x: T.Lambda(1), TypeError, "Lambda: expected a function; got int"),
        (lambda x: T.RandomChoice([str], [1, 2]), ValueError, "RandomChoice: p has a number for each of 1 transforms"),
        (lambda x: T.RandAugment(magnitude=31), ValueError, "RandAugment: magnitude must be from 0 to 30; got 31"),
        (lambda x: T.LinearTransformation(tg.ones(2, 3), tg.ones(2)), ValueError, "expected a matrix .D, D."),
        (lambda x: F.to_pil_image("x"), TypeError, "to_pil_image: expected a tensor or a NumPy array; got str"),
        (lambda x: F.to_pil_image(tg.ones(5, 2, 2)), ValueError, "expected an image of 1 to 4 channels"),
        (lambda x: F.to_pil_image(x, "L"), ValueError, r"3 channels of uint8 can be of mode .*; got 'L'"),
        (lambda x: F.to_pil_image(np.ones((2, 2, 3))), TypeError, "an image of 3 channels has no dtype float64"),
        (lambda x: F.pil_to_tensor(x), TypeError, "pil_to_tensor: expected a PIL image; got Tensor"),
        (lambda x: F.convert_image_dtype(1), TypeError, "convert_image_dtype: expected a tensor; got int"),
    ],
)
def test_refused(call, error, message, floats):
    with pytest.raises(error, match=message):
        call(floats)


# to and from tensors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1", "I", "F", "LA", "CMYK", "I;16"])
def test_there_and_back(mode, pil):
    image = pil.convert("L").convert(mode) if mode in ("I;16", "LA", "I", "F") else pil.convert(mode)
    tensor = T.PILToTensor()(image)
    assert tensor.shape == (len(image.getbands()), 37, 53)
    back = F.to_pil_image(tensor, mode if mode in ("CMYK", "F") else None)
    np.testing.assert_array_equal(
        np.asarray(back).astype(int), np.asarray(image).astype(int) * (255 if mode == "1" else 1)
    )


def test_floats_become_bytes(floats, pil):
    np.testing.assert_array_equal(np.asarray(F.to_pil_image(T.ToTensor()(pil))), BYTES)
    assert T.ToPILImage("HSV")(floats).mode == "HSV"
    assert F.to_pil_image(BYTES[:, :, 0]).mode == "L"
    assert F.to_pil_image(tg.zeros(4, 5)).size == (5, 4)


def test_dtypes_of_pictures():
    bytes_ = tg.tensor([0, 1, 128, 255], dtype=tg.uint8)
    assert (F.convert_image_dtype(F.convert_image_dtype(bytes_, tg.float32), tg.uint8) == bytes_).all()
    assert F.convert_image_dtype(bytes_, tg.int16).tolist() == [0, 128, 16384, 32640]
    assert F.convert_image_dtype(tg.tensor([0, 128, 32640], dtype=tg.int16), tg.uint8).tolist() == [0, 1, 255]
    assert F.convert_image_dtype(tg.ones(1), tg.float64).dtype == tg.float64
    assert T.ConvertImageDtype(tg.float32)(bytes_).max().item() == 1


# chance ---------------------------------------------------------------------------------------------------------------

RANDOM = [
    T.RandomHorizontalFlip(),
    T.RandomVerticalFlip(),
    T.RandomCrop(20, padding=4),
    T.RandomCrop((20, 60), pad_if_needed=True, padding_mode="reflect"),
    T.RandomResizedCrop(16),
    T.RandomRotation(20, expand=False),
    T.RandomAffine(20, (0.1, 0.1)),
    T.RandomPerspective(p=0.8),
    T.ColorJitter(0.4, 0.4, 0.4, 0.1),
    T.RandomGrayscale(0.5),
    T.GaussianBlur(3),
    T.RandomInvert(),
    T.RandomPosterize(3),
    T.RandomSolarize(100),
    T.RandomAdjustSharpness(2),
    T.RandomAutocontrast(),
    T.RandomEqualize(),
    T.RandomApply([T.RandomHorizontalFlip(1), T.RandomInvert(1)]),
    T.RandomChoice([T.RandomInvert(1), T.RandomVerticalFlip(1)]),
    T.RandomOrder([T.RandomInvert(0.5), T.RandomRotation(9)]),
    T.AutoAugment(),
    T.AutoAugment(T.AutoAugmentPolicy.SVHN),
    T.RandAugment(),
    T.TrivialAugmentWide(),
]


@pytest.mark.parametrize("transform", RANDOM, ids=lambda t: type(t).__name__)
def test_seeded_on_tensors_and_pil_images(transform, bytes_, pil):
    for picture in (bytes_, pil):
        outs = []
        for seed in (1, 1, *range(2, 9)):
            tg.manual_seed(seed)
            outs.append(as_array(transform(picture)))
        np.testing.assert_array_equal(outs[0], outs[1])
        assert len({out.tobytes() for out in outs}) > 1
        assert all(out.dtype == np.uint8 for out in outs)
    assert repr(transform).startswith(type(transform).__name__)


def test_one_draw_for_a_batch(floats):
    tg.manual_seed(0)
    out = T.RandomCrop(9)(floats.expand(4, 3, 37, 53)).numpy()
    assert all((each == out[0]).all() for each in out)


def test_probabilities(floats):
    tg.manual_seed(0)
    flipped = sum(T.RandomHorizontalFlip(0.3)(floats) is not floats for _ in range(400))
    assert 90 < flipped < 150
    assert T.RandomVerticalFlip(0)(floats) is floats
    chosen = [T.RandomChoice([lambda x: 0, lambda x: 1, lambda x: 2], [1, 0, 3])(None) for _ in range(400)]
    assert chosen.count(1) == 0
    assert 70 < chosen.count(0) < 130


def test_random_resized_crop_keeps_to_its_ranges(floats):
    tg.manual_seed(0)
    for _ in range(50):
        top, left, h, w = T.RandomResizedCrop.get_params(floats, (0.2, 0.5), (0.5, 2))
        assert 0.17 < h * w / (37 * 53) < 0.56
        assert 0.4 < w / h < 2.3
        assert top + h <= 37
        assert left + w <= 53
    assert T.RandomResizedCrop.get_params(tg.zeros(1, 10, 100), (1, 1), (1, 1)) == (0, 45, 10, 10)


def test_random_erasing(floats):
    tg.manual_seed(0)
    out = T.RandomErasing(1, value=(0.1, 0.2, 0.3))(floats)
    changed = (out != floats).numpy().any(axis=0)
    assert 0.01 < changed.mean() < 0.4
    assert out.numpy()[:, changed].T[0].tolist() == pytest.approx([0.1, 0.2, 0.3])
    noise = T.RandomErasing(1, value="random")(floats)
    assert noise.min().item() < 0
    assert T.RandomErasing(0)(floats) is floats
    own = floats.clone()
    assert T.RandomErasing(1, inplace=True)(own) is own


def test_parameters_of_transforms(floats):
    tg.manual_seed(0)
    assert -10 <= T.RandomRotation.get_params((-10, 10)) <= 10
    angle, (right, down), scale, shear = T.RandomAffine.get_params((1, 2), (0.5, 0.5), (1, 2), (3, 4, 5, 6), (10, 20))
    assert 1 <= angle <= 2
    assert abs(right) <= 5
    assert abs(down) <= 10
    assert 1 <= scale <= 2
    assert 3 <= shear[0] <= 4
    assert 5 <= shear[1] <= 6
    order, *amounts = T.ColorJitter.get_params((0.5, 1), None, None, (-0.1, 0.1))
    assert sorted(order) == [0, 1, 2, 3]
    assert amounts[1:3] == [None, None]
    corners, moved = T.RandomPerspective.get_params(53, 37, 0.5)
    assert corners[2] == [52, 36]
    assert all(abs(a - b) <= 13 for p, q in zip(corners, moved, strict=True) for a, b in zip(p, q, strict=True))


def test_transforms_are_modules(floats):
    both = nn.Sequential(T.CenterCrop(10), T.Normalize(0.5, 0.5))
    assert both(floats).shape == (3, 10, 10)
    whitened = T.LinearTransformation(tg.eye(12) * 2, tg.ones(12))(tg.ones(3, 2, 2) * 3)
    assert whitened.tolist() == (tg.ones(3, 2, 2) * 4).tolist()
    assert T.Scale is T.Resize
    assert T.RandomSizedCrop is T.RandomResizedCrop
    assert F.get_dimensions(floats) == [3, 37, 53]


def test_the_newer_names(pil):
    both = v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip(1), v2.ToDtype(tg.float32, scale=True)])
    np.testing.assert_allclose(both(pil).numpy(), BYTES[:, ::-1].transpose(2, 0, 1) / np.float32(255), rtol=1e-6)
    assert v2.ToDtype(tg.int32)(v2.ToImage()(BYTES)).max().item() == BYTES.max()


def test_the_preset(pil):
    out = T.presets.ImageClassification(crop_size=16, resize_size=20)(pil)
    assert out.shape == (3, 16, 16)
    expected = F.normalize(
        F.to_tensor(F.center_crop(F.resize(pil, 20), 16)), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    )
    np.testing.assert_allclose(out.numpy(), expected.numpy(), atol=1e-6)
