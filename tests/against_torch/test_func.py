"""`func` and `autograd.functional` beside PyTorch's: values, structures, derivatives of the results, errors."""

from importlib import import_module
from typing import Any

import pytest

import tinygrad_cnn as tg
from tests.against_torch.agreement import normal
from tests.against_torch.test_autograd_surface import leaf, plain

torch = pytest.importorskip("torch")
# PyTorch's forward mode compiles some of its rules on first use.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


def func(lib: Any) -> Any:
    return import_module(f"{lib.__name__}.func")


def functional(lib: Any) -> Any:
    return import_module(f"{lib.__name__}.autograd.functional")


def close(a: Any, b: Any) -> bool:
    if a is None or isinstance(a, str):
        return a == b
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(close, a, b))
    return a == pytest.approx(b, rel=1e-9, abs=1e-12)


def same(program: Any) -> None:
    ours, theirs = plain(program(tg)), plain(program(torch))
    assert close(ours, theirs), (ours, theirs)


def fails(program: Any) -> str:
    """Both libraries refuse it, ours with a kind of error that PyTorch's catchers catch."""
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever PyTorch raises
        program(torch)
    with pytest.raises((theirs.type, TypeError)) as ours:
        program(tg)
    return str(ours.value)


def array(lib: Any, *shape: int, seed: int = 0) -> Any:
    return lib.tensor(normal(*shape, seed=seed))


def f(x: Any, y: Any) -> Any:
    return (x.exp() * y).sin().sum() + (x**3).sum()


def g(x: Any, y: Any) -> Any:
    return (x.exp()[:, None] * y[None]).sin()


def tree_function(w: Any, x: Any) -> Any:
    hidden = (x * w["a"]).tanh() + w["b"][0]
    return {"out": hidden * 2, "more": [(hidden * w["b"][1]).sum()]}


def tree(lib: Any) -> Any:
    return {"a": array(lib, 3), "b": (array(lib, 3, seed=1), array(lib, 1, seed=2)[0])}


@pytest.mark.parametrize("argnums", [0, 1, -1, (0, 1), (1,)])
def test_gradients(argnums: Any) -> None:
    def program(lib: Any) -> Any:
        x, y = array(lib, 3), array(lib, 3, seed=1)
        module = func(lib)
        found = module.grad(f, argnums)(x, y), module.grad_and_value(f, argnums)(x, y)
        return *found, x.requires_grad, x.grad

    same(program)


def test_value_first() -> None:
    x, y = array(tg, 3), array(tg, 3, seed=1)
    gradient, value = tg.func.grad_and_value(f)(x, y)
    again, same_gradient = tg.func.value_and_grad(f)(x, y)
    assert (value == again).all()
    assert (gradient == same_gradient).all()
    (out, aux), _ = tg.func.value_and_grad(lambda x: ((x**2).sum(), "aux"), has_aux=True)(x)
    assert (out.item(), aux) == ((x**2).sum().item(), "aux")


def test_auxiliary_outputs() -> None:
    def program(lib: Any) -> Any:
        x, y = array(lib, 3), array(lib, 3, seed=1)
        module = func(lib)

        def with_aux(x: Any, y: Any) -> Any:
            return f(x, y), {"square": x * x}

        def several(x: Any) -> Any:
            return x * y, [x + 1]

        results = [
            module.grad(with_aux, has_aux=True)(x, y),
            module.grad_and_value(with_aux, has_aux=True)(x, y),
            module.jacrev(several, has_aux=True)(x),
            module.jacfwd(several, has_aux=True)(x),
            module.jvp(several, (x,), (y,), has_aux=True),
        ]
        out, product, aux = module.vjp(several, x, has_aux=True)
        assert not aux[0].requires_grad
        assert not out.requires_grad
        return [*results, out, product(y), aux]

    same(program)


def test_nested() -> None:
    def program(lib: Any) -> Any:
        module = func(lib)
        x = array(lib, 3)

        def inner(x: Any) -> Any:
            return (x * module.grad(lambda y: (x * y**3).sum())(x)).sum()

        once = module.grad(lambda x: x.sin())
        return (
            module.grad(inner)(x),
            module.grad(module.grad(once))(x[0]),
            module.jacrev(module.jacrev(module.grad(inner)))(x),
            module.jvp(lambda x: module.jvp(lambda y: y**3 * x, (x,), (x,))[1], (x,), (x * 2,)),
            module.grad(lambda x: module.vjp(lambda y: y.exp() * x, x)[1](x)[0].sum())(x),
        )

    same(program)


