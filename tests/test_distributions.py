"""Distributions: PyTorch's numbers, draws whose moments are right, and what is refused."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import distributions as ours

LOC, SCALE = [[0.3, -1.2, 2.0]], [[0.5], [1.5]]
PROBS = [[0.2, 0.7, 0.1], [0.6, 0.3, 0.1]]
CASES = {
    "Normal": ((LOC, SCALE), [0.1, 2.0, -1.0]),
    "LogNormal": ((LOC, SCALE), [0.1, 2.0, 1.0]),
    "Laplace": ((LOC, SCALE), [0.1, 2.0, -1.0]),
    "Uniform": (([-1.0, 0.0], [2.0, 3.5]), [1.5, 0.5]),
    "Exponential": ((SCALE,), [0.1, 2.0]),
    "Bernoulli": ((PROBS,), [1.0, 0.0, 1.0]),
    "Geometric": ((PROBS,), [1.0, 0.0, 3.0]),
    "Poisson": ((SCALE,), [0.0, 4.0]),
    "Categorical": ((PROBS,), [1, 2]),
    "OneHotCategorical": ((PROBS,), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
}
MOMENTS = ("mean", "variance", "stddev")


def made(lib, name):
    arguments, value = CASES[name]
    kind = getattr(lib.distributions, name)
    tensors = [lib.tensor(a, dtype=lib.float64, requires_grad=True) for a in arguments]
    return kind(*tensors), tensors, lib.tensor(value, dtype=lib.int64 if name == "Categorical" else lib.float64)


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_pytorchs(name):
    torch = pytest.importorskip("torch.distributions") and pytest.importorskip("torch")

    (mine, parameters, value), (theirs, others, other) = made(tg, name), made(torch, name)
    assert mine.batch_shape == tuple(theirs.batch_shape)
    assert mine.event_shape == tuple(theirs.event_shape)
    assert mine.has_rsample == theirs.has_rsample
    quantities = [("log_prob", value, other)]
    if name != "Poisson":
        quantities.append(("entropy",))
    if name in {"Normal", "Laplace", "Uniform", "Exponential"}:
        quantities.append(("cdf", value, other))
    for what, *arguments in quantities:
        ours_, theirs_ = (getattr(d, what)(*a) for d, a in ((mine, arguments[:1]), (theirs, arguments[1:])))
        np.testing.assert_allclose(ours_.detach().numpy(), theirs_.detach().numpy(), rtol=1e-6)
        if ours_.requires_grad:
            for p in (*parameters, *others):
                p.grad = None
            ours_.sum().backward(retain_graph=True)
            theirs_.sum().backward(retain_graph=True)
            for p, q in zip(parameters, others, strict=True):
                if q.grad is not None:
                    np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-5, atol=1e-9)
    if name != "Categorical":
        for moment in MOMENTS:
            np.testing.assert_allclose(
                getattr(mine, moment).detach().numpy(), getattr(theirs, moment).detach().numpy(), rtol=1e-6
            )
    assert mine.sample().shape == tuple(theirs.sample().shape)
    assert mine.sample((4, 2)).shape == tuple(theirs.sample((4, 2)).shape)
    assert mine.log_prob(mine.sample((5,))).shape == tuple(theirs.log_prob(theirs.sample((5,))).shape)


@pytest.mark.parametrize("name", [name for name in CASES if name != "Categorical"])
def test_draws_have_the_moments(name):
    tg.manual_seed(0)
    distribution, _, _ = made(tg, name)
    draws = distribution.sample((20000,))
    assert not draws.requires_grad
    spread = distribution.stddev.detach()
    away = (draws.mean(0) - distribution.mean.detach()).abs() / spread
    assert away.max() < 0.05
    assert (draws.std(0) / spread - 1).abs().max() < (0.25 if name == "LogNormal" else 0.05)


def test_draws_of_classes_have_the_frequencies():
    tg.manual_seed(0)
    draws = ours.Categorical(tg.tensor(PROBS)).sample((20000,))
    for place in (0, 1):
        frequencies = np.bincount(draws[:, place].numpy(), minlength=3) / 20000
        np.testing.assert_allclose(frequencies, PROBS[place], atol=0.02)
    assert ours.Categorical(tg.tensor(PROBS)).mode.tolist() == [1, 0]
    assert ours.Categorical(logits=tg.zeros(4)).sample().shape == ()


def test_gradients_flow_through_draws():
    loc, scale = tg.tensor([1.0], requires_grad=True), tg.tensor([2.0], requires_grad=True)
    ours.Normal(loc, scale).rsample((1000,)).pow(2).mean().backward()
    assert loc.grad.item() == pytest.approx(2, abs=0.5)
    assert scale.grad.item() == pytest.approx(4, abs=0.6)
    with pytest.raises(NotImplementedError, match=r"Poisson.rsample: draws carry no gradients; use sample\(\)"):
        ours.Poisson(1.0).rsample()


@pytest.mark.parametrize(
    "name", ["Normal", "Laplace", "Uniform", "Exponential", "Bernoulli", "Poisson", "Categorical", "OneHotCategorical"]
)
def test_divergences_are_pytorchs(name):
    torch = pytest.importorskip("torch.distributions") and pytest.importorskip("torch")

    values = []
    for lib in (tg, torch):
        p, tensors, _ = made(lib, name)
        shifted = [t * 0.8 + 0.05 for t in tensors]
        values.append(lib.distributions.kl_divergence(p, type(p)(*shifted)).detach().numpy())
    np.testing.assert_allclose(*values, rtol=1e-6)


def test_vectors():
    torch = pytest.importorskip("torch.distributions") and pytest.importorskip("torch")

    covariance = [[2.0, 0.3], [0.3, 1.0]]
    values = []
    for lib in (tg, torch):
        loc, sigma = lib.tensor([[0.5, 1.0], [2.0, 0.0]]), lib.tensor(covariance)
        kind = lib.distributions.MultivariateNormal
        several = [kind(loc, sigma), kind(loc, precision_matrix=lib.linalg.inv(sigma))]
        several += [kind(loc, scale_tril=lib.linalg.cholesky(sigma))]
        x = lib.tensor([0.3, 0.4])
        values.append([f.detach().numpy() for d in several for f in (d.log_prob(x), d.entropy(), d.variance)])
        independent = lib.distributions.Independent(lib.distributions.Normal(loc, 1.0), 1)
        values[-1] += [f.numpy() for f in (independent.log_prob(x), independent.entropy(), independent.mean)]
        other = lib.distributions.Independent(lib.distributions.Normal(loc + 1, 2.0), 1)
        values[-1].append(lib.distributions.kl_divergence(independent, other).numpy())
        assert several[0].sample((3,)).shape == (3, 2, 2)
    for mine, theirs in zip(*values, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)
    tg.manual_seed(0)
    draws = ours.MultivariateNormal(tg.zeros(2), tg.tensor(covariance)).rsample((20000,))
    np.testing.assert_allclose(np.cov(draws.numpy().T), covariance, atol=0.06)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"Normal: scale must be positive everywhere; the least is -1.0"):
        ours.Normal(0.0, -1.0)
    with pytest.raises(ValueError, match="Uniform: low must be below high"):
        ours.Uniform(1.0, 1.0)
    with pytest.raises(ValueError, match="Categorical: give either probs or logits; got neither"):
        ours.Categorical()
    with pytest.raises(ValueError, match="Bernoulli: give either probs or logits; got both"):
        ours.Bernoulli(0.5, 0.0)
    with pytest.raises(ValueError, match=r"Bernoulli: probs must be in \[0, 1\]"):
        ours.Bernoulli(1.5)
    with pytest.raises(ValueError, match="Categorical: probs must not be negative"):
        ours.Categorical(tg.tensor([-1.0, 2.0]))
    with pytest.raises(ValueError, match="Poisson: rate must not be negative"):
        ours.Poisson(-1.0)
    with pytest.raises(ValueError, match="exactly one of covariance_matrix, precision_matrix and scale_tril; got 0"):
        ours.MultivariateNormal(tg.zeros(2))
    with pytest.raises(ValueError, match="reinterpreted_batch_ndims must be at most 1"):
        ours.Independent(ours.Normal(tg.zeros(2), 1.0), 2)
    with pytest.raises(
        NotImplementedError, match="there is no formula for Normal and Laplace; there is one for two of"
    ):
        ours.kl_divergence(ours.Normal(0.0, 1.0), ours.Laplace(0.0, 1.0))
    with pytest.raises(ValueError, match="the events of two Independent"):
        ours.kl_divergence(
            ours.Independent(ours.Normal(tg.zeros(2, 2), 1.0), 1), ours.Independent(ours.Normal(tg.zeros(2, 2), 1.0), 2)
        )
    for ask in ("log_prob", "draw", "cdf"):
        with pytest.raises(NotImplementedError, match="Distribution"):
            getattr(ours.Distribution(), ask)(tg.zeros(1))
    with pytest.raises(NotImplementedError, match="Poisson has no entropy here"):
        ours.Poisson(1.0).entropy()


def test_counts_of_classes():
    torch = pytest.importorskip("torch")
    mine = ours.Multinomial(4, tg.tensor(PROBS))
    theirs = torch.distributions.Multinomial(4, torch.tensor(PROBS))
    drawn = mine.sample((500,))
    assert drawn.shape == (500, 2, 3)
    assert (drawn.sum(-1) == 4).all()
    np.testing.assert_allclose(drawn.mean(0).numpy(), mine.mean.numpy(), atol=0.2)
    np.testing.assert_allclose(drawn.var(0).numpy(), mine.variance.numpy(), atol=0.25)
    for name in ("mean", "variance"):
        np.testing.assert_allclose(getattr(mine, name).numpy(), getattr(theirs, name).numpy(), rtol=1e-6)
    value = [[1.0, 3.0, 0.0], [2.0, 1.0, 1.0]]
    np.testing.assert_allclose(
        mine.log_prob(tg.tensor(value)).numpy(), theirs.log_prob(torch.tensor(value)).numpy(), rtol=1e-5
    )
    with pytest.raises(NotImplementedError, match="Multinomial: total_count must be an int; got list"):
        ours.Multinomial([1], tg.ones(2))
