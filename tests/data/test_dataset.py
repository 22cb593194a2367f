import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.utils.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Stream(IterableDataset):
    def __init__(self, values):
        self.values = values

    def __iter__(self):
        return iter(self.values)


def test_the_base_classes_say_what_is_missing():
    class Empty(Dataset):
        pass

    class EmptyStream(IterableDataset):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty has no __getitem__\(index\)"):
        Empty()[0]
    with pytest.raises(NotImplementedError, match=r"EmptyStream has no __iter__\(\)"):
        iter(EmptyStream())


def test_base_classes_can_be_subscripted_as_in_annotations():
    class Pairs(Dataset[tuple[int, int]]):
        def __getitem__(self, index):
            return index, index

    assert Pairs()[3] == (3, 3)


def test_tensor_dataset():
    images, labels = tg.rand(5, 1, 2, 2), tg.arange(5)
    data = TensorDataset(images, labels)
    image, label = data[-1]
    assert len(data) == 5
    assert label.item() == 4
    np.testing.assert_array_equal(image.numpy(), images[4].numpy())
    assert data[1:3][1].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((), TypeError, r"^TensorDataset: expected at least one tensor; got none$"),
        ((np.zeros(3),), TypeError, r"argument 0 is of type ndarray; wrap it with as_tensor"),
        ((tg.zeros(3), "abc"), TypeError, r"argument 1 is of type str$"),
        ((tg.zeros(3), tg.zeros(4, 2)), ValueError, r"same number of rows; got shapes \(3,\), \(4, 2\)"),
        ((tg.tensor(1.0),), ValueError, r"same number of rows; got shapes \(\)"),
    ],
)
def test_tensor_dataset_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        TensorDataset(*arguments)


def test_subset_of_a_subset_and_several_items():
    inner = Subset("abcdefgh", [7, 5, 3, 1])
    outer = Subset(inner, [3, 0])
    assert list(outer) == ["b", "h"]
    assert outer.__getitems__([1, 0]) == ["h", "b"]
    assert Subset(tg.arange(10), [4, 5, 6])[[0, 2]].tolist() == [4, 6]
    with pytest.raises(IndexError):
        outer[2]


def test_concat():
    both = Subset("ab", [1, 0]) + Subset("cd", [0])
    assert isinstance(both, ConcatDataset)
    assert len(both) == 3
    assert [both[i] for i in range(-3, 3)] == ["b", "a", "c"] * 2
    assert both.cumulative_sizes == [2, 3]
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"index {index} is outside the 3 items"):
            both[index]


def test_concat_refuses():
    with pytest.raises(ValueError, match="expected at least one data set; got none"):
        ConcatDataset([])
    with pytest.raises(TypeError, match="Stream is a stream, which has no numbered items; use ChainDataset"):
        ConcatDataset([Stream([1])])
    with pytest.raises(TypeError, match="generator does not say how many items it has; give it a __len__ method"):
        ConcatDataset([(i for i in range(3))])


def test_chain():
    chained = Stream([1, 2]) + Stream([3])
    assert isinstance(chained, ChainDataset)
    assert list(chained) == [1, 2, 3]
    assert len(ChainDataset(["ab", "c"])) == 3
    with pytest.raises(TypeError, match="ChainDataset: Stream does not say how many items it has"):
        len(chained)


@pytest.mark.parametrize(
    ("total", "lengths", "expected"),
    [
        (10, [7, 3], [7, 3]),
        (10, [0.7, 0.3], [7, 3]),
        (11, [0.5, 0.25, 0.25], [6, 3, 2]),
        (100, [0.29, 0.71], [29, 71]),
        (3, [3, 0], [3, 0]),
        (5, [1], [5]),
    ],
)
def test_random_split_sizes(total, lengths, expected):
    parts = random_split(range(total), lengths, generator=tg.Generator().manual_seed(1))
    assert [len(part) for part in parts] == expected
    assert sorted(item for part in parts for item in part) == list(range(total))


def test_random_split_sizes_are_those_of_pytorch():
    torch_data = pytest.importorskip("torch.utils.data")
    for total, fractions in ((17, [0.3, 0.3, 0.4]), (101, [0.1, 0.2, 0.7]), (7, [1 / 3, 1 / 3, 1 / 3])):
        ours = [len(part) for part in random_split(range(total), fractions)]
        assert ours == [len(part) for part in torch_data.random_split(range(total), fractions)]


def test_random_split_is_seeded():
    def split(**how):
        return [part.indices for part in random_split(range(50), [25, 25], **how)]

    assert split(generator=tg.Generator().manual_seed(3)) == split(generator=tg.Generator().manual_seed(3))
    assert split(generator=tg.Generator().manual_seed(3)) != split(generator=tg.Generator().manual_seed(4))
    tg.manual_seed(5)
    first = split()
    assert first != split()
    tg.manual_seed(5)
    assert split() == first


@pytest.mark.parametrize("lengths", [[5, 4], [5.5, 4.5], [0.5, 0.6]])
def test_random_split_refuses_lengths_that_do_not_add_up(lengths):
    with pytest.raises(ValueError, match=r"add up to .*, but the data set has 10 items; give lengths that add up"):
        random_split(range(10), lengths)


def test_random_split_refuses():
    with pytest.raises(ValueError, match=r"lengths must not be negative; got \[-1, 11\]"):
        random_split(range(10), [-1, 11])
    with pytest.raises(TypeError, match=r"generator must be a Generator; got 5; make one with Generator\(\)"):
        random_split(range(10), [5, 5], generator=5)
    with pytest.raises(TypeError, match="random_split: Stream does not say how many items"):
        random_split(Stream([1]), [1])


def test_random_split_warns_of_an_empty_part():
    with pytest.warns(UserWarning, match=r"the fraction 0.01 of 10 items is none; its subset is empty"):
        parts = random_split(range(10), [0.99, 0.01])
    assert [len(part) for part in parts] == [10, 0]