def test_results_are_connected_with_the_callers_tensors() -> None:
    def program(lib: Any) -> Any:
        x, w = leaf(lib, 1, 2), leaf(lib, 3, 4)
        module = func(lib)
        slope = module.grad(lambda y: (y**2 * w).sum())(x)
        slope.sum().backward()
        hessian = module.hessian(lambda y: (y**2 * w).sum())(x.detach())
        constant = module.grad(lambda y: (y**2).sum())(x.detach())
        with lib.no_grad():
            without = module.grad(lambda y: (y**2 * w).sum())(x)
        return (
            *(slope.requires_grad, x.grad, w.grad, hessian.requires_grad, constant.requires_grad),
            *(without, without.requires_grad),
        )

    same(program)


def test_no_grad_inside_counts() -> None:
    def program(lib: Any) -> Any:
        def hidden(x: Any) -> Any:
            with lib.no_grad():
                square = x**2
            return (x * square).sum()

        return func(lib).grad(hidden)(array(lib, 3))

    same(program)


@pytest.mark.parametrize("name", ["jacrev", "jacfwd"])
def test_jacobians(name: str) -> None:
    def program(lib: Any) -> Any:
        jacobian = getattr(func(lib), name)
        x, y = array(lib, 3), array(lib, 2, seed=1)
        weights, inputs = tree(lib), array(lib, 3, seed=5)
        return (
            jacobian(g)(x, y),
            jacobian(g, argnums=1)(x, y),
            jacobian(g, argnums=(0, 1))(x, y),
            jacobian(lambda x, y: (g(x, y).sum(), [x]), argnums=(1, 0))(x, y),
            jacobian(tree_function, argnums=(0, 1))(weights, inputs),
            jacobian(lambda x: lib.ones(2).double())(x),
            jacobian(jacobian(lambda x: (x**3).cumsum(0)))(x),
        )

    same(program)


def test_hessians() -> None:
    def program(lib: Any) -> Any:
        hessian = func(lib).hessian
        x, y = array(lib, 3), array(lib, 3, seed=1)
        return hessian(f)(x, y), hessian(f, argnums=(0, 1))(x, y), hessian(lambda x: x.sum())(x)

    same(program)


def test_products() -> None:
    def program(lib: Any) -> Any:
        module = func(lib)
        x, y, u = array(lib, 3), array(lib, 2, seed=1), array(lib, 3, 2, seed=2)
        out, product = module.vjp(g, x, y)
        tree_out, tree_product = module.vjp(tree_function, tree(lib), x)
        _, single = module.vjp(lambda x: g(x, y), x)
        return (
            *(out, product(u), product(u * 2), single(u)),
            *(tree_out, tree_product(tree_out)),
            module.jvp(g, (x, y), (x * 2, y)),
            module.jvp(tree_function, (tree(lib), x), (tree(lib), x)),
        )

    same(program)


def test_linearized() -> None:
    x, y = array(tg, 3), array(tg, 2, seed=1)
    out, product = tg.func.linearize(g, x, y)
    for direction in ((x * 2, y), (x, y * 0)):
        assert plain((out, product(*direction))) == plain(tg.func.jvp(g, (x, y), direction))


def test_by_the_batch() -> None:
    def program(lib: Any) -> Any:
        module = func(lib)
        x, y = array(lib, 4, 3), array(lib, 3, 4, seed=1)
        return (
            module.vmap(lambda a, b: (a * b).sum(), in_dims=(0, 1))(x, y),
            module.vmap(lambda a, b: a * b, in_dims=(0, None), out_dims=1)(x, y[:, 0]),
            module.vmap(lambda a: {"a": a * 2, "b": [a.sum()]})(x),
            module.vmap(lambda t, b: t["a"] * t["b"][0] + b, in_dims=({"a": 0, "b": None}, 1))(
                {"a": x, "b": [x[0]]}, y
            ),
            module.vmap(lambda a: (a, a + 1), out_dims=(0, 1))(x),
            module.vmap(module.vmap(lambda a: a * a))(x),
            module.vmap(lambda a, b: module.grad(f)(a, b), in_dims=(0, -1))(x, y),
            module.vmap(module.jacrev(lambda a: a**2))(x),
        )

    same(program)


def test_gradients_through_a_batch() -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, 1, 2, 3)
        func(lib).vmap(lambda a: a**3)(x).sum().backward()
        return x.grad, func(lib).grad(lambda x: func(lib).vmap(lambda a: a**3)(x).sum())(x)

    same(program)


