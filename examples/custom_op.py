"""An operation of one's own: the native way, in four lines, and PyTorch's, in a class. Both are checked numerically."""

import argparse
from typing import Any

import tinygrad_cnn as tg
from tinygrad_cnn.autograd import Function, elementwise, gradcheck, gradgradcheck


# The rule above, the function below. Rules are written in tensor operations, so the second derivative comes for free.
@elementwise(dtypes="float", x=lambda g, x: g / (1 + abs(x)) ** 2)
def softsign(backend: Any, x: Any) -> Any:
    """x / (1 + |x|)"""
    return x / (1 + backend.xp.abs(x))


class Softsign(Function):
    """The same as a PyTorch program would write it."""

    @staticmethod
    def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
        """x / (1 + |x|)"""
        ctx.save_for_backward(x)
        return x / (1 + x.abs())

    @staticmethod
    def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
        """g / (1 + |x|)²"""
        (x,) = ctx.saved_tensors
        return g / (1 + x.abs()) ** 2


def main() -> None:
    """Use both, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the same: it is short")
    parser.parse_args()

    x = tg.linspace(-2, 2, 5, requires_grad=True)
    for name, function in (("@elementwise", softsign), ("Function", Softsign.apply)):
        y = function(x)
        (slope,) = tg.autograd.grad(y.sum(), x)
        print(f"{name:13} {y.grad_fn}: values {y.detach()}, slopes {slope}")

    point = tg.tensor([-1.5, 0.5, 2.0], dtype=tg.float64, requires_grad=True)
    for name, function in (("@elementwise", softsign), ("Function", Softsign.apply)):
        print(
            f"{name:13} first derivative right: {gradcheck(function, point)}, second: {gradgradcheck(function, point)}"
        )

    @elementwise(x=lambda g, x: g * x)
    def wrong_square(backend: Any, x: Any) -> Any:
        """x², with a rule that forgets the 2."""
        return x * x

    print("and a wrong rule is found out:")
    try:
        gradcheck(wrong_square, point)
    except RuntimeError as error:
        print(f"  {error}")


if __name__ == "__main__":
    main()
