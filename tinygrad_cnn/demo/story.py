"""What the report tells, section by section."""

from pathlib import Path
from typing import Any

from ..autograd import no_grad
from ..nn import functional as F
from ..tensor import Tensor
from ..viz import draw_graph
from . import pictures
from .network import DigitsNet
from .report import Report, png
from .training import History, evaluate


def write_report(
    folder: Path, model: DigitsNet, histories: list[History], metrics: dict[str, Any], test_set: tuple[Tensor, Tensor]
) -> None:
    """Draw the pictures of the first network, and write them and report.html into the folder.

    Args:
        folder: where the files go.
        model: the network of seed 0.
        histories: one for each seed.
        metrics: what metrics.json holds.
        test_set: images (N, 1, 8, 8) and labels (N) that no network has seen.
    """
    images, labels = test_set
    model.eval()
    with no_grad():
        confidence = F.softmax(model(images), dim=1).numpy().max(axis=1)
        first = model.features[:2](images[:1])
        second = model.features[2:5](first)
    _, _, predicted = evaluate(model, images, labels)
    truth = labels.numpy()

    accuracies = metrics["test_accuracy"]
    report = Report(
        "Handwritten digits, learned",
        f"A convolutional network learned to read handwritten digits from {metrics['images']['train']} small images. "
        f"Of {metrics['images']['test']} images it had never seen, it reads {metrics['mean_test_accuracy']:.2%} right "
        f"(mean of {len(accuracies)} training run{'s' * (len(accuracies) > 1)} with different random numbers).",
    )
    rows = [
        [
            f"seed {seed}",
            f"{accuracies[seed]:.2%}",
            str(len(h.train_loss)),
            str(h.best_epoch + 1),
            f"{h.seconds:.1f}",
            f"{h.images_per_second:,.0f}",
        ]
        for seed, h in enumerate(histories)
    ]
    report.table(["run", "test accuracy", "epochs", "best epoch", "seconds", "images/s"], rows)
    report.note("The pictures below show the network of seed 0.")

    def add(name: str, figure: Any, description: str) -> None:
        image = png(figure)
        (folder / f"{name}.png").write_bytes(image)
        report.picture(image, description)

    report.heading(
        "Learning curves", "Each epoch shows every training image once, a little turned, shifted and scaled."
    )
    add(
        "learning_curves",
        pictures.learning_curves(histories),
        "Loss and accuracy by epoch; early stopping kept the weights at the dot.",
    )
    report.heading("What it gets wrong")
    add(
        "confusion_matrix",
        pictures.confusion_matrix(truth, predicted),
        "Test images by digit (row) and prediction (column).",
    )
    wrong = pictures.misclassified(images.numpy(), truth, predicted, confidence)
    if wrong is None:
        report.note("Not one test image is misread.")
    else:
        add(
            "misclassified", wrong, "All misread test images: the prediction with its probability, and the digit it is."
        )
    report.heading("What it looks for", "Nobody wrote these filters: they started as random numbers and were learned.")
    add(
        "filters",
        pictures.filters(model.features[0].weight.detach().numpy()),
        "The 3 × 3 filters of the first layer; red positive, blue negative.",
    )
    maps = pictures.feature_maps(images.numpy()[0, 0], first.numpy()[0], second.numpy()[0])
    add(
        "feature_maps",
        maps,
        f"A {truth[0]} seen by the first (top) and second convolution (bottom): the strongest channels, with numbers.",
    )

    report.heading("The network")
    report.code(repr(model))
    report.note(f"{metrics['parameters']:,} parameters.")
    model.train()
    loss = F.cross_entropy(model(images[:8]), labels[:8])
    picture = draw_graph(loss, model=model)
    picture.save(folder / "graph.svg")
    report.heading(
        "The computation graph",
        "How the loss of eight images was computed. Backpropagation walks it from the end to the beginning.",
    )
    report.drawing(
        (folder / "graph.svg").read_text(encoding="utf-8"), "Each box is an operation with the shape of its result."
    )
    versions = ", ".join(f"{name} {version}" for name, version in metrics["versions"].items())
    report.note(
        "Files beside this page: model.safetensors (the weights of seed 0), metrics.json (all numbers), the pictures. "
        f"{versions}."
    )
    report.write(folder / "report.html")
