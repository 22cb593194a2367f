"""Networks against torchvision 0.28: `torchvision_models.json` holds what its networks are and say.

Of each it has the number of entries of the state and of parameters, the beginning of the SHA-256 of all names and
shapes in order, and for the weights and pictures that are made below, in eval mode, four numbers of its output: the
mean, the standard deviation and two entries.
"""

import hashlib
import json
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import hub, nn
from tinygrad_cnn.vision import models
from tinygrad_cnn.vision.models import registry
from tinygrad_cnn.vision.models.densenet import _new_name
from tinygrad_cnn.vision.models.weights import FILES
from tinygrad_cnn.vision.ops import stochastic_depth

KNOWN = json.loads(Path(__file__).with_name("torchvision_models.json").read_text())
# One of each family, the smallest.
FAMILIES = [
    *("resnet18", "squeezenet1_0", "squeezenet1_1", "densenet121", "googlenet", "inception_v3", "mobilenet_v2"),
    *("mobilenet_v3_small", "shufflenet_v2_x0_5", "efficientnet_b0", "mnasnet0_5"),
]
LARGE = ["alexnet", "resnext50_32x4d", "mobilenet_v3_large", "efficientnet_v2_s"]


def values(name, shape):
    """Weights that are the same everywhere, and keep the signal's size."""
    rng = np.random.default_rng(crc32(name.encode()))
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    if len(shape) > 1:
        return rng.standard_normal(shape, dtype=np.float32) * np.float32((2 / np.prod(shape[1:])) ** 0.5)
    if name.endswith(("running_var", "weight")):
        return rng.random(shape, dtype=np.float32) + np.float32(0.5)
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(0.1)


