"""Which weight files there are for the networks of torchvision, and how pictures are prepared for them."""

from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from ...hub import load_state_dict_from_url

URL = "https://download.pytorch.org/models/"


class File(NamedTuple):
    """A weight file, and the size, interpolation and statistics of the pictures that it was trained on."""

    name: str
    crop: int = 224
    resize: int = 256
    interpolation: str = "bilinear"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


# Network: (torchvision's name for its weights, the file of each version, the oldest first).
FILES: dict[str, tuple[Any, ...]] = {
    "alexnet": ("AlexNet", File("alexnet-owt-7be5be79.pth")),
    "vgg11": ("VGG11", File("vgg11-8a719046.pth")),
    "vgg13": ("VGG13", File("vgg13-19584684.pth")),
    "vgg16": ("VGG16", File("vgg16-397923af.pth")),
    "vgg19": ("VGG19", File("vgg19-dcbb9e9d.pth")),
    "vgg11_bn": ("VGG11_BN", File("vgg11_bn-6002323d.pth")),
    "vgg13_bn": ("VGG13_BN", File("vgg13_bn-abd245e5.pth")),
    "vgg16_bn": ("VGG16_BN", File("vgg16_bn-6c64b313.pth")),
    "vgg19_bn": ("VGG19_BN", File("vgg19_bn-c79401a0.pth")),
    "resnet18": ("ResNet18", File("resnet18-f37072fd.pth")),
    "resnet34": ("ResNet34", File("resnet34-b627a593.pth")),
    "resnet50": ("ResNet50", File("resnet50-0676ba61.pth"), File("resnet50-11ad3fa6.pth", 224, 232)),
    "resnet101": ("ResNet101", File("resnet101-63fe2227.pth"), File("resnet101-cd907fc2.pth", 224, 232)),
    "resnet152": ("ResNet152", File("resnet152-394f9c45.pth"), File("resnet152-f82ba261.pth", 224, 232)),
    "resnext50_32x4d": (
        "ResNeXt50_32X4D",
        File("resnext50_32x4d-7cdf4587.pth"),
        File("resnext50_32x4d-1a0047aa.pth", 224, 232),
    ),
    "resnext101_32x8d": (
        "ResNeXt101_32X8D",
        File("resnext101_32x8d-8ba56ff5.pth"),
        File("resnext101_32x8d-110c445d.pth", 224, 232),
    ),
    "resnext101_64x4d": ("ResNeXt101_64X4D", File("resnext101_64x4d-173b62eb.pth", 224, 232)),
    "wide_resnet50_2": (
        "Wide_ResNet50_2",
        File("wide_resnet50_2-95faca4d.pth"),
        File("wide_resnet50_2-9ba9bcbe.pth", 224, 232),
    ),
    "wide_resnet101_2": (
        "Wide_ResNet101_2",
        File("wide_resnet101_2-32ee1156.pth"),
        File("wide_resnet101_2-d733dc28.pth", 224, 232),
    ),
    "squeezenet1_0": ("SqueezeNet1_0", File("squeezenet1_0-b66bff10.pth")),
    "squeezenet1_1": ("SqueezeNet1_1", File("squeezenet1_1-b8a52dc0.pth")),
    "densenet121": ("DenseNet121", File("densenet121-a639ec97.pth")),
    "densenet161": ("DenseNet161", File("densenet161-8d451a50.pth")),
    "densenet169": ("DenseNet169", File("densenet169-b2777c0a.pth")),
    "densenet201": ("DenseNet201", File("densenet201-c1103571.pth")),
    "googlenet": ("GoogLeNet", File("googlenet-1378be20.pth")),
    "inception_v3": ("Inception_V3", File("inception_v3_google-0cc3c7bd.pth", 299, 342)),
    "mobilenet_v2": ("MobileNet_V2", File("mobilenet_v2-b0353104.pth"), File("mobilenet_v2-7ebf99e0.pth", 224, 232)),
    "mobilenet_v3_large": (
        "MobileNet_V3_Large",
        File("mobilenet_v3_large-8738ca79.pth"),
        File("mobilenet_v3_large-5c1a4163.pth", 224, 232),
    ),
    "mobilenet_v3_small": ("MobileNet_V3_Small", File("mobilenet_v3_small-047dcff4.pth")),
    "shufflenet_v2_x0_5": ("ShuffleNet_V2_X0_5", File("shufflenetv2_x0.5-f707e7126e.pth")),
    "shufflenet_v2_x1_0": ("ShuffleNet_V2_X1_0", File("shufflenetv2_x1-5666bf0f80.pth")),
    "shufflenet_v2_x1_5": ("ShuffleNet_V2_X1_5", File("shufflenetv2_x1_5-3c479a10.pth", 224, 232)),
    "shufflenet_v2_x2_0": ("ShuffleNet_V2_X2_0", File("shufflenetv2_x2_0-8be3c8ee.pth", 224, 232)),
    "efficientnet_b0": ("EfficientNet_B0", File("efficientnet_b0_rwightman-7f5810bc.pth", 224, 256, "bicubic")),
    "efficientnet_b1": (
        "EfficientNet_B1",
        File("efficientnet_b1_rwightman-bac287d4.pth", 240, 256, "bicubic"),
        File("efficientnet_b1-c27df63c.pth", 240, 255),
    ),
    "efficientnet_b2": ("EfficientNet_B2", File("efficientnet_b2_rwightman-c35c1473.pth", 288, 288, "bicubic")),
    "efficientnet_b3": ("EfficientNet_B3", File("efficientnet_b3_rwightman-b3899882.pth", 300, 320, "bicubic")),
    "efficientnet_b4": ("EfficientNet_B4", File("efficientnet_b4_rwightman-23ab8bcd.pth", 380, 384, "bicubic")),
    "efficientnet_b5": ("EfficientNet_B5", File("efficientnet_b5_lukemelas-1a07897c.pth", 456, 456, "bicubic")),
    "efficientnet_b6": ("EfficientNet_B6", File("efficientnet_b6_lukemelas-24a108a5.pth", 528, 528, "bicubic")),
    "efficientnet_b7": ("EfficientNet_B7", File("efficientnet_b7_lukemelas-c5b4e57e.pth", 600, 600, "bicubic")),
    "efficientnet_v2_s": ("EfficientNet_V2_S", File("efficientnet_v2_s-dd5fe13b.pth", 384, 384)),
    "efficientnet_v2_m": ("EfficientNet_V2_M", File("efficientnet_v2_m-dc08266a.pth", 480, 480)),
    "efficientnet_v2_l": (
        "EfficientNet_V2_L",
        File("efficientnet_v2_l-59c71312.pth", 480, 480, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ),
    "mnasnet0_5": ("MNASNet0_5", File("mnasnet0.5_top1_67.823-3ffadce67e.pth")),
    "mnasnet0_75": ("MNASNet0_75", File("mnasnet0_75-7090bc5f.pth", 224, 232)),
    "mnasnet1_0": ("MNASNet1_0", File("mnasnet1.0_top1_73.512-f206786ef8.pth")),
    "mnasnet1_3": ("MNASNet1_3", File("mnasnet1_3-a4c69d6f.pth", 224, 232)),
}


class WeightsEnum(Enum):
    """The weight files of one network: `IMAGENET1K_V1`, perhaps `IMAGENET1K_V2`, and `DEFAULT`, the newest.

    >>> ResNet50_Weights = enum_of("resnet50")
    >>> ResNet50_Weights.DEFAULT, ResNet50_Weights.IMAGENET1K_V1.url
    (ResNet50_Weights.IMAGENET1K_V2, 'https://download.pytorch.org/models/resnet50-0676ba61.pth')
    """

    @property
    def url(self) -> str:
        """Where PyTorch keeps the file."""
        return f"{URL}{self.value.name}"

    @property
    def meta(self) -> dict[str, Any]:
        """What is known of the file: the number of classes."""
        return {"num_classes": 1000}

    def transforms(self, **changes: Any) -> Any:
        """What makes of a picture what the network expects."""
        from ..transforms.presets import ImageClassification

        file = self.value
        kept = {"crop_size": file.crop, "resize_size": file.resize, "interpolation": file.interpolation}
        return ImageClassification(**{**kept, "mean": file.mean, "std": file.std, **changes})

    def get_state_dict(self, progress: bool = True, check_hash: bool = True, **kwargs: Any) -> Any:
        """The tensors of the file, from `hub.get_dir()` or the network.

        Raises:
            DownloadError: (a RuntimeError) when neither has it, with the path to put it at.
        """
        return load_state_dict_from_url(self.url, progress=progress, check_hash=check_hash, **kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


@cache
def enum_of(network: str) -> type[WeightsEnum]:
    """The weight files of a network, by its name in FILES."""
    name, *files = FILES[network]
    members: dict[str, Any] = {f"IMAGENET1K_V{version}": file for version, file in enumerate(files, 1)}
    functional: Any = WeightsEnum
    return functional(f"{name}_Weights", {**members, "DEFAULT": files[-1]})  # type: ignore[no-any-return]


def enum_named(name: str) -> type[WeightsEnum] | None:
    """`ResNet18_Weights` by that name; None for any other name."""
    networks = [network for network, (stem, *_) in FILES.items() if name == f"{stem}_Weights"]
    return enum_of(networks[0]) if networks else None


def chosen(network: str, weights: Any) -> WeightsEnum | None:
    """The weights that are meant: a member, its name ("DEFAULT", "IMAGENET1K_V1", "ResNet18_Weights.DEFAULT"), True or
    None.

    Raises:
        ValueError: for weights of another network, or a name that is not there.
    """
    if weights is None or weights is False:
        return None
    if network not in FILES:
        raise ValueError(f"{network}: there are no weight files for this network; got weights={weights!r}")
    known = enum_of(network)
    if weights is True:  # what `pretrained=True` meant
        return known["IMAGENET1K_V1"]
    if isinstance(weights, known):
        return weights
    kind, _, name = weights.rpartition(".") if isinstance(weights, str) else ("", "", "")
    if name not in known.__members__ or kind not in ("", known.__name__):
        there = ", ".join(known.__members__)
        raise ValueError(f"{network}: weights are None or one of {known.__name__}: {there}; got {weights!r}")
    return known[name]