def test_random_numbers_by_the_batch() -> None:
    x = tg.zeros(5)
    with pytest.raises(RuntimeError, match="vmap: the function used random numbers"):
        tg.func.vmap(lambda a: a + tg.rand(()))(x)
    different = tg.func.vmap(lambda a: a + tg.rand(()), randomness="different")(x)
    assert len(set(different.tolist())) == 5
    alike = tg.func.vmap(lambda a: a + tg.rand(()), randomness="same")(x)
    assert len(set(alike.tolist())) == 1
    assert tg.rand(()).item() != alike[0].item()
    with pytest.raises(RuntimeError, match="vmap: randomness must be"):
        tg.func.vmap(lambda a: a, randomness="some")


@pytest.mark.parametrize(
    "program",
    [
        lambda lib: func(lib).grad(lambda x: x * 2)(array(lib, 3)),
        lambda lib: func(lib).grad(lambda x: 3)(array(lib, 3)),
        lambda lib: func(lib).grad(f, argnums=2)(array(lib, 3), array(lib, 3)),
        lambda lib: func(lib).grad(f, argnums=(0, 0))(array(lib, 3), array(lib, 3)),
        lambda lib: func(lib).grad(f, argnums=())(array(lib, 3), array(lib, 3)),
        lambda lib: func(lib).grad(f, argnums=1.5)(array(lib, 3), array(lib, 3)),
        lambda lib: func(lib).grad(lambda x: x.sum(), has_aux=True)(array(lib, 3)),
        lambda lib: func(lib).grad(lambda x: (x * 1.0).sum())(lib.ones(3).long()),
        lambda lib: func(lib).vjp(lambda x: x * 2, array(lib, 3))[1](array(lib, 2)),
        lambda lib: func(lib).vjp(lambda x: (x, 3), array(lib, 3)),
        lambda lib: func(lib).jvp(lambda x: x * 2, (array(lib, 3),), (array(lib, 2),)),
        lambda lib: func(lib).jvp(lambda x: x * 2, array(lib, 3), (array(lib, 2),)),
        lambda lib: func(lib).vmap(lambda x: x * 2, in_dims=2)(array(lib, 3)),
        lambda lib: func(lib).vmap(lambda x, y: x * 2)(array(lib, 3), array(lib, 2)),
        lambda lib: func(lib).vmap(lambda x, y: x * 2)(array(lib, 3), 2),
        lambda lib: func(lib).vmap(lambda x: x * 2, in_dims=(None,))(array(lib, 3)),
        lambda lib: func(lib).vmap(lambda x: x * 2, in_dims=(0, 0))(array(lib, 3)),
        lambda lib: func(lib).vmap(lambda x: 3)(array(lib, 3)),
    ],
)
def test_errors(program: Any) -> None:
    assert fails(program)


# modules --------------------------------------------------------------------------------------------------------------


def network(lib: Any) -> Any:
    net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Tanh(), lib.nn.Linear(4, 2)).double()
    with lib.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(array(lib, *p.shape, seed=i))
    return net


def test_functional_call() -> None:
    def program(lib: Any) -> Any:
        net, x = network(lib), array(lib, 5, 3)
        parameters = {name: p.detach() * 2 for name, p in net.named_parameters()}
        buffers = {name: b.clone() for name, b in net.named_buffers()}
        call = func(lib).functional_call
        out = call(net, (parameters, buffers), (x,))
        net.eval()
        gradient = func(lib).grad(lambda p: call(net, p, x).sum())(parameters)
        partly = call(net, {"3.bias": lib.ones(2).double()}, x)
        return out, gradient, partly, buffers, dict(net.named_buffers()), [p.grad for p in net.parameters()]

    same(program)


def test_tied_weights() -> None:
    def program(lib: Any) -> Any:
        net = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Linear(2, 2)).double()
        net[1].weight = net[0].weight
        with lib.no_grad():
            for i, p in enumerate(net.parameters()):
                p.copy_(array(lib, *p.shape, seed=i))
        other = {"0.weight": lib.eye(2).double()}
        call = func(lib).functional_call
        x = array(lib, 3, 2)
        return call(net, other, x), call(net, other, x, tie_weights=False), net[1].weight is net[0].weight

    same(program)


def test_an_ensemble() -> None:
    def program(lib: Any) -> Any:
        nets = [network(lib).eval() for _ in range(3)]
        parameters, buffers = func(lib).stack_module_state(nets)
        x = array(lib, 5, 3)
        out = func(lib).vmap(
            lambda p, b: func(lib).functional_call(nets[0], (p, b), (x,)),
        )(parameters, buffers)
        return out, parameters["0.weight"].requires_grad, list(parameters), list(buffers)

    same(program)


