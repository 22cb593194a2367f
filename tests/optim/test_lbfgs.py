"""LBFGS: PyTorch's trajectories, and what it refuses."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import optim

OPTIONS = [
    {},
    {"lr": 0.1},
    {"lr": 0.05, "history_size": 2, "max_iter": 4},
    {"line_search_fn": "strong_wolfe"},
    {"lr": 0.5, "history_size": 3, "max_iter": 7, "line_search_fn": "strong_wolfe"},
    {"lr": 1e-3, "max_eval": 9, "line_search_fn": "strong_wolfe"},
    {"lr": 0.1, "tolerance_change": 0.1, "tolerance_grad": 1.0},
]


def problem(lib, **options):
    rng = np.random.default_rng(0)
    a, b = lib.tensor(rng.standard_normal((20, 6))), lib.tensor(rng.standard_normal(20))
    w = lib.tensor(rng.standard_normal((6, 2)), requires_grad=True)
    v = lib.tensor(rng.standard_normal(2), requires_grad=True)
    unused = lib.zeros(3, dtype=lib.float64, requires_grad=True)
    optimizer = lib.optim.LBFGS([w, v, unused], **options)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = ((a @ w).tanh() @ v - b).pow(2).sum() + (v**4).sum()
        loss.backward()
        losses.append(loss.item())
        return loss

    return optimizer, closure, losses, (w, v)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_trajectories_and_state(options):
    torch = pytest.importorskip("torch")
    runs = []
    for lib in (tg, torch):
        optimizer, closure, losses, parameters = problem(lib, **options)
        firsts = [optimizer.step(closure).item() for _ in range(3)]
        runs.append((firsts, losses, [p.detach().numpy() for p in parameters], optimizer.state_dict()))
    (firsts, losses, parameters, state), (their_firsts, their_losses, theirs, their_state) = runs
    np.testing.assert_allclose(firsts, their_firsts, rtol=1e-8)
    np.testing.assert_allclose(losses, their_losses, rtol=1e-8)
    for ours, other in zip(parameters, theirs, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-5)
    assert state["param_groups"] == their_state["param_groups"]
    assert state["state"][0].keys() == their_state["state"][0].keys() - {"al"}  # a scratch list
    assert state["state"][0]["func_evals"] == their_state["state"][0]["func_evals"]


def test_going_on_from_a_saved_state():
    torch = pytest.importorskip("torch")
    optimizer, closure, _, parameters = problem(torch, lr=0.1)
    optimizer.step(closure)
    ours, our_closure, _, our_parameters = problem(tg, lr=0.3)
    ours.load_state_dict(optimizer.state_dict())
    for p, q in zip(our_parameters, parameters, strict=True):
        p.data.copy_(tg.from_numpy(q.detach().numpy()))
    assert ours.step(our_closure).item() == pytest.approx(optimizer.step(closure).item())
    assert our_closure().item() == pytest.approx(closure().item(), rel=1e-6)


def test_what_it_refuses():
    p = tg.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="LBFGS: all parameters are one group; got 2 groups"):
        optim.LBFGS([{"params": [p]}, {"params": [tg.ones(1, requires_grad=True)]}])
    with pytest.raises(ValueError, match="line_search_fn must be None or 'strong_wolfe'; got 'armijo'"):
        optim.LBFGS([p], line_search_fn="armijo")
    with pytest.raises(ValueError, match="lr must not be negative"):
        optim.LBFGS([p], lr=-1)
    with pytest.raises(TypeError, match=r"LBFGS.step: .* needs a closure"):
        optim.LBFGS([p]).step()


def test_it_stops_where_the_gradient_is_flat():
    p = tg.zeros(2, requires_grad=True)
    optimizer = optim.LBFGS([p])

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 0
    assert optimizer.state[p] == {"func_evals": 1, "n_iter": 0}


def test_sparse_adam_is_refused():
    with pytest.raises(NotImplementedError, match="SparseAdam: gradients are never sparse here; use Adam"):
        optim.SparseAdam([tg.zeros(1, requires_grad=True)])
