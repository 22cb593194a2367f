import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
)


class Squares(Dataset):
    def __init__(self, count=10):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return index, float(index) ** 2


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(10))


class SizedStream(Stream):
    def __len__(self):
        return 10


class RowByRow(TensorDataset):
    """Has no fast path, since it has a __getitem__ of its own."""

    def __getitem__(self, index):
        return super().__getitem__(index)


def seeded(seed=0):
    return tg.Generator().manual_seed(seed)


def numbers(loader):
    return [batch[0].tolist() for batch in loader]


# batches --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 0])
def test_batches_in_order(count):
    loader = DataLoader(Squares(), batch_size=4, num_workers=count)
    assert numbers(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == 3
    _, squares = next(iter(loader))
    assert squares.tolist() == [0.0, 1.0, 4.0, 9.0]
    assert squares.dtype == np.float64


@pytest.mark.parametrize("count", [2, 0])
def test_drop_last(count):
    loader = DataLoader(Squares(), batch_size=4, drop_last=True, num_workers=count)
    assert len(numbers(loader)) == len(loader) == 2


def test_the_default_is_batches_of_one():
    assert numbers(DataLoader(Squares(3))) == [[0], [1], [2]]


@pytest.mark.parametrize("count", [2, 0])
def test_without_batches(count):
    loader = DataLoader(Squares(3), batch_size=None, num_workers=count)
    assert list(loader) == [[0, 0.0], [1, 1.0], [2, 4.0]]
    assert len(loader) == 3


def test_any_sequence_is_a_data_set():
    assert [batch.tolist() for batch in DataLoader([5, 6, 7], batch_size=2)] == [[5, 6], [7]]
    assert [batch.tolist() for batch in DataLoader(tg.arange(3), batch_size=2)] == [[0, 1], [2]]


def test_an_empty_data_set():
    assert list(DataLoader([], batch_size=2, shuffle=True)) == []
    assert len(DataLoader([], batch_size=2)) == 0


def test_sampler_and_batch_sampler():
    assert numbers(DataLoader(Squares(), 2, sampler=[3, 1, 2])) == [[3, 1], [2]]
    loader = DataLoader(Squares(), batch_sampler=[[3, 1], [2], (5, 6, 7)])
    assert numbers(loader) == [[3, 1], [2], [5, 6, 7]]
    assert len(loader) == 3
    assert loader.batch_size is None


def test_positional_arguments_are_in_pytorchs_order():
    inspect = pytest.importorskip("inspect")
    torch_data = pytest.importorskip("torch.utils.data")
    ours, theirs = (list(inspect.signature(each.__init__).parameters) for each in (DataLoader, torch_data.DataLoader))
    assert ours == theirs


def test_collate_fn():
    assert list(DataLoader(Squares(3), 2, collate_fn=list)) == [[(0, 0.0), (1, 1.0)], [(2, 4.0)]]


def test_several_items_at_once():
    class AtOnce(Squares):
        def __getitems__(self, indices):
            return [(-i, 0.0) for i in indices]

    assert numbers(DataLoader(AtOnce(3), 2)) == [[0, -1], [-2]]
    assert numbers(DataLoader(Subset(AtOnce(3), [2, 1]), 2)) == [[-2, -1]]


def test_old_programs_call_next():
    batches = iter(DataLoader(Squares(), 4))
    assert len(batches) == 3
    assert batches.next()[0].tolist() == [0, 1, 2, 3]


# the fast path --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrap", [lambda data: data, lambda data: Subset(Subset(data, range(9, -1, -1)), [1, 5, 3, 2, 7])]
)
def test_rows_at_once_equal_items_one_by_one(wrap):
    tensors = (tg.rand(10, 2, 3), tg.arange(10), tg.rand(10, dtype=tg.float64))
    fast = DataLoader(wrap(TensorDataset(*tensors)), 3, shuffle=True, generator=seeded())
    slow = DataLoader(wrap(RowByRow(*tensors)), 3, shuffle=True, generator=seeded())
    for ours, theirs in zip(fast, slow, strict=True):
        assert type(ours) is type(theirs) is list
        for a, b in zip(ours, theirs, strict=True):
            assert a.dtype == b.dtype
            assert a.is_contiguous()
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_one_index_operation_per_tensor(monkeypatch):
    calls = []
    original = tg.Tensor.__getitem__
    monkeypatch.setattr(tg.Tensor, "__getitem__", lambda self, index: calls.append(index) or original(self, index))
    list(DataLoader(TensorDataset(tg.zeros(6, 2), tg.arange(6)), 3))
    assert len(calls) == 4


def test_a_batch_does_not_share_the_data_sets_memory():
    data = TensorDataset(tg.zeros(4))
    for (batch,) in DataLoader(data, 2):
        batch.add_(1)
    assert data.tensors[0].tolist() == [0.0] * 4