@pytest.mark.parametrize(
    "program",
    [
        lambda lib: func(lib).functional_call(network(lib), {}, array(lib, 5, 3), strict=True),
        lambda lib: func(lib).functional_call(network(lib), [{"a": 1}, {"a": 1}], array(lib, 5, 3)),
        lambda lib: func(lib).stack_module_state([]),
        lambda lib: func(lib).stack_module_state([network(lib), network(lib).eval()]),
    ],
)
def test_errors_of_modules(program: Any) -> None:
    assert fails(program)


# autograd.functional --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode"])
@pytest.mark.parametrize("create_graph", [True, False])
def test_functional_jacobian(strategy: str, create_graph: bool) -> None:
    if strategy == "forward-mode" and create_graph:
        options = {"strategy": "reverse-mode", "create_graph": True}  # PyTorch has no graph there
    else:
        options = {"strategy": strategy, "create_graph": create_graph}

    def program(lib: Any) -> Any:
        x, y = leaf(lib, 1, 2, 3), leaf(lib, 4, 5)
        more = {**options, "vectorize": options["strategy"] == "forward-mode"}
        jacobian = functional(lib).jacobian
        found = [
            jacobian(lambda x: g(x, y), x, **more),
            jacobian(g, (x, y), **more),
            jacobian(lambda x, y: (g(x, y), x.sum()), (x, y), **more),
            jacobian(lambda x: (x, x * 2), x, **more),
        ]
        if create_graph:
            found.append(lib.autograd.grad((found[0] ** 2).sum(), [x]))
        return found, x.grad

    same(program)


@pytest.mark.parametrize("create_graph", [True, False])
def test_functional_products(create_graph: bool) -> None:
    def program(lib: Any) -> Any:
        x, y = leaf(lib, 1, 2, 3), leaf(lib, 4, 5)
        u, v = array(lib, 3, 2), (array(lib, 3), array(lib, 2, seed=1))
        module, more = functional(lib), {"create_graph": create_graph}
        found = [
            module.vjp(g, (x, y), u, **more),
            module.vjp(lambda x: (x**2).sum(), x, **more),
            module.jvp(g, (x, y), v, **more),
            module.jvp(lambda x: (x**2, x.sum()), x, v[0], **more),
            module.vhp(lambda x, y: g(x, y).sum(), (x, y), v, **more),
            module.hvp(lambda x, y: g(x, y).sum(), (x, y), v, **more),
            module.hvp(lambda x: (x**3).sum(), x, v[0], **more),
            module.hessian(lambda x, y: g(x, y).sum(), (x, y), **more),
            module.hessian(lambda x: g(x, y).sum(), x, **more),
        ]
        flags = [found[0][1][0].requires_grad, found[2][1].requires_grad, found[7][0][1].requires_grad]
        seconds = [lib.autograd.grad(found[i][1][0].sum(), x) for i in (0, 4)] if create_graph else []
        return found, flags, seconds

    same(program)


@pytest.mark.parametrize(
    "program",
    [
        lambda lib: functional(lib).vjp(lambda x: x * 2, array(lib, 3)),
        lambda lib: functional(lib).vjp(lambda x: x * 2, array(lib, 3), array(lib, 2)),
        lambda lib: functional(lib).jvp(lambda x: x * 2, array(lib, 3)),
        lambda lib: functional(lib).hvp(lambda x: x * 2, array(lib, 3), array(lib, 3)),
        lambda lib: functional(lib).hessian(lambda x: x * 2, array(lib, 3)),
        lambda lib: functional(lib).jacobian(lambda x: 3, array(lib, 3)),
        lambda lib: functional(lib).jacobian(lambda x: x, 3),
        lambda lib: functional(lib).vjp(lambda x: lib.ones(1).double(), array(lib, 3), strict=True),
        lambda lib: functional(lib).jacobian(lambda x: lib.ones(1).double(), array(lib, 3), strict=True),
        lambda lib: functional(lib).jacobian(lambda x, y: x.exp(), (array(lib, 3), array(lib, 3)), strict=True),
        lambda lib: functional(lib).jvp(lambda x: lib.ones(1).double(), array(lib, 3), array(lib, 3), strict=True),
        lambda lib: functional(lib).hvp(lambda x: x.sum(), array(lib, 3), array(lib, 3), strict=True),
    ],
)
def test_errors_of_functional(program: Any) -> None:
    assert fails(program)
