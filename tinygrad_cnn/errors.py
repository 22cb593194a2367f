"""The exception types of the engine, each a subclass of what NumPy users and PyTorch users catch."""


class ShapeError(ValueError, RuntimeError):
    """Shapes that do not fit together.

    NumPy raises `ValueError` for these and PyTorch `RuntimeError`; this is both, so either `except` clause works.
    """


class DimensionError(IndexError, ValueError):
    """A dimension number outside the range of a tensor's dimensions (`IndexError`, as in PyTorch)."""


class PositionError(DimensionError, RuntimeError):
    """An index outside a dimension's size (`RuntimeError` in PyTorch's gather and scatter, `IndexError` elsewhere)."""


class EmptyError(ShapeError, IndexError):
    """Nothing to choose from: an extreme of no elements (`IndexError` or `RuntimeError` in PyTorch)."""


class GraphError(RuntimeError):
    """The graph cannot do what was asked: freed values, values changed in place, no graph at all."""


class DeviceError(RuntimeError):
    """Arrays of two devices met in one operation, or a device that is not there was asked for."""


class OutOfMemoryError(RuntimeError, MemoryError):
    """A device has no memory left for what was asked.

    >>> issubclass(tg.cuda.OutOfMemoryError, RuntimeError)
    True
    """


class DtypeError(TypeError, RuntimeError):
    """Dtypes that do not go together in an operation (`RuntimeError` in PyTorch, `TypeError` in NumPy)."""


class ArgumentError(ValueError, RuntimeError):
    """A value that an operation cannot take (`RuntimeError` in PyTorch, `ValueError` in NumPy)."""


class LinAlgError(ArgumentError):
    """Matrices with which it can't be done: no inverse, not positive definite.

    >>> tg.linalg.inv(tg.zeros(2, 2))
    Traceback (most recent call last):
    tinygrad_cnn.errors.LinAlgError: ...
    """
