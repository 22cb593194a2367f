"""The large parts of matrices: exact at a low rank, near elsewhere, differentiable; and what is refused."""

import numpy as np
import pytest

import tinygrad_cnn as tg


@pytest.mark.parametrize("shape", [(2, 9, 5), (5, 9)])
def test_singular_values_of_a_low_rank(shape: tuple[int, ...]) -> None:
    tg.manual_seed(0)
    x = tg.randn(*shape[:-1], 2, dtype=tg.float64) @ tg.randn(*shape[:-2], 2, shape[-1], dtype=tg.float64)
    mean = tg.ones(shape[-1], dtype=tg.float64)
    u, s, v = tg.svd_lowrank(x + mean, q=3, M=mean)
    assert tg.allclose(u @ s.diag_embed() @ v.mT, x, atol=1e-10)
    assert tg.allclose(s[..., :2], tg.linalg.svdvals(x)[..., :2])
    assert (u.shape[-1], s.shape[-1], v.shape[-1]) == (3, 3, 3)


def test_principal_components() -> None:
    tg.manual_seed(0)
    x = tg.randn(50, 4, dtype=tg.float64) * tg.tensor([10.0, 3.0, 0.1, 0.01]) + 7
    _, s, v = tg.pca_lowrank(x, q=2, niter=4)
    centred = (x - x.mean(0)).numpy()
    exact = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(s.numpy(), exact[1][:2], rtol=1e-6)
    np.testing.assert_allclose(abs(v.numpy()), abs(exact[2][:2].T), atol=1e-4)
    assert tg.pca_lowrank(x)[1].shape == (4,)


def test_eigenvalues_of_pairs_of_matrices() -> None:
    tg.manual_seed(0)
    a, b = (tg.randn(5, 5, dtype=tg.float64) for _ in range(2))
    a, b = a + a.T, b @ b.T + tg.eye(5, dtype=tg.float64)
    for largest in (True, False):
        values, vectors = tg.lobpcg(a, 2, b, largest=largest)
        assert tg.allclose(a @ vectors, b @ vectors * values, atol=1e-9)
    assert float(tg.lobpcg(a, X=tg.ones(5, 3))[0][0]) == pytest.approx(float(tg.linalg.eigvalsh(a)[-1]))
    spd = a.clone().requires_grad_()
    tg.lobpcg(spd, 1)[0].sum().backward()
    assert spd.grad.trace().item() == pytest.approx(1)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match=r"svd_lowrank: q must lie in \[0, 3\] and niter not be negative; got q=4"):
        tg.svd_lowrank(tg.ones(5, 3), 4)
    with pytest.raises(ValueError, match=r"lobpcg: k must lie in \[1, 2\]; got 3"):
        tg.lobpcg(tg.eye(2), 3)
    with pytest.raises(RuntimeError, match="pca_lowrank: expects matrices"):
        tg.pca_lowrank(tg.ones(3))
