"""Switches of the libraries below, named as in PyTorch: those of CUDA have their effect, the others are accepted.

Results are the same from run to run on the CPU; `use_deterministic_algorithms` says more.

>>> import tinygrad_cnn as tg
>>> import tinygrad_cnn.backends.cudnn as cudnn
>>> cudnn.benchmark, tg.backends.cuda.matmul.allow_tf32, tg.backends.mps.is_available()
(False, False, False)
>>> with cudnn.flags(deterministic=True):
...     cudnn.deterministic
True
"""

from . import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
