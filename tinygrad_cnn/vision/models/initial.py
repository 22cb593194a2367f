"""First values of weights, as the papers and torchvision choose them."""

from collections.abc import Callable

from ... import nn

Fill = Callable[[nn.Parameter], object]


def kaiming_fan_out(weight: nn.Parameter) -> object:
    """A normal distribution that keeps the size of gradients through ReLU (He et al., 2015)."""
    return nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")


def small_normal(weight: nn.Parameter) -> object:
    """A normal distribution with standard deviation 0.01."""
    return nn.init.normal_(weight, 0.0, 0.01)


def initialise(model: nn.Module, conv: Fill, linear: Fill | None = None) -> None:
    """Fill the weights of convolutions, and of linear layers; biases become 0, the scales of normalisation 1."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            conv(module.weight)
        elif isinstance(module, nn.Linear):
            if linear is None:
                continue
            linear(module.weight)
        elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm) and module.weight is not None:
            nn.init.ones_(module.weight)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def divisible(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor` that is not more than 10 % below."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded
