"""Vectors of 16 floats for compiled kernels: load, store, splat, and +, −, × between them.

LLVM turns plain loops into vector code only where it can prove that no two of its arrays overlap; kernels with dozens
of streams stay scalar. Here a kernel says itself what it computes with. 16 floats are one AVX-512 register, two of
AVX2, four of NEON.
"""

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDTH = 16
HALF = WIDTH // 2
FLAGS = ("reassoc", "contract", "arcp", "nsz")

vector_type = ir.VectorType(ir.FloatType(), WIDTH)
_ALIGNMENT = ir.Constant(ir.IntType(32), 4)


class Vector(types.Type):
    """Numba's type of a vector of `WIDTH` floats."""

    def __init__(self) -> None:
        super().__init__(name="float32x16")


vector = Vector()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, vector_type)


class _Binary(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(vector, vector, vector) if all(isinstance(arg, Vector) for arg in args) else None


def _define(symbols: tuple[Any, ...], instruction: str) -> None:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args, flags=FLAGS)

    for symbol in symbols:
        infer_global(symbol)(type("Binary", (_Binary,), {"key": symbol}))
        lower_builtin(symbol, Vector, Vector)(lower)


_define((operator.add, operator.iadd), "fadd")
_define((operator.sub, operator.isub), "fsub")
_define((operator.mul, operator.imul), "fmul")


# What the intrinsics below, and larger ones elsewhere, are made of: these write LLVM's instructions.


def emit_pointer(context: Any, builder: Any, array_type: Any, array: Any, offset: Any) -> Any:
    """Where the element at an offset into a contiguous array lies."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [offset])


def emit_splat(builder: Any, value: Any, size: int = WIDTH) -> Any:
    """A vector of one number."""
    kind = ir.VectorType(value.type, size)
    single = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(single, ir.Constant(kind, ir.Undefined), _integers([0] * size))


def first_lanes(builder: Any, count: Any, size: int = WIDTH) -> Any:
    """A mask of the first `count` lanes."""
    count = emit_splat(builder, builder.trunc(count, ir.IntType(32)), size)
    return builder.icmp_signed("<", _integers(list(range(size))), count)


def emit_load(builder: Any, pointer: Any, number: int, mask: Any = None, size: int = WIDTH) -> Any:
    """Vector `number` from a pointer on; lanes outside the mask are 0 and not read."""
    place, kind = _place(builder, pointer, number, size), ir.VectorType(ir.FloatType(), size)
    if mask is None:
        return builder.load(place, align=4)
    function = ir.FunctionType(kind, [place.type, ir.IntType(32), mask.type, kind])
    load = cgutils.get_or_insert_function(builder.module, function, f"llvm.masked.load.v{size}f32.p0")
    return builder.call(load, [place, _ALIGNMENT, mask, ir.Constant(kind, [0.0] * size)])


def emit_store(builder: Any, pointer: Any, number: int, mask: Any, value: Any, size: int = WIDTH) -> None:
    """Write vector `number` from a pointer on; lanes outside the mask, unless that is None, stay."""
    place = _place(builder, pointer, number, size)
    if mask is None:
        builder.store(value, place, align=4)
        return
    function = ir.FunctionType(ir.VoidType(), [value.type, place.type, ir.IntType(32), mask.type])
    store = cgutils.get_or_insert_function(builder.module, function, f"llvm.masked.store.v{size}f32.p0")
    builder.call(store, [value, place, _ALIGNMENT, mask])


def _integers(values: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(values)), values)


def _place(builder: Any, pointer: Any, number: int, size: int) -> Any:
    moved = builder.gep(pointer, [ir.Constant(ir.IntType(64), number * size)]) if number else pointer
    return builder.bitcast(moved, ir.VectorType(ir.FloatType(), size).as_pointer())


@intrinsic
def load(typing: Any, array: Any, offset: Any, count: Any) -> Any:
    """The first `count` of the 16 floats from an offset into a contiguous array; the others, not read, are 0."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = emit_pointer(context, builder, sig.args[0], *args[:2])
        return emit_load(builder, pointer, 0, first_lanes(builder, args[2]))

    return vector(array, types.intp, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, offset: Any, count: Any, value: Any) -> Any:
    """Write the first `count` of 16 floats from an offset into a contiguous array."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = emit_pointer(context, builder, sig.args[0], *args[:2])
        emit_store(builder, pointer, 0, first_lanes(builder, args[2]), args[3])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, vector), generate


@intrinsic
def splat(typing: Any, value: Any) -> Any:
    """The same number 16 times."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit_splat(builder, args[0])

    return vector(types.float32), generate
