from collections import Counter

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.utils.data import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)


def seeded(seed=0):
    return tg.Generator().manual_seed(seed)


def test_the_base_class_says_what_is_missing():
    with pytest.raises(NotImplementedError, match=r"Sampler has no __iter__\(\)"):
        iter(Sampler())


def test_sequential():
    sampler = SequentialSampler("abc")
    assert list(sampler) == list(sampler) == [0, 1, 2]
    assert len(sampler) == 3


def test_random_order_has_every_item_once_and_changes_each_time():
    sampler = RandomSampler(range(50), generator=seeded())
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert list(RandomSampler(range(50), generator=seeded())) == first
    assert all(type(i) is int for i in first)


def test_random_order_follows_manual_seed():
    tg.manual_seed(3)
    first = list(RandomSampler(range(20)))
    tg.manual_seed(3)
    assert list(RandomSampler(range(20))) == first


def test_random_with_more_samples_than_items_goes_round():
    sampler = RandomSampler(range(4), num_samples=10, generator=seeded())
    drawn = list(sampler)
    assert len(sampler) == len(drawn) == 10
    assert sorted(drawn[:4]) == sorted(drawn[4:8]) == [0, 1, 2, 3]


def test_random_with_replacement():
    drawn = Counter(RandomSampler(range(4), replacement=True, num_samples=4000, generator=seeded()))
    assert sorted(drawn) == [0, 1, 2, 3]
    assert all(abs(count - 1000) < 120 for count in drawn.values())


def test_random_follows_a_data_set_that_grows():
    data = [0, 1]
    sampler = RandomSampler(data)
    data.append(2)
    assert sorted(sampler) == [0, 1, 2]
    assert len(sampler) == 3


def test_an_empty_data_set_has_an_empty_order():
    assert list(RandomSampler([])) == []
    assert list(RandomSampler([], replacement=True)) == []
    assert list(SequentialSampler([])) == []


def test_subset():
    sampler = SubsetRandomSampler([10, 30, 20], generator=seeded())
    assert sorted(sampler) == [10, 20, 30]
    assert len(sampler) == 3


def test_weighted_with_replacement_follows_the_weights():
    drawn = Counter(WeightedRandomSampler([1, 0, 3], 8000, generator=seeded()))
    assert set(drawn) == {0, 2}
    assert abs(drawn[2] / 8000 - 0.75) < 0.02


def test_weighted_without_replacement_draws_in_turn():
    """The first of two drawn items follows the weights, the second those that are left."""
    firsts, seconds = Counter(), Counter()
    generator = seeded()
    sampler = WeightedRandomSampler(tg.tensor([1.0, 2.0, 5.0]), 2, replacement=False, generator=generator)
    for _ in range(4000):
        first, second = sampler
        assert first != second
        firsts[first] += 1
        seconds[second] += 1
    np.testing.assert_allclose([firsts[i] / 4000 for i in range(3)], [1 / 8, 2 / 8, 5 / 8], atol=0.03)
    expected = [2 / 8 * 1 / 6 + 5 / 8 * 1 / 3, 1 / 8 * 2 / 7 + 5 / 8 * 2 / 3, 1 / 8 * 5 / 7 + 2 / 8 * 5 / 6]
    np.testing.assert_allclose([seconds[i] / 4000 for i in range(3)], expected, atol=0.03)


def test_weighted_never_draws_a_weight_of_zero():
    sampler = WeightedRandomSampler(np.array([0, 1e-30, 0, 2, 0]), 500, generator=seeded())
    assert set(sampler) <= {1, 3}


@pytest.mark.parametrize("size", [1, 2, 3, 10, 20])
@pytest.mark.parametrize("drop_last", [True, False])
def test_batches(size, drop_last):
    sampler = BatchSampler(SequentialSampler(range(10)), size, drop_last)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    assert all(len(batch) == size for batch in batches[: None if drop_last else -1])
    assert [i for batch in batches for i in batch] == list(range(10 // size * size if drop_last else 10))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: RandomSampler([1], num_samples=0),
            ValueError,
            "RandomSampler: num_samples must be a positive integer; got 0",
        ),
        (lambda: RandomSampler([1], replacement=2), TypeError, "replacement must be True or False; got 2"),
        (lambda: list(RandomSampler([], num_samples=2)), ValueError, "can't draw 2 samples from no items"),
        (
            lambda: list(RandomSampler([1], generator="0")),
            TypeError,
            "RandomSampler: generator must be a Generator; got '0'",
        ),
        (lambda: BatchSampler([1], 0, False), ValueError, "BatchSampler: batch_size must be a positive integer; got 0"),
        (lambda: BatchSampler([1], True, False), ValueError, "batch_size must be a positive integer; got True"),
        (lambda: BatchSampler([1], 2, 0), ValueError, "drop_last must be True or False; got 0"),
        (
            lambda: len(BatchSampler(iter([1]), 2, False)),
            TypeError,
            "BatchSampler: list_iterator does not say how many",
        ),
        (lambda: WeightedRandomSampler([1], 1.5), ValueError, "num_samples must be a positive integer; got 1.5"),
        (lambda: WeightedRandomSampler([1], 1, "yes"), TypeError, "replacement must be True or False; got 'yes'"),
        (lambda: WeightedRandomSampler([[1]], 1), ValueError, r"one number per item; got shape \(1, 1\)"),
        (lambda: WeightedRandomSampler([1, -2], 1), ValueError, r"finite, not negative; weights\[1\] is -2.0"),
        (lambda: WeightedRandomSampler([np.nan], 1), ValueError, r"weights\[0\] is nan"),
        (lambda: WeightedRandomSampler([np.inf], 1), ValueError, r"weights\[0\] is inf"),
        (
            lambda: WeightedRandomSampler([0, 0], 1),
            ValueError,
            "1 samples with replacement where 0 of 2 weights are not 0",
        ),
        (lambda: WeightedRandomSampler([0, 1], 2, False), ValueError, "2 samples without replacement where 1 of 2"),
    ],
)
def test_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
