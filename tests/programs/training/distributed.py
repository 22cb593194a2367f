"""A program for many processes, run as one: groups, samplers, wrappers, scaled precision."""

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel as DDP  # noqa: N817
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def reduce_mean(tensor, nprocs):
    rt = tensor.clone()
    dist.all_reduce(rt, op=dist.ReduceOp.SUM)
    rt /= nprocs
    return rt


def main():
    dist.init_process_group(backend="gloo", init_method="tcp://127.0.0.1:29571", world_size=1, rank=0)
    torch.manual_seed(0)
    model = DDP(nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2)))
    x = torch.randn(64, 4)
    dataset = TensorDataset(x, (x.sum(1) > 0).long())
    sampler = DistributedSampler(dataset, shuffle=True)
    loader = DataLoader(dataset, batch_size=16, shuffle=(sampler is None), sampler=sampler)
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    losses = []
    for epoch in range(6):
        sampler.set_epoch(epoch)
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", enabled=False):
                loss = nn.functional.cross_entropy(model(inputs), targets)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            dist.barrier()
            total += reduce_mean(loss.detach(), dist.get_world_size()).item()
        losses.append(total)
    assert dist.get_rank() == 0
    assert all(key.startswith("module.") for key in model.state_dict())
    dist.destroy_process_group()
    return losses


if __name__ == "__main__":
    main()
