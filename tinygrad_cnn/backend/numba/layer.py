"""Which of Numba's thread pools runs the kernels.

"workqueue" keeps the calling thread busy with waiting while its workers work: with two cores nothing is gained. With
OpenMP the calling thread works too; but its threads spin after a launch, and take the cores from those of BLAS, unless
OMP_WAIT_POLICY was "passive" when the library was loaded.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

import numba


def choose_layer() -> str:
    """OpenMP whose threads sleep between launches, where it can be had, else "workqueue"; a user's choice stays."""
    if numba.config.THREADING_LAYER == "default":
        numba.config.THREADING_LAYER = "omp" if _sleeping_openmp() else "workqueue"
    return str(numba.config.THREADING_LAYER)


def _sleeping_openmp() -> bool:
    """Load GNU OpenMP so that its threads sleep; False where there is none, or one that was loaded otherwise."""
    policy = os.environ.get("OMP_WAIT_POLICY")
    if not sys.platform.startswith("linux") or (policy is None and _is_loaded("libgomp.so")):
        return False
    os.environ["OMP_WAIT_POLICY"] = policy or "passive"  # read once, while the library is loaded
    try:
        import_module("numba.np.ufunc.omppool")
    except ImportError:
        return False
    finally:
        if policy is None:
            del os.environ["OMP_WAIT_POLICY"]
    return True


def _is_loaded(library: str) -> bool:
    try:
        return library in Path("/proc/self/maps").read_text(encoding="utf-8")
    except OSError:
        return True
