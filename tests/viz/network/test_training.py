"""Results and training: tables, curves, histograms, the landscape of the loss."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn, viz


def test_confusion_matrix() -> None:
    truth, scores = tg.tensor([0, 0, 1, 2, 2, 2]), tg.eye(3)[tg.tensor([0, 1, 1, 2, 2, 0])]
    arrays = viz.confusion_matrix(truth, scores, names=["cat", "dog", "fish"]).arrays
    assert arrays["counts"].tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    assert arrays["recall"].tolist() == [0.5, 1.0, 2 / 3]
    assert arrays["precision"].tolist() == [0.5, 0.5, 1.0]
    assert arrays["accuracy"] == 4 / 6
    never = viz.confusion_matrix(np.array([0, 2]), np.array([0, 2])).arrays
    assert np.isnan(never["recall"][1])
    with pytest.raises(ValueError, match="confusion_matrix: 3 labels for 2 answers"):
        viz.confusion_matrix(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match=r"expected labels .*scores .*; got shapes \(2, 2\) and \(2,\)"):
        viz.confusion_matrix(np.zeros((2, 2)), [0, 1])
    with pytest.raises(ValueError, match="class numbers must not be negative; got -1"):
        viz.confusion_matrix(np.array([-1]), np.array([0]))


def test_the_surest_mistakes_come_first() -> None:
    scores = tg.tensor([[9.0, 0], [1, 0], [0, 5], [0, 3]])
    shown = viz.show_misclassified(tg.rand(4, 1, 5, 5), tg.tensor([1, 1, 1, 0]), scores, names=["no", "yes"])
    assert shown.arrays["index"].tolist() == [0, 3, 1]
    assert shown.arrays["predicted"].tolist() == [0, 1, 0]
    assert shown.arrays["confidence"] == pytest.approx([0.99988, 0.95257, 0.73106], abs=1e-4)
    assert [axes.get_title() for axes in shown.figure.axes][1] == "yes (95%)\nis no"
    none = viz.show_misclassified(tg.rand(1, 1, 5, 5), tg.tensor([1]), tg.tensor([1]))
    assert len(none.arrays["index"]) == 0
    assert none.figure.get_suptitle() == "no mistakes"


def test_histories() -> None:
    lists = {"train_loss": [2.0, 1.0], "validation_loss": [2.5, 1.5], "accuracy": [0.1, 0.7]}
    shown = viz.plot_history(lists, best=1)
    assert [axes.get_ylabel() for axes in shown.figure.axes] == ["loss", "accuracy"]
    assert [line.get_label() for line in shown.figure.axes[0].lines[:2]] == ["train_loss", "validation_loss"]
    assert shown.figure.axes[0].get_yscale() == "log"
    epochs = [{"train_loss": 2.0, "accuracy": 0.1}, {"train_loss": 1.0}]
    assert np.isnan(viz.plot_history(epochs).arrays["accuracy"][1])


def test_histograms() -> None:
    model = nn.Linear(3, 4)
    shown = viz.weight_histograms(model, bins=7)
    counts, edges = shown.arrays["weight"]
    assert (counts.sum(), len(edges)) == (12, 8)
    model(tg.ones(1, 3)).sum().backward()
    model.bias.grad[0] = float("nan")
    model.weight.grad = None
    gradients = viz.weight_histograms(model, gradients=True)
    assert list(gradients.arrays) == ["bias"]
    assert gradients.arrays["bias"][0].sum() == 3
    assert "1 NaN or inf" in gradients.figure.axes[0].get_title()


def test_gradient_flow() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1), nn.Linear(1, 1))
    with pytest.raises(ValueError, match=r"no parameter has a gradient; call it after loss.backward"):
        viz.gradient_flow(model)
    model[:3](tg.ones(4, 2)).sum().backward()
    arrays = viz.gradient_flow(model).arrays
    assert arrays["names"] == ["0.weight", "2.weight", "3.weight"]
    assert arrays["mean"][1] == pytest.approx(model[2].weight.grad.abs().mean().item())
    assert np.isnan(arrays["mean"][2])


def test_the_landscape_of_a_quadratic_is_a_parabola() -> None:
    tg.manual_seed(0)
    model = nn.Linear(4, 1, bias=False)
    before = model.weight.detach().clone()
    line = viz.loss_landscape(model, lambda: model.weight.square().sum(), steps=5, dimensions=1).arrays
    length = before.square().sum().item()
    assert line["places"].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert line["loss"][2] == pytest.approx(length, rel=1e-5)
    # |w + t d|² with |d| = |w|: the second difference is |w|² / 2 at steps of 1/2
    np.testing.assert_allclose(np.diff(line["loss"], 2), length / 2, rtol=1e-4)
    assert (model.weight == before).all()

    def fails() -> float:
        raise RuntimeError("here")

    with pytest.raises(RuntimeError, match="here"):
        viz.loss_landscape(model, fails, steps=3)
    assert (model.weight == before).all()
    with pytest.raises(ValueError, match="dimensions must be 1 or 2; got 3"):
        viz.loss_landscape(model, lambda: 0.0, dimensions=3)


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_cnn\[viz\]"'):
        viz.plot_history({"loss": [1.0]})
