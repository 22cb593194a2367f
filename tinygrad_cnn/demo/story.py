"""What the report tells, section by section."""

from pathlib import Path
from typing import Any

from .. import viz
from ..autograd import no_grad
from ..nn import functional as F
from ..tensor import Tensor
from . import pictures
from .network import DigitsNet
from .report import Report, png
from .training import History


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
        scores = model(images)

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
        viz.confusion_matrix(labels, scores).figure,
        "Test images by digit (row) and prediction (column).",
    )
    wrong = viz.show_misclassified(images, labels, scores)
    if not len(wrong.arrays["index"]):
        report.note("Not one test image is misread.")
    else:
        add(
            "misclassified",
            wrong.figure,
            "All misread test images: the prediction with its probability, and the digit it is.",
        )
    report.heading("What it looks for", "Nobody wrote these filters: they started as random numbers and were learned.")
    add(
        "filters",
        viz.show_filters(model).figure,
        "The 3 × 3 filters of the first layer; red positive, blue negative.",
    )
    add(
        "feature_maps",
        viz.show_feature_maps(model, images[0], ["features.1", "features.4"]).figure,
        f"A {int(labels[0])} seen by the first (top) and second convolution (bottom): the strongest channels first.",
    )
    report.heading("What it looks at", "The same digit, asked in three ways which of its pixels the answer rests on.")
    target = int(scores[0].argmax())
    add(
        "integrated_gradients",
        viz.integrated_gradients(model, images[0], target).figure,
        f"Red pixels speak for the {target}, blue ones against it (integrated gradients): their sum is the score.",
    )
    add(
        "occlusion",
        viz.occlusion(model, images[0], target, size=2, stride=1).figure,
        f"How much less sure of the {target} it is when 2 × 2 pixels are covered.",
    )
    add(
        "receptive_field",
        viz.receptive_field(model, images[0]).figure,
        "What one unit of the second convolution can see of the image, and how strongly it looks at each pixel.",
    )

    report.heading("The network")
    report.code(repr(model))
    report.note(f"{metrics['parameters']:,} parameters.")
    model.train()
    loss = F.cross_entropy(model(images[:8]), labels[:8])
    picture = viz.draw_graph(loss, model=model)
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