@pytest.fixture
def without_first_values(monkeypatch):
    """Weights begin as whatever is in memory, which costs no time."""
    for layer in (nn.Linear, nn.Conv2d):
        monkeypatch.setattr(layer, "reset_parameters", lambda self: None)
    for name in ("kaiming_normal_", "kaiming_uniform_", "trunc_normal_", "normal_", "uniform_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *_, **__: tensor)


def test_every_network_with_weights_is_compared():
    assert set(KNOWN) == set(FILES)
    assert set(FILES) < set(models.list_models())


@pytest.mark.parametrize("name", KNOWN)
def test_names_and_shapes(name, without_first_values):
    state = models.get_model(name).state_dict()
    lines = "\n".join(f"{key} {tuple(tensor.shape)}" for key, tensor in state.items())
    assert len(state) == KNOWN[name]["entries"]
    assert hashlib.sha256(lines.encode()).hexdigest()[:16] == KNOWN[name]["digest"]


def output_of(name, dtype=tg.float32):
    model = models.get_model(name).eval()
    side = 96 if name == "inception_v3" else 64
    pictures = np.random.default_rng(1).random((2, 3, side, side), dtype=np.float32)
    with tg.no_grad():
        for key, tensor in model.state_dict().items():
            tensor.copy_(tg.tensor(values(key, tuple(tensor.shape))))
        out = model.to(dtype)(tg.tensor(pictures, dtype=dtype)).numpy().astype(np.float64)
    assert sum(p.numel() for p in model.parameters()) == KNOWN[name]["parameters"]
    return [out.mean(), out.std(), out[0, 0], out[1, 499]]


@pytest.mark.parametrize("name", FAMILIES)
def test_outputs(name, without_first_values):
    np.testing.assert_allclose(output_of(name), KNOWN[name]["output"], rtol=1e-3, atol=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_outputs_of_large_networks(name, without_first_values):
    # With these weights the values of EfficientNetV2 grow so large that float32 says nothing.
    dtype = tg.float64 if name == "efficientnet_v2_s" else tg.float32
    np.testing.assert_allclose(output_of(name, dtype), KNOWN[name]["output"], rtol=1e-3, atol=2e-4)


# training -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shufflenet_v2_x0_5"])
def test_a_network_trains(name):
    tg.manual_seed(0)
    model = models.get_model(name, num_classes=4)
    loss = nn.functional.cross_entropy(model(tg.rand(4, 3, 32, 32)), tg.tensor([0, 1, 2, 3]))
    loss.backward()
    assert all(p.grad is not None and np.isfinite(p.grad.numpy()).all() for p in model.parameters())


def test_auxiliary_heads():
    x = tg.rand(2, 3, 64, 64)
    out = models.googlenet(num_classes=3).train()(x)
    assert [each.shape for each in out] == [(2, 3)] * 3
    assert out._fields == ("logits", "aux_logits2", "aux_logits1")
    model = models.inception_v3(num_classes=3)
    assert model.AuxLogits.eval()(tg.rand(1, 768, 17, 17)).shape == (1, 3)
    model.AuxLogits = nn.Identity()  # it needs pictures of 299 pixels
    out = model.train()(tg.rand(2, 3, 96, 96))
    assert (out.logits.shape, out.aux_logits.shape) == ((2, 3), (2, 768, 4, 4))
    assert model.eval()(tg.rand(2, 3, 96, 96)).shape == (2, 3)
    plain = models.inception_v3(num_classes=3, aux_logits=False).train()
    assert not any(key.startswith("AuxLogits") for key in plain.state_dict())


def test_memory_efficient_densenet():
    tg.manual_seed(0)
    plain = models.DenseNet(4, (2, 2), 8, num_classes=3)
    sparing = models.DenseNet(4, (2, 2), 8, num_classes=3, memory_efficient=True)
    sparing.load_state_dict(plain.state_dict())
    x = tg.rand(2, 3, 32, 32)
    gradients = []
    for model in (plain, sparing):
        model(x).sum().backward()
        gradients.append([p.grad.numpy() for p in model.parameters()])
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_stochastic_depth():
    tg.manual_seed(0)
    x = tg.ones(1000, 2)
    out = stochastic_depth(x, 0.25, "row").numpy()
    assert np.unique(out.round(4)).tolist() == pytest.approx([0, 1.3333])
    assert 0.68 < (out[:, 0] > 0).mean() < 0.82
    assert (out[:, 0] == out[:, 1]).all()
    assert len(np.unique(stochastic_depth(x, 0.5, "batch").numpy())) == 1
    assert stochastic_depth(x, 0.5, "row", training=False) is x
    assert not stochastic_depth(x, 1.0, "row").numpy().any()
    with pytest.raises(ValueError, match="p must be in"):
        stochastic_depth(x, 2, "row")
    with pytest.raises(ValueError, match="mode must be 'batch' or 'row'; got 'column'"):
        stochastic_depth(x, 0.5, "column")


def test_dilated_stages():
    model = models.ResNet(models.resnet.Bottleneck, [1] * 4, 5, replace_stride_with_dilation=[False, True, True])
    assert model.layer4[0].conv2.dilation in ((2, 2), 2)
    assert model(tg.zeros(1, 3, 64, 64)).shape == (1, 5)
    with pytest.raises(ValueError, match="an entry for each of stages 2, 3 and 4"):
        models.ResNet(models.resnet.Bottleneck, [1] * 4, replace_stride_with_dilation=[True])
    with pytest.raises(ValueError, match="BasicBlock: groups=1, base_width=64 and dilation=1"):
        models.ResNet(models.resnet.BasicBlock, [1] * 4, groups=2)


def test_zero_init_residual():
    model = models.ResNet(models.resnet.BasicBlock, [1] * 4, 5, zero_init_residual=True)
    assert not model.layer1[0].bn2.weight.numpy(force=True).any()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: models.SqueezeNet("2_0"), "version must be '1_0' or '1_1'"),
        (lambda: models.MNASNet(0), "alpha must be positive"),
        (lambda: models.ShuffleNetV2([1], [1]), "expected 3 numbers of blocks and 5 of channels"),
        (
            lambda: models.MobileNetV2(inverted_residual_setting=[[1]]),
            "a stage is .expansion, channels, blocks, stride",
        ),
        (lambda: models.get_model("resnet19"), "there is no network 'resnet19'; the nearest is 'resnet18'"),
        (lambda: models.get_weight("ResNet18_Weights.V7"), "there are no weights 'ResNet18_Weights.V7'"),
        (lambda: models.unet(weights="DEFAULT"), "there are no weight files for this network"),
        (lambda: models.resnet18(weights="V9"), "weights are None or one of ResNet18_Weights: IMAGENET1K_V1, DEFAULT"),
        (lambda: models.resnet18(weights=models.ResNet34_Weights.DEFAULT), "one of ResNet18_Weights"),
        (lambda: models.resnet18(weights="DEFAULT", num_classes=10), "for 1000 classes; got num_classes=10"),
    ],
)
def test_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


