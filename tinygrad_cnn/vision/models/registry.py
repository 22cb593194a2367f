"""How networks are made by name, with or without weights from a file."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ...nn import Module
from .weights import WeightsEnum, chosen, enum_named, enum_of

P = ParamSpec("P")
Net = TypeVar("Net", bound=Module)
BUILDERS: dict[str, Callable[..., Any]] = {}


def network(
    rename: Callable[[str], str] = str, optional: tuple[str, ...] = (), **with_weights: Any
) -> Callable[[Callable[P, Net]], Callable[..., Net]]:
    """Make a function that builds a network take `weights=` (or `pretrained=`) and `progress=`, as torchvision's do.

    Args:
        rename: from the names in old weight files to those of today.
        optional: how the names of parts begin that weight files have, and the network may not.
        **with_weights: arguments that are the default where weights are asked for.
    """

    def with_name(build: Callable[P, Net]) -> Callable[..., Net]:
        name = build.__name__

        @wraps(build)
        def built(pretrained: Any = None, progress: bool = True, *, weights: Any = None, **kwargs: Any) -> Net:
            file = chosen(name, pretrained if weights is None else weights)
            if file is None:
                return build(**kwargs)  # type: ignore[call-arg]
            if kwargs.get("num_classes", 1000) != 1000:
                raise ValueError(
                    f"{name}: the weights are for 1000 classes; got num_classes={kwargs['num_classes']}; "
                    "build it with weights for 1000, and replace the last layer"
                )
            model = build(**{**with_weights, **kwargs})  # type: ignore[call-arg]
            state = {rename(key): value for key, value in file.get_state_dict(progress=progress).items()}
            own = model.state_dict()
            model.load_state_dict({k: v for k, v in state.items() if k in own or not k.startswith(optional or "\n")})
            return model

        BUILDERS[name] = built
        return built

    return with_name


def list_models() -> list[str]:
    """The names of all networks, for `get_model`.

    >>> "resnet18" in list_models()
    True
    """
    return sorted(BUILDERS)


def get_model_builder(name: str) -> Callable[..., Any]:
    """The function that builds the network of this name.

    Raises:
        ValueError: when there is none.

    >>> get_model_builder("squeezenet1_1").__name__
    'squeezenet1_1'
    """
    if name not in BUILDERS:
        near = get_close_matches(name, BUILDERS, n=1)
        raise ValueError(f"get_model: there is no network {name!r}" + (f"; the nearest is {near[0]!r}" if near else ""))
    return BUILDERS[name]


def get_model(name: str, *args: Any, **kwargs: Any) -> Any:
    """The network of this name, as its own function builds it.

    >>> sum(p.numel() for p in get_model("squeezenet1_1").parameters())
    1235496
    """
    return get_model_builder(name)(*args, **kwargs)


def get_model_weights(name: Any) -> type[WeightsEnum]:
    """The weight files of a network, by its name or its function.

    >>> "IMAGENET1K_V1" in get_model_weights("resnet18").__members__
    True
    """
    return enum_of(getattr(name, "__name__", name))


def get_weight(name: str) -> WeightsEnum:
    """The weights of this full name, `ResNet50_Weights.IMAGENET1K_V2`.

    Raises:
        ValueError: when there are none.

    >>> get_weight("ResNet18_Weights.IMAGENET1K_V1").name
    'IMAGENET1K_V1'
    """
    kind, _, version = name.partition(".")
    found = enum_named(kind)
    if found is None or version not in found.__members__:
        raise ValueError(f"get_weight: there are no weights {name!r}; a name is like ResNet50_Weights.IMAGENET1K_V2")
    return found[version]
