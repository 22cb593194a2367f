"""Pruning: parameters that are multiplied by masks of 0 and 1, `<name> = <name>_orig · <name>_mask`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from ...functions import cat
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class BasePruningMethod(ABC):
    """A way to choose what is pruned; a class of one's own says `compute_mask`.

    Attributes:
        PRUNING_TYPE: "unstructured", "structured" (whole slices) or "global".

    >>> class Negative(nn.utils.prune.BasePruningMethod):
    ...     PRUNING_TYPE = "unstructured"
    ...
    ...     def compute_mask(self, t, default_mask):
    ...         return default_mask * (t >= 0)
    >>> layer = nn.Linear(2, 2)
    >>> _ = Negative.apply(layer, "weight")
    >>> bool((layer.weight >= 0).all())
    True
    """

    PRUNING_TYPE = "unstructured"
    _tensor_name: str
    handle: Any

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for a tensor, given the one before."""

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    def apply_mask(self, module: Module) -> Tensor:
        """The parameter times its mask."""
        original = getattr(module, f"{self._tensor_name}_orig")
        return original * getattr(module, f"{self._tensor_name}_mask").to(original.dtype)  # type: ignore[no-any-return]

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any
    ) -> "BasePruningMethod":
        """Prune a parameter, on top of what is pruned already.

        Raises:
            ValueError: if there is no such parameter.
        """
        method = cls(*args, **kwargs)
        method._tensor_name = name
        before = _method_of(module, name)
        if before is not None:
            before.handle.remove()
            original: Tensor = getattr(module, f"{name}_orig")
            mask: Tensor = getattr(module, f"{name}_mask")
        else:
            found = module._parameters.get(name)
            if found is None:
                raise ValueError(f"prune: {type(module).__name__} has no parameter {name!r}")
            original, mask = found, found.detach() * 0 + 1
        scores = (original if importance_scores is None else importance_scores).detach()
        if scores.shape != original.shape:
            raise ValueError(
                f"prune: importance_scores must have the shape {tuple(original.shape)} of {name}; got "
                f"{tuple(scores.shape)}"
            )
        chain: list[BasePruningMethod] = (
            [] if before is None else [*before] if isinstance(before, PruningContainer) else [before]
        )
        new_mask = method.compute_mask(scores, mask) if not chain else _on_top(method, scores, mask)
        hook: BasePruningMethod = method
        if chain:
            hook = PruningContainer(*chain, method)
            hook._tensor_name = name
        else:
            del module._parameters[name]
            module.register_parameter(f"{name}_orig", Parameter(original.detach(), original.requires_grad))
        if f"{name}_mask" in module._buffers:
            module._buffers[f"{name}_mask"] = new_mask
        else:
            module.register_buffer(f"{name}_mask", new_mask)
        hook(module, ())
        hook.handle = module.register_forward_pre_hook(hook)
        return method

    def prune(self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None) -> Tensor:
        """A tensor times the mask for it."""
        mask = t.detach() * 0 + 1 if default_mask is None else default_mask
        return t * self.compute_mask(t if importance_scores is None else importance_scores, mask)

    def remove(self, module: Module) -> None:
        """Make the pruned values of now a parameter again."""
        name = self._tensor_name
        value = self.apply_mask(module).detach()
        requires_grad = getattr(module, f"{name}_orig").requires_grad
        for attribute in (name, f"{name}_orig", f"{name}_mask"):
            delattr(module, attribute)
        module.register_parameter(name, Parameter(value, requires_grad))


def _on_top(method: BasePruningMethod, scores: Tensor, mask: Tensor) -> Tensor:
    """The mask for what an earlier one has left."""
    if method.PRUNING_TYPE == "unstructured":
        kept = mask.reshape(-1).nonzero().squeeze(1)
        flat = mask.reshape(-1).clone()
        flat[kept] = method.compute_mask(scores.reshape(-1)[kept], flat[kept])
        return flat.reshape(mask.shape)
    if isinstance(method, RandomStructured):  # of the slices that are not gone yet
        dim = method.dim % mask.ndim
        left = mask.sum([d for d in range(mask.ndim) if d != dim]).nonzero().squeeze(1)
        part = method.compute_mask(scores.index_select(dim, left), mask.index_select(dim, left))
        return mask.index_copy(dim, left, part)
    return method.compute_mask(scores, mask)


