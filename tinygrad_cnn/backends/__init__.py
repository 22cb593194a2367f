"""Switches of the libraries below PyTorch, which programs set and ask for; here there is nothing for them to change.

Results are the same from run to run on the CPU; `use_deterministic_algorithms` says more.

>>> import tinygrad_cnn as tg
>>> import tinygrad_cnn.backends.cudnn as cudnn
>>> cudnn.benchmark = True  # accepted, and without effect
>>> cudnn.is_available(), tg.backends.mps.is_available()
(False, False)
"""

from . import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
