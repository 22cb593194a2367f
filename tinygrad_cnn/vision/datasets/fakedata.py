"""Pictures of noise, for programs that need any pictures at all."""

from typing import Any

from ...creation import randint, randn
from ...random import Generator
from .vision import Transform, VisionDataset


class FakeData(VisionDataset):
    """Pictures of random pixels with random labels, the same ones every time.

    Args:
        size: how many.
        image_size: (channels, height, width).
        num_classes: labels are below this.
        transform: applied to each picture, a PIL image.
        target_transform: applied to each label.
        random_offset: added to the number of an item; its sum is the seed.

    >>> FakeData(size=3, image_size=(3, 8, 8))[0][0].size
    (8, 8)

    Raises:
        IndexError: past the end.
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from ..transforms.functional import to_pil_image

        if index >= len(self):
            raise IndexError(f"FakeData: item {index} is outside [0, {len(self)})")
        generator = Generator().manual_seed(int(index) + self.random_offset)
        noise = randn(*self.image_size, generator=generator)
        label = int(randint(0, self.num_classes, (1,), generator=generator))
        return self.transformed(to_pil_image(noise), label)

    def __len__(self) -> int:
        return self.size
