"""Batches that are mixed with themselves."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.vision import transforms
from tinygrad_cnn.vision.transforms import v2


def batch():
    return tg.arange(4.0).reshape(4, 1, 1, 1).expand(4, 3, 8, 6).clone(), tg.tensor([0, 1, 2, 3])


@pytest.mark.parametrize("kind", [v2.MixUp, v2.CutMix])
def test_labels_are_mixed_as_the_pictures_are(kind):
    images, labels = batch()
    mix = kind(num_classes=4)
    shares = set()
    for seed in range(16):
        tg.manual_seed(seed)
        mixed, soft = mix(images, labels)
        assert mixed.shape == images.shape
        assert soft.sum(1).tolist() == pytest.approx([1] * 4)
        expected = (soft * tg.arange(4.0)).sum(1)  # the mean value of a picture, as each holds its label
        assert mixed.mean((1, 2, 3)).tolist() == pytest.approx(expected.tolist(), abs=1e-5)
        shares.add(round(soft[0, 0].item(), 4))
        tg.manual_seed(seed)
        assert tg.equal(mix((images, labels))[0], mixed)
    assert len(shares) > 5
    assert batch()[0].tolist() == images.tolist()


def test_a_share_is_from_the_beta_distribution():
    tg.manual_seed(0)
    shares = [v2.MixUp(alpha=3.0, num_classes=2)._share() for _ in range(2000)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)
    assert np.var(shares) == pytest.approx(1 / (4 * 7), abs=0.004)


def test_soft_labels_stay_soft():
    images, _ = batch()
    assert v2.RandomChoice([v2.MixUp(), v2.CutMix()])(images, tg.eye(4))[1].shape == (4, 4)


def test_what_is_refused():
    images, labels = batch()
    for call, message in (
        (lambda: v2.MixUp(alpha=0), "MixUp: alpha must be above 0; got 0"),
        (lambda: v2.MixUp()(images, labels), "MixUp: labels are numbers of classes, so num_classes is needed"),
        (lambda: v2.CutMix(num_classes=4)(images[0], labels), r"CutMix: expected a batch \(N, C, H, W\) and N labels"),
        (lambda: v2.GaussianNoise()(images.long()), "GaussianNoise: expected pictures of floats; got dtype .*int64"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(NotImplementedError, match="CutMix: the labels must come behind the pictures"):
        v2.CutMix(labels_getter=None)
    with pytest.raises(TypeError, match="Compose: expected a list of transforms; got 3; put it in a list"):
        transforms.Compose(3)
    with pytest.raises(TypeError, match="Compose: element 1 must be a transform, which can be called; got 3"):
        transforms.Compose([v2.ToImage(), 3])


def test_noise():
    tg.manual_seed(0)
    x = tg.full((3, 40, 40), 0.5)
    noisy = v2.GaussianNoise(sigma=0.1)(v2.Identity()(v2.ToPureTensor()(x)))
    assert noisy.std().item() == pytest.approx(0.1, abs=0.01)
    assert v2.GaussianNoise(sigma=9.0)(x).max() == 1