# weights --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty folder of downloads, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def no_network(request, timeout):
        raise OSError("no network")

    monkeypatch.setattr("tinygrad_cnn.io.download.urlopen", no_network)
    return tmp_path / "hub" / "checkpoints"


def small(name, **kwargs):
    """A builder of a small ResNet under the name of one with weight files."""

    def build(**arguments):
        return models.ResNet(models.resnet.BasicBlock, [1] * 4, 1000, **arguments)

    build.__name__ = name
    return registry.network(**kwargs)(build)


def test_weights_come_from_the_folder_of_downloads(cache, monkeypatch):
    monkeypatch.setattr(registry, "BUILDERS", {})
    build = small("resnet18")
    with pytest.raises(RuntimeError) as caught:
        build(weights="DEFAULT")
    message = str(caught.value)
    assert "resnet18-f37072fd.pth could not be downloaded" in message
    assert f"put it at {cache / 'resnet18-f37072fd.pth'}" in message
    assert "https://download.pytorch.org/models/resnet18-f37072fd.pth: no network" in message
    trained = build()
    cache.mkdir(parents=True, exist_ok=True)
    tg.save(trained.state_dict(), cache / "resnet18-f37072fd.pth")
    for arguments in (
        {"weights": "DEFAULT"},
        {"weights": models.ResNet18_Weights.IMAGENET1K_V1},
        {"weights": "ResNet18_Weights.IMAGENET1K_V1"},
        {"pretrained": True},
    ):
        loaded = build(**arguments)
        assert (loaded.fc.weight == trained.fc.weight).all()
    assert (build(True).fc.weight == trained.fc.weight).all()
    assert not (build(pretrained=False).fc.weight == trained.fc.weight).all()


def test_old_names_and_heads_that_are_not_wanted(cache, monkeypatch):
    monkeypatch.setattr(registry, "BUILDERS", {})
    trained = small("resnet18")()
    old = {key.replace("fc.", "last."): value for key, value in trained.state_dict().items()}
    cache.mkdir(parents=True)
    tg.save({**old, "aux.weight": tg.ones(3)}, cache / "resnet18-f37072fd.pth")
    build = small("resnet18", rename=lambda key: key.replace("last.", "fc."), optional=("aux.",))
    assert (build(weights="DEFAULT").fc.weight == trained.fc.weight).all()
    with pytest.raises(RuntimeError, match=r"Unexpected key\(s\) in state_dict: .*aux.weight"):
        small("resnet18", rename=lambda key: key.replace("last.", "fc."))(weights="DEFAULT")


def test_the_names_of_old_densenet_files():
    assert _new_name("features.denseblock1.denselayer12.norm.1.weight") == (
        "features.denseblock1.denselayer12.norm1.weight"
    )
    assert _new_name("features.denseblock1.denselayer1.conv2.weight").endswith("conv2.weight")


def test_enums():
    assert models.get_model_weights("resnet50") is models.ResNet50_Weights
    assert models.get_model_weights(models.resnet50) is models.ResNet50_Weights
    weights = models.get_weight("ResNet50_Weights.DEFAULT")
    assert weights is models.ResNet50_Weights.IMAGENET1K_V2
    assert weights.url == "https://download.pytorch.org/models/resnet50-11ad3fa6.pth"
    assert weights.transforms().resize_size == [232]
    assert models.EfficientNet_V2_L_Weights.DEFAULT.transforms().mean == [0.5, 0.5, 0.5]
    with pytest.raises(AttributeError, match="no attribute 'ResNet19_Weights'"):
        _ = models.ResNet19_Weights


def test_hub(cache, tmp_path):
    assert hub.get_dir() == str(tmp_path / "hub")
    assert isinstance(hub.load("pytorch/vision:v0.10.0", "unet", width=2, depth=1), models.UNet)
    with pytest.raises(RuntimeError, match=r"hub.load: someone/repo is code to be downloaded and run"):
        hub.load("someone/repo", "net")
