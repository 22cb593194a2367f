"""Data in every way: streams, samplers, endless loaders, items left out, pictures drawn of it."""

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    SequentialSampler,
    Subset,
    WeightedRandomSampler,
    get_worker_info,
    random_split,
)
from torch.utils.data.dataloader import default_collate


class Rows(Dataset):
    def __init__(self, n):
        self.x = np.random.RandomState(0).randn(n, 4).astype(np.float32)
        self.targets = [int(row.sum() > 0) for row in self.x]

    def __getitem__(self, i):
        if torch.is_tensor(i):
            i = i.tolist()
        return {"x": self.x[i], "y": self.targets[i], "name": f"row {i}"}

    def __len__(self):
        return len(self.targets)


class Stream(IterableDataset):
    def __init__(self, start, end):
        super(Stream).__init__()
        self.start, self.end = start, end

    def __iter__(self):
        worker = get_worker_info()
        first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        return iter(range(self.start + first, self.end, step))


class Balanced(Sampler):
    def __init__(self, labels, each):
        self.labels, self.each = np.array(labels), each

    def __iter__(self):
        for label in np.unique(self.labels):
            yield from np.where(self.labels == label)[0][: self.each].tolist()

    def __len__(self):
        return self.each * len(np.unique(self.labels))


class Endless(DataLoader):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.batches = super().__iter__()

    def __iter__(self):
        while True:
            try:
                yield next(self.batches)
            except StopIteration:
                self.batches = super().__iter__()


def ones(batch):
    return default_collate([item for item in batch if item["y"]])


def main():
    torch.manual_seed(0)
    data = Rows(60)
    assert sorted(DataLoader(Stream(3, 7), batch_size=None)) == [3, 4, 5, 6]
    assert list(ChainDataset([Stream(0, 2), Stream(5, 6)])) == [0, 1, 5]
    assert len(DataLoader(data, batch_sampler=BatchSampler(SequentialSampler(data), 7, drop_last=True))) == 8
    assert next(iter(DataLoader(data, 60, collate_fn=ones)))["y"].min() == 1
    assert len(list(DataLoader(data, 4, sampler=Balanced(data.targets, 6)))) == 3
    train, held = random_split(data, [0.8, 0.2], generator=torch.Generator().manual_seed(1))
    assert (len(train), len(held), len(ConcatDataset([train, held])), len(train + held)) == (48, 12, 60, 60)
    counts = np.bincount(data.targets)
    weights = (1.0 / counts)[[data.targets[i] for i in train.indices]]
    sampler = WeightedRandomSampler(torch.from_numpy(weights).double(), len(weights))
    loader = Endless(train, batch_size=16, sampler=sampler)
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.RMSprop(model.parameters(), 0.05)
    losses = []
    for step, batch in enumerate(loader):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(batch["x"]).squeeze(1), batch["y"].float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step == 30:
            break
    with torch.no_grad():
        scores = torch.cat([model(b["x"]) for b in DataLoader(Subset(data, held.indices), 5)]).numpy()
    assert (np.ma.ravel(torch.arange(3)).tolist(), scores.shape) == ([0, 1, 2], (12, 1))
    return losses