def test_batch_samplers_of_other_index_types_take_rows():
    data = TensorDataset(tg.arange(10))
    for batches in ([(1, 2)], [np.array([1, 2])], [tg.tensor([1, 2])], [[np.int64(1), tg.tensor(2)]]):
        assert [batch.tolist() for (batch,) in DataLoader(data, batch_sampler=batches)] == [[1, 2]]


# random order ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 0])
def test_shuffling_is_seeded(count):
    def orders(seed):
        loader = DataLoader(Squares(), 4, shuffle=True, generator=seeded(seed), num_workers=count)
        return [numbers(loader), numbers(loader)]

    first, second = orders(0)
    assert first != second
    assert sorted(i for batch in first for i in batch) == list(range(10))
    assert orders(0) == [first, second]
    assert orders(1) != [first, second]


def test_shuffling_follows_manual_seed_whatever_the_number_of_workers():
    def orders(count):
        tg.manual_seed(11)
        loader = DataLoader(Squares(), 4, shuffle=True, num_workers=count)
        return [numbers(loader) for _ in range(3)]

    assert orders(0) == orders(1) == orders(3)


# streams --------------------------------------------------------------------------------------------------------------


def test_streams():
    assert [b.tolist() for b in DataLoader(Stream(), 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [b.tolist() for b in DataLoader(Stream(), 4, drop_last=True)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert list(DataLoader(Stream(), None)) == list(range(10))


def test_length_of_a_stream():
    assert len(DataLoader(SizedStream(), 4)) == 3
    assert len(DataLoader(SizedStream(), 4, drop_last=True)) == 2
    assert len(DataLoader(SizedStream(), None)) == 10
    with pytest.raises(TypeError, match="DataLoader: Stream does not say how many items it has"):
        len(DataLoader(Stream(), 4))


# errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a positive integer or None; got 0"),
        ({"batch_size": 2.0}, "batch_size must be a positive integer or None; got 2.0"),
        ({"batch_size": True}, "batch_size must be a positive integer or None; got True"),
        ({"shuffle": True, "sampler": [0]}, "sampler and shuffle=True both set the order"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler sets the batches; leave out batch_size"),
        ({"batch_sampler": [[0]], "shuffle": True}, "batch_sampler sets the batches"),
        ({"batch_sampler": [[0]], "sampler": [0]}, "batch_sampler sets the batches"),
        ({"batch_sampler": [[0]], "drop_last": True}, "batch_sampler sets the batches"),
        ({"batch_size": None, "drop_last": True}, "drop_last=True needs batches; batch_size=None gives single items"),
        ({"num_workers": -1}, "num_workers must be an integer of at least 0; got -1"),
        ({"num_workers": 1.5}, "num_workers must be an integer of at least 0; got 1.5"),
        ({"timeout": -1}, "timeout must not be negative; got -1"),
        ({"prefetch_factor": 2}, "prefetch_factor=2 needs num_workers > 0"),
        ({"prefetch_factor": 0, "num_workers": 1}, "prefetch_factor must be a positive integer; got 0"),
        ({"persistent_workers": True}, "persistent_workers=True needs num_workers > 0"),
        ({"multiprocessing_context": "fork"}, "multiprocessing_context needs num_workers > 0"),
        (
            {"multiprocessing_context": "knife", "num_workers": 1},
            "multiprocessing_context must be one of .*; got 'knife'",
        ),
    ],
)
def test_arguments_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=f"^DataLoader: {message}"):
        DataLoader(Squares(), **arguments)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"shuffle": True}, "shuffle=True"),
        ({"sampler": [0]}, "a sampler"),
        ({"batch_sampler": [[0]]}, "a batch_sampler"),
    ],
)
def test_a_stream_has_its_own_order(arguments, name):
    with pytest.raises(ValueError, match=f"Stream is a stream, read in its own order; it can't have {name}"):
        DataLoader(Stream(), **arguments)


def test_what_is_no_data_set_is_refused():
    with pytest.raises(TypeError, match="generator has no __getitem__; a stream of items must be an IterableDataset"):
        DataLoader(i for i in range(3))
    with pytest.raises(TypeError, match=r"multiprocessing_context must be one of .* or a context .*; got 3"):
        DataLoader(Squares(), num_workers=1, multiprocessing_context=3)
    with pytest.raises(TypeError, match="DataLoader: generator must be a Generator; got 0"):
        DataLoader(Squares(), generator=0)

    class Unsized(Dataset):
        def __getitem__(self, index):
            return index

    with pytest.raises(TypeError, match="SequentialSampler: Unsized does not say how many items it has"):
        list(DataLoader(Unsized()))


def test_pytorchs_name_is_the_same_thing():
    import tinygrad_cnn.data as inner
    from tinygrad_cnn.utils import data as face

    assert set(inner.__all__) < set(face.__all__)
    assert all(getattr(face, name) is getattr(inner, name) for name in inner.__all__)
    assert face.distributed.DistributedSampler is inner.DistributedSampler
    assert face.dataloader.default_collate is inner.default_collate
    assert face.sampler.SubsetRandomSampler is inner.SubsetRandomSampler
    assert face.dataset.Subset is inner.Subset
