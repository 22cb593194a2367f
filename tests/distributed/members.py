"""What each of several processes does, and what it finds; the test looks at what they have written down."""

import json
from datetime import timedelta
from pathlib import Path

import tinygrad_cnn as tg
import tinygrad_cnn.distributed as dist
from tinygrad_cnn import nn


def together(rank, size, folder, work):
    """Run a function as one of a group, and write down what it returns."""
    dist.init_process_group("gloo", f"file://{folder}/address", timedelta(seconds=60), size, rank)
    found = work(rank, size)
    Path(folder, f"{work.__name__}{rank}.json").write_text(json.dumps(found), encoding="utf-8")
    dist.destroy_process_group()


def collectives(rank, size):
    """One of each."""
    found = {}
    mine = tg.tensor([rank + 1.0, 10.0 * rank])
    for op in ("SUM", "AVG", "PRODUCT", "MIN", "MAX"):
        x = mine.clone()
        dist.all_reduce(x, op=getattr(dist.ReduceOp, op))
        found[op] = x.tolist()
    bits = tg.tensor([1 << rank])
    dist.all_reduce(bits, dist.ReduceOp.BOR)
    x = mine.clone()
    dist.reduce(x, dst=1)
    y = mine.clone()
    dist.broadcast(y, src=2)
    gathered = [tg.zeros(2) for _ in range(size)]
    dist.all_gather(gathered, mine)
    flat = tg.zeros(2 * size)
    dist.all_gather_into_tensor(flat, mine)
    at_two = [tg.zeros(2) for _ in range(size)] if rank == 2 else None
    dist.gather(mine, at_two, dst=2)
    part = tg.zeros(2)
    dist.scatter(part, [tg.full((2,), float(i)) for i in range(size)] if rank == 0 else None)
    share = tg.zeros(1)
    dist.reduce_scatter(share, [tg.tensor([float(i * (rank + 1))]) for i in range(size)])
    objects, one, at_zero = [None] * size, [{"from": rank}], [None] * size
    dist.all_gather_object(objects, ("rank", rank))
    dist.broadcast_object_list(one, src=1)
    dist.gather_object(rank, at_zero if rank == 0 else None)
    letter = tg.zeros(2)
    waiting = dist.irecv(letter, (rank - 1) % size)
    dist.isend(mine, (rank + 1) % size).wait()
    came = waiting.is_completed()
    waiting.wait()
    pair = dist.new_group([0, 2])
    z = mine.clone()
    if rank != 1:
        dist.all_reduce(z, group=pair)
    half = mine.half()
    work = dist.all_reduce(half, async_op=True)
    dist.barrier()
    return found | {
        "bits": bits.item(),
        "reduce": x.tolist(),
        "broadcast": y.tolist(),
        "all_gather": [x.tolist() for x in gathered],
        "into": flat.tolist(),
        "gather": None if at_two is None else [x.tolist() for x in at_two],
        "scatter": part.tolist(),
        "reduce_scatter": share.item(),
        "objects": [objects, one, at_zero],
        "letter": [came, letter.tolist()],
        "pair": [dist.get_rank(pair), dist.get_world_size(pair), z.tolist()],
        "half": [work.wait(), half.tolist(), str(half.dtype)],
        "world": [dist.get_rank(), dist.get_world_size()],
    }


def network():
    """The same network in all processes that call it first."""
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, track_running_stats=True), nn.Tanh(), nn.Linear(4, 2))


def data():
    """Images of a kind, and labels."""
    generator = tg.Generator().manual_seed(1)
    x = tg.randn(8, 3, generator=generator)
    return x, (x.sum(1) > 0).long()


def training(rank, size):
    """Three steps on a part of the data; batch norm by its running statistics, which the first process gives."""
    model = network()
    unused = nn.Linear(1, 1)
    model.add_module("unused", unused)
    tg.manual_seed(rank)
    for parameter in model.parameters():
        if rank:
            nn.init.normal_(parameter)
    wrapped = nn.parallel.DistributedDataParallel(model)
    del model._modules["unused"]
    model.eval()
    x, y = (values[rank::size] for values in data())
    optimizer = tg.optim.SGD(wrapped.parameters(), 0.5, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        with wrapped.no_sync():
            (nn.functional.cross_entropy(wrapped(x), y) / 2).backward()
        (nn.functional.cross_entropy(wrapped(x), y) / 2).backward()
        optimizer.step()
    wrapped.train()
    wrapped(x)
    return [[p.flatten().tolist() for p in wrapped.parameters()], unused.weight.grad is None]


def leaving(rank, size):
    """The last process goes away while the others wait for it."""
    if rank == size - 1:
        return "gone"
    try:
        dist.all_reduce(tg.ones(1))
    except RuntimeError as error:
        return str(error)
    return "nothing"
