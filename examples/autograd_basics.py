"""Automatic differentiation, from the first product to two neurons. Run it, change a number, run it again."""

import argparse

import tinygrad_cnn as tg


def main() -> None:
    """Print values and derivatives that can be checked by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the same: it is short")
    parser.parse_args()

    print("1. A tensor that asks for a gradient remembers what is done with it.")
    x = tg.tensor(3.0, requires_grad=True)
    w = tg.tensor(2.0, requires_grad=True)
    y = w * x**2
    print(f"   y = w x² = {y.item()}, computed by {y.grad_fn}, from {y.grad_fn.inputs}")

    print("2. backward() walks that graph from the result to the leaves.")
    y.backward()
    print(f"   dy/dx = 2 w x = {x.grad.item()},  dy/dw = x² = {w.grad.item()}")

    print("3. Gradients add up until they are cleared.")
    (w * x).backward()
    print(f"   after another backward of w x: dy/dx = 12 + 2 = {x.grad.item()}")

    print("4. With create_graph the derivative is a tensor like any other, and has derivatives itself.")
    (first,) = tg.autograd.grad(x**3, x, create_graph=True)
    (second,) = tg.autograd.grad(first, x, create_graph=True)
    (third,) = tg.autograd.grad(second, x)
    print(f"   x³ at 3: {first.item()}, {second.item()}, {third.item()}   (3x², 6x, 6)")

    print("5. Shapes broadcast, and gradients are summed back to the shapes of what was broadcast.")
    matrix = tg.ones(4, 3, requires_grad=True)
    row = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (matrix * row).sum().backward()
    print(f"   the row met 4 lines of ones: {row.grad.tolist()}")

    print("6. Two neurons, trained to tell whether a point lies above a line.")
    tg.manual_seed(0)
    points = tg.randn(64, 2)
    above = (points[:, 1] > points[:, 0]).float()
    weights, bias = tg.randn(2, requires_grad=True), tg.zeros((), requires_grad=True)
    for step in range(101):
        chance = (points @ weights + bias).sigmoid()
        loss = -(above * chance.log() + (1 - above) * (1 - chance).log()).mean()
        loss.backward()
        with tg.no_grad():
            for parameter in (weights, bias):
                parameter -= 1.0 * parameter.grad
                parameter.grad = None
        if step % 25 == 0:
            print(f"   step {step:3}: loss {loss.item():.4f}, weights {[round(v, 2) for v in weights.tolist()]}")

    print("7. A mistake is answered in words.")
    try:
        weights.exp_()
    except RuntimeError as error:
        print(f"   {error}")


if __name__ == "__main__":
    main()
