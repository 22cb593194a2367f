"""Data sets of pictures, with torchvision's names, signatures and folders; and some that need no network."""

from .cifar import CIFAR10, CIFAR100
from .digits import Digits, DigitsSplit, load_digits_split
from .digits_more import QMNIST, USPS
from .fakedata import FakeData
from .folder import DatasetFolder, ImageFolder
from .mnist import EMNIST, KMNIST, MNIST, FashionMNIST
from .photographs import Photographs
from .stl10 import STL10
from .svhn import SVHN
from .vision import VisionDataset

__all__ = [
    "VisionDataset",
    "MNIST",
    "FashionMNIST",
    "KMNIST",
    "EMNIST",
    "QMNIST",
    "USPS",
    "CIFAR10",
    "CIFAR100",
    "SVHN",
    "STL10",
    "DatasetFolder",
    "ImageFolder",
    "FakeData",
    "Digits",
    "DigitsSplit",
    "load_digits_split",
    "Photographs",
]