class PruningContainer(BasePruningMethod):
    """Several prunings of one parameter, one on top of the other.

    >>> layer = nn.Linear(4, 1)
    >>> _ = nn.utils.prune.l1_unstructured(layer, "weight", 1)
    >>> _ = nn.utils.prune.l1_unstructured(layer, "weight", 1)
    >>> layer.weight_mask.sum()
    tensor(2.)
    """

    def __init__(self, *methods: BasePruningMethod) -> None:
        self._methods = list(methods)

    def __iter__(self) -> Any:
        return iter(self._methods)

    def __len__(self) -> int:
        return len(self._methods)

    def __getitem__(self, index: int) -> BasePruningMethod:
        return self._methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The last one's mask on top of the one before."""
        return _on_top(self._methods[-1], t, default_mask)


def _count(op: str, amount: Any, size: int) -> int:
    """How many to prune, from a number or a share of them."""
    if isinstance(amount, int) and not isinstance(amount, bool):
        if 0 <= amount <= size:
            return amount
        raise ValueError(f"{op}: amount must lie in [0, {size}]; got {amount}")
    if isinstance(amount, float) and 0 <= amount <= 1:
        return round(amount * size)
    raise ValueError(f"{op}: amount must be a number of parameters, or a share in [0, 1]; got {amount!r}")


class Identity(BasePruningMethod):
    """Nothing is pruned.

    >>> layer = nn.Linear(2, 1)
    >>> _ = nn.utils.prune.Identity.apply(layer, "weight")
    >>> layer.weight_mask
    tensor([[1., 1.]])
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask before."""
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Values at random.

    >>> nn.utils.prune.RandomUnstructured(amount=0.5).compute_mask(tg.ones(4), tg.ones(4)).sum()
    tensor(2.)
    """

    def __init__(self, amount: Any) -> None:
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros at random places."""
        return self._lowest(t.detach().clone().uniform_(), default_mask)

    def _lowest(self, scores: Tensor, mask: Tensor) -> Tensor:
        count = _count(type(self).__name__, self.amount, scores.numel())
        flat = mask.reshape(-1).clone()
        if count:
            flat[scores.reshape(-1).topk(count, largest=False).indices] = 0
        return flat.reshape(mask.shape)


class L1Unstructured(RandomUnstructured):
    """The smallest values.

    >>> nn.utils.prune.L1Unstructured(amount=1).compute_mask(tg.tensor([3.0, 1.0]), tg.ones(2))
    tensor([1., 0.])
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros where |t| is least."""
        return self._lowest(t.detach().abs(), default_mask)


class RandomStructured(BasePruningMethod):
    """Slices along a dimension, at random.

    >>> mask = nn.utils.prune.RandomStructured(amount=1, dim=0).compute_mask(tg.ones(3, 2), tg.ones(3, 2))
    >>> mask.sum()
    tensor(4.)
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        self.amount = amount
        self.dim = dim

    def _scores(self, t: Tensor, dim: int) -> Tensor:
        return t.new_empty(t.shape[dim]).uniform_()

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros in the slices with the lowest scores."""
        dim = self.dim % t.ndim
        count = _count(type(self).__name__, self.amount, t.shape[dim])
        kept = t.new_ones(t.shape[dim])
        if count:
            kept[self._scores(t.detach(), dim).topk(count, largest=False).indices] = 0
        return default_mask * kept.reshape(*(-1 if d == dim else 1 for d in range(t.ndim)))


