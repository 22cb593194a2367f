"""Images that a unit answers to most: gradient ascent on the pixels."""

from typing import Any

import numpy as np

from .figures import GREY, Shown, as_picture, new_figure
from .looking import evaluating, layer_of, numbers, one_image, outputs_of, untouched_gradients


def maximize_activation(
    model: Any,
    like: Any,
    layer: Any = None,
    channel: int = 0,
    *,
    steps: int = 100,
    rate: float = 0.1,
    decay: float = 0.01,
    jitter: int = 2,
    seed: int = 0,
) -> Shown:
    """An image that makes a channel of a layer, or a class, answer strongly. Erhan et al. 2009; Simonyan et al. 2014.

    From faint noise, each step follows the gradient of the channel's mean answer, scaled to 1 per pixel on average.
    `decay` pulls pixels towards 0, and the image is moved by up to `jitter` pixels before each step, so that what
    grows is no pattern of single pixels.

    Args:
        model: the model, which runs in evaluation.
        like: an image (C, H, W) or (1, C, H, W) whose shape, dtype and device the result shall have.
        layer: a layer, or its path; the model's own output, (1, classes), if nothing is said.
        channel: of the layer, or the class.
        steps, rate: of the ascent.
        decay: share of each pixel that is taken away per step.
        jitter: in pixels.
        seed: of the noise and the jitter.

    Returns:
        The figure; `image` (C, H, W), and `course`, the answer at each step.

    Raises:
        IndexError: for a channel that the layer has not.

    >>> import tinygrad_cnn as tg
    >>> model = tg.nn.Sequential(tg.nn.Conv2d(1, 4, 3), tg.nn.ReLU())
    >>> maximize_activation(model, tg.zeros(1, 8, 8), "0", channel=2, steps=3).arrays["image"].shape
    (1, 8, 8)
    """
    random = np.random.default_rng(seed)
    like = one_image("maximize_activation", like)
    pixels = 0.1 * random.standard_normal(tuple(like.shape))
    path, found = ("", model) if layer is None else layer_of(model, layer, "maximize_activation")
    course = []
    with evaluating(model), untouched_gradients(model), outputs_of({path: found}) as caught:
        for _ in range(steps):
            move = tuple(random.integers(-jitter, jitter + 1, size=2))
            image = like.new_tensor(np.roll(pixels, move, axis=(2, 3))).requires_grad_()
            model(image)
            out = caught[path]
            if not -out.shape[1] <= channel < out.shape[1]:
                raise IndexError(f"maximize_activation: channel {channel} is out of range for {out.shape[1]}")
            answer = out[:, channel].mean()
            answer.backward()
            course.append(float(answer.item()))
            step = np.roll(numbers(image.grad), (-move[0], -move[1]), axis=(2, 3))
            pixels = (1 - decay) * pixels + rate * step / (np.sqrt(np.mean(step**2)) + 1e-12)
    figure = new_figure(6.2, 3.0)
    left, right = figure.subplots(1, 2)
    left.imshow(as_picture(pixels[0]), cmap=GREY)
    left.axis("off")
    left.set_title(f"{path or 'output'}, channel {channel}", fontsize=9)
    right.plot(course)
    right.set_xlabel("step")
    right.set_ylabel("mean answer")
    right.grid(alpha=0.25)
    return Shown(figure, {"image": pixels[0], "course": np.array(course)})
