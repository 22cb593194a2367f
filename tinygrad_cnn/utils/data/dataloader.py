"""PyTorch's file of the loader."""

from ...data import DataLoader, IterableDataset, default_collate, default_convert, get_worker_info

__all__ = ["DataLoader", "IterableDataset", "default_collate", "default_convert", "get_worker_info"]