class LnStructured(RandomStructured):
    """The slices along a dimension with the least norm.

    >>> rows = tg.tensor([[3.0, 3.0], [1.0, 1.0]])
    >>> nn.utils.prune.LnStructured(amount=1, n=2, dim=0).compute_mask(rows, tg.ones(2, 2))
    tensor([[1., 1.],
            [0., 0.]])
    """

    def __init__(self, amount: Any, n: float, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _scores(self, t: Tensor, dim: int) -> Tensor:
        return t.norm(self.n, [d for d in range(t.ndim) if d != dim])


class CustomFromMask(BasePruningMethod):
    """What a mask says.

    >>> layer = nn.Linear(2, 1)
    >>> _ = nn.utils.prune.CustomFromMask.apply(layer, "weight", tg.tensor([[1.0, 0.0]]))
    >>> layer.weight[0, 1].item()
    0.0
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Both masks."""
        return default_mask * self.mask.to(default_mask.dtype)


def identity(module: Module, name: str) -> Module:
    """A mask of ones.

    >>> identity(nn.Linear(2, 1), "weight").weight_mask
    tensor([[1., 1.]])
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Any) -> Module:
    """Prune values at random: `amount` of them, or a share.

    >>> random_unstructured(nn.Linear(2, 4), "weight", amount=0.25).weight_mask.sum()
    tensor(6.)
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: Any, importance_scores: Tensor | None = None) -> Module:
    """Prune the values that are nearest to 0: `amount` of them, or a share (Han et al. 2015).

    The parameter is `<name>_orig` from then on, the mask is the buffer `<name>_mask`, and `<name>` their product.

    Raises:
        ValueError: for an amount that is none, or an unknown parameter.

    >>> import tinygrad_cnn as tg
    >>> layer = tg.nn.Linear(4, 1)
    >>> layer.weight.data = tg.tensor([[1.0, -2.0, 0.5, 3.0]])
    >>> l1_unstructured(layer, "weight", amount=0.5).weight.tolist()
    [[0.0, -2.0, 0.0, 3.0]]
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Any, dim: int) -> Module:
    """Prune slices along a dimension at random.

    >>> random_structured(nn.Linear(2, 4), "weight", amount=1, dim=0).weight_mask.sum()
    tensor(6.)
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: Any, n: float, dim: int, importance_scores: Tensor | None = None
) -> Module:
    """Prune the slices along a dimension whose n-norm is least.

    >>> ln_structured(nn.Linear(2, 4), "weight", amount=0.5, n=2, dim=0).weight_mask.sum()
    tensor(4.)
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune what a mask says.

    >>> layer = custom_from_mask(nn.Linear(2, 1), "weight", tg.tensor([[1.0, 0.0]]))
    >>> layer.weight[0, 1].item()
    0.0
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune values of several parameters as if they were one: pairs of a module and a name.

    Raises:
        TypeError: for a method that prunes slices.

    >>> a, b = nn.Linear(4, 1), nn.Linear(4, 1)
    >>> global_unstructured([(a, "weight"), (b, "weight")], L1Unstructured, amount=3)
    >>> a.weight_mask.sum() + b.weight_mask.sum()
    tensor(5.)
    """
    pairs = list(parameters)
    given = importance_scores or {}
    scores = [given.get((module, name), getattr(module, name)).detach().reshape(-1) for module, name in pairs]
    before = [getattr(module, f"{name}_mask", getattr(module, name).detach() * 0 + 1) for module, name in pairs]
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(f"global_unstructured: expected an unstructured method; got {pruning_method.__name__}")
    mask = _on_top(method, cat(scores), cat([part.reshape(-1) for part in before]))
    start = 0
    for (module, name), part in zip(pairs, before, strict=True):
        custom_from_mask(module, name, mask[start : start + part.numel()].reshape(part.shape))
        start += part.numel()


def _method_of(module: Module, name: str) -> BasePruningMethod | None:
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return hook
    return None


def remove(module: Module, name: str) -> Module:
    """Make the pruned values of now the parameter; the zeros stay.

    Raises:
        ValueError: if nothing is pruned there.

    >>> layer = remove(random_unstructured(nn.Linear(2, 4), "weight", amount=3), "weight")
    >>> is_pruned(layer), int((layer.weight == 0).sum())
    (False, 3)
    """
    method = _method_of(module, name)
    if method is None:
        raise ValueError(f"prune.remove: {name!r} of {type(module).__name__} is not pruned")
    method.handle.remove()
    method.remove(module)
    return module


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module, or of one inside, is pruned.

    >>> is_pruned(nn.Linear(2, 1)), is_pruned(identity(nn.Linear(2, 1), "weight"))
    (False, True)
    """
    return any(
        isinstance(hook, BasePruningMethod) for part in module.modules() for hook in part._forward_pre_hooks.values()
    )
