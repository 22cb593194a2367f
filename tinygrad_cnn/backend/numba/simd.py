"""Vectors of 16 floats for compiled kernels: load, store, splat, and +, −, × between them.

LLVM turns plain loops into vector code only where it can prove that no two of its arrays overlap; kernels with dozens of
streams stay scalar. Here a kernel says itself what it computes with. 16 floats are one AVX-512 register, two of AVX2,
four of NEON.
"""

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDTH = 16
FLAGS = ("reassoc", "contract", "arcp", "nsz")

_vector = ir.VectorType(ir.FloatType(), WIDTH)
_mask = ir.VectorType(ir.IntType(1), WIDTH)
_ints = ir.VectorType(ir.IntType(32), WIDTH)


class Vector(types.Type):  # type: ignore[misc]
    """Numba's type of a vector of `WIDTH` floats."""

    def __init__(self) -> None:
        super().__init__(name="float32x16")


vector = Vector()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _vector)


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


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, offset: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), _vector.as_pointer())


def _splat(builder: Any, value: Any, kind: Any) -> Any:
    single = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(_ints, [0] * WIDTH)
    return builder.shuffle_vector(single, ir.Constant(kind, ir.Undefined), zeros)


def _first(builder: Any, count: Any) -> Any:
    """A mask of the first `count` lanes."""
    lanes = ir.Constant(_ints, list(range(WIDTH)))
    return builder.icmp_signed("<", lanes, _splat(builder, builder.trunc(count, ir.IntType(32)), _ints))


@intrinsic  # type: ignore[untyped-decorator]
def load(typing: Any, array: Any, offset: Any) -> Any:
    """The 16 floats from an offset into a contiguous array."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig.args[0], *args), align=4)

    return vector(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def store(typing: Any, array: Any, offset: Any, value: Any) -> Any:
    """Write 16 floats from an offset into a contiguous array."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig.args[0], *args[:2]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic  # type: ignore[untyped-decorator]
def load_first(typing: Any, array: Any, offset: Any, count: Any) -> Any:
    """The first `count` of 16 floats from an offset; the others, which are not read, are 0."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[0], *args[:2])
        kind = ir.FunctionType(_vector, [pointer.type, ir.IntType(32), _mask, _vector])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.load.v16f32.p0")
        zeros = ir.Constant(_vector, [0.0] * WIDTH)
        return builder.call(function, [pointer, ir.Constant(ir.IntType(32), 4), _first(builder, args[2]), zeros])

    return vector(array, types.intp, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def store_first(typing: Any, array: Any, offset: Any, count: Any, value: Any) -> Any:
    """Write the first `count` of 16 floats from an offset."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[0], *args[:2])
        kind = ir.FunctionType(ir.VoidType(), [_vector, pointer.type, ir.IntType(32), _mask])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.store.v16f32.p0")
        builder.call(function, [args[3], pointer, ir.Constant(ir.IntType(32), 4), _first(builder, args[2])])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, vector), generate


@intrinsic  # type: ignore[untyped-decorator]
def splat(typing: Any, value: Any) -> Any:
    """The same number 16 times."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _splat(builder, args[0], _vector)

    return vector(types.float32), generate


@intrinsic  # type: ignore[untyped-decorator]
def splat_at(typing: Any, array: Any, offset: Any) -> Any:
    """The number at an offset into a contiguous array, 16 times."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return _splat(builder, builder.load(builder.gep(data, [args[1]])), _vector)

    return vector(array, types.intp), generate
