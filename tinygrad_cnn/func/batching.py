"""`vmap`: a function of single examples, applied to each example of a batch."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..backend import backends
from ..functions import stack
from ..tensor import Tensor
from .trees import flatten, spread


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that applies `func` to each slice of its arguments along a dimension, and stacks what it returns.

    Here it is a loop: it says what to compute and has every derivative, but is no faster than calling `func` so often.

    Args:
        func: takes tensors or nests of them, returns a tensor or a nest.
        in_dims: the dimension of the examples, for all arguments, or a tuple with one for each (or with a nest that has
            the upper structure of the argument); None for what is the same for all.
        out_dims: where the examples are in the outputs; None for an output that is the same for all.
        randomness: "error" forbids random numbers in `func`, "different" gives every example its own, "same" all the
            same.
        chunk_size: accepted; examples are always computed one by one.

    Raises:
        ValueError: for dimensions that do not fit to the arguments, batches of several sizes or of none.
        RuntimeError: for random numbers that were not allowed.

    >>> import tinygrad_cnn as tg
    >>> vmap(tg.dot)(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([[1.0, 1.0], [1.0, -1.0]]))
    tensor([ 3., -1.])
    """
    if randomness not in {"error", "different", "same"}:
        raise RuntimeError(f'vmap: randomness must be "error", "different" or "same"; got {randomness!r}')

    @wraps(func)
    def batched(*args: Any, **kwargs: Any) -> Any:
        leaves, build = flatten(args)
        dims = spread(tuple(in_dims) if isinstance(in_dims, list) else _for_each(in_dims, args), args, "vmap: in_dims")
        count = _batch_size(leaves, dims)
        results = []
        for i, restart in zip(range(count), _streams(randomness), strict=False):
            slices = [x if dim is None else x.select(dim, i) for x, dim in zip(leaves, dims, strict=True)]
            results.append(func(*build(iter(slices)), **kwargs))
            restart()
        return _stacked(results, out_dims)

    return batched


def _for_each(in_dims: Any, args: tuple[Any, ...]) -> Any:
    return (in_dims,) * len(args) if in_dims is None or isinstance(in_dims, int) else in_dims


def _batch_size(leaves: list[Any], dims: list[Any]) -> int:
    sizes = []
    for x, dim in zip(leaves, dims, strict=True):
        if dim is None:
            continue
        if not isinstance(x, Tensor):
            raise ValueError(f"vmap: in_dims is {dim!r} for a {type(x).__name__}; only tensors have examples; use None")
        if not isinstance(dim, int) or not -x.ndim <= dim < x.ndim:
            raise ValueError(f"vmap: in_dims is {dim!r} for a tensor of shape {tuple(x.shape)}, which has none such")
        sizes.append(x.shape[dim])
    if len(set(sizes)) != 1 or not sizes[0]:
        raise ValueError(
            f"vmap: the arguments must have one number of examples, at least 1; got {sorted(set(sizes)) or 'none'}"
        )
    return int(sizes[0])


def _streams(randomness: str) -> Any:
    """For each example, what to call after it."""
    before = [(backend, backend.rng.get_state()) for backend in backends()]

    def restart() -> None:
        if randomness == "same":
            after[:] = [(backend, backend.rng.get_state()) for backend in backends()]
            for backend, state in before:
                backend.rng.set_state(state)
        elif randomness == "error" and any(repr(backend.rng.get_state()) != text for backend, text in texts):
            raise RuntimeError(
                'vmap: the function used random numbers; say whether they shall be "different" for each example '
                'or the "same" by randomness='
            )

    after: list[Any] = []
    texts = [(backend, repr(state)) for backend, state in before]
    try:
        while True:
            yield restart
    finally:
        for backend, state in after:
            backend.rng.set_state(state)


def _stacked(results: list[Any], out_dims: Any) -> Any:
    leaves, build = flatten(results[0])
    first = results[0]
    if isinstance(out_dims, tuple) and isinstance(first, Tensor):
        out_dims = out_dims[0]
    dims = spread(out_dims, first, "vmap: out_dims") if first is not None else []
    columns = [flatten(result)[0] for result in results]
    stacked = []
    for j, (leaf, dim) in enumerate(zip(leaves, dims, strict=True)):
        if not isinstance(leaf, Tensor):
            raise ValueError(f"vmap: the function must return tensors; got {type(leaf).__name__}")
        stacked.append(leaf if dim is None else stack([column[j] for column in columns], dim=dim))
    return build(iter(stacked))
