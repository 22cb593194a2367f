"""One process: its group, and the sampler that divides data among several."""

from datetime import timedelta

import pytest

import tinygrad_cnn as tg
import tinygrad_cnn.distributed as dist
from tinygrad_cnn.utils.data import DataLoader, DistributedSampler, StackDataset


@pytest.fixture
def group(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    dist.init_process_group("nccl", "env://")
    yield
    dist.destroy_process_group()


def test_one_process_is_a_group(group):
    assert dist.is_available()
    assert dist.is_initialized()
    assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (0, 1, "nccl")
    x, y = tg.arange(3.0), tg.zeros(3)
    assert dist.all_reduce(x, op=dist.ReduceOp.SUM) is None
    assert dist.all_reduce(x, async_op=True).wait()
    dist.reduce(x, dst=0)
    dist.broadcast(x, src=0)
    dist.barrier()
    assert x.tolist() == [0, 1, 2]
    dist.all_gather([y], x)
    assert y.tolist() == [0, 1, 2]
    rows = tg.zeros(1, 3)
    dist.all_gather_into_tensor(rows, x)
    dist.scatter(y, [x + 1])
    dist.gather(y, [x])
    dist.reduce_scatter(y, [x + 1])
    assert (rows.tolist(), x.tolist(), y.tolist()) == ([[0, 1, 2]], [1, 2, 3], [2, 3, 4])
    objects = [None]
    dist.all_gather_object(objects, "mine")
    dist.broadcast_object_list(objects)
    assert objects == ["mine"]
    assert dist.new_group([0]).size() == 1


def test_what_needs_other_processes_is_refused(group, monkeypatch):
    with pytest.raises(RuntimeError, match="there is a group already"):
        dist.init_process_group("gloo")
    with pytest.raises(ValueError, match=r"broadcast: the ranks are \[0\]; got 1"):
        dist.broadcast(tg.zeros(1), src=1)
    with pytest.raises(ValueError, match="send: this process is alone in its group"):
        dist.send(tg.zeros(1), 0)
    with pytest.raises(ValueError, match="recv: give src"):
        dist.recv(tg.zeros(1))
    with pytest.raises(TypeError, match="all_reduce: expected a tensor; got float"):
        dist.all_reduce(1.0)
    with pytest.raises(ValueError, match="another process has a tensor of 1 elements; this one has 2"):
        dist.all_gather([tg.zeros(2)], tg.zeros(1))
    with pytest.raises(ValueError, match="all_gather: expected a list of 1, the number of processes; got"):
        dist.all_gather([tg.zeros(1), tg.zeros(1)], tg.zeros(1))
    with pytest.raises(ValueError, match=r"new_group: the ranks must be of \[0\], each once; got \[0, 1\]"):
        dist.new_group([0, 1])
    dist.destroy_process_group()
    with pytest.raises(ValueError, match="get_rank: there is no process group; call init_process_group first"):
        dist.get_rank()
    with pytest.raises(NotImplementedError, match="stores are not supported; give init_method"):
        dist.init_process_group("gloo", store=1)
    with pytest.raises(ValueError, match=r"the rank must be in \[0, 1\), the number of processes; got 1"):
        dist.init_process_group("gloo", world_size=1, rank=1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(ValueError, match="where is process 0"):
        dist.init_process_group("gloo")
    with pytest.raises(ValueError, match="must begin with env://, tcp:// or file://; got 'udp://here'"):
        dist.init_process_group("gloo", "udp://here")
    with pytest.raises(RuntimeError, match=r"no process 0 at 127.0.0.1:9 in 0\.1 seconds"):
        dist.init_process_group("gloo", "tcp://127.0.0.1:9", timedelta(seconds=0.1), rank=1)
    with pytest.raises(RuntimeError, match=r"process 0 has not written .*nowhere in 0\.1 seconds"):
        dist.init_process_group("gloo", "file:///nowhere", timedelta(seconds=0.1), rank=1)


@pytest.mark.parametrize(
    ("size", "replicas", "drop_last"), [(10, 3, False), (10, 3, True), (2, 5, False), (9, 3, True)]
)
def test_parts_are_pytorchs(size, replicas, drop_last):
    theirs = pytest.importorskip("torch.utils.data").DistributedSampler
    for rank in range(replicas):
        arguments = (range(size), replicas, rank, False, 0, drop_last)
        assert list(DistributedSampler(*arguments)) == list(theirs(*arguments))
        assert len(DistributedSampler(*arguments)) == len(theirs(*arguments))


def test_each_epoch_has_its_own_order_which_all_processes_share():
    samplers = [DistributedSampler(range(10), 2, rank, seed=3) for rank in (0, 1)]
    orders = []
    for epoch in (0, 1):
        for sampler in samplers:
            sampler.set_epoch(epoch)
        parts = [list(sampler) for sampler in samplers]
        assert sorted(parts[0] + parts[1]) == list(range(10))
        orders.append(parts)
    assert orders[0] != orders[1]


def test_the_group_is_the_default(group):
    loader = DataLoader(range(5), 2, sampler=DistributedSampler(range(5), shuffle=False))
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4]]
    with pytest.raises(ValueError, match=r"rank must be in \[0, num_replicas\), here \[0, 2\); got 2"):
        DistributedSampler(range(5), 2, 2)


def test_stacked_data_sets():
    data = StackDataset(range(4), "abcd")
    assert len(data) == 4
    assert data.__getitems__([1, 3]) == [(1, "b"), (3, "d")]
    assert [(x.tolist(), y) for x, y in DataLoader(data, 2)] == [([0, 1], ("a", "b")), ([2, 3], ("c", "d"))]
    with pytest.raises(ValueError, match=r"the same length; got lengths \[2, 1\]"):
        StackDataset("ab", "c")
    with pytest.raises(ValueError, match="all with names or all without; got none"):
        StackDataset()
    with pytest.raises(ValueError, match="got both"):
        StackDataset("a", b="b")
