"""The innermost loop of a product with a transposed matrix: dot products of rows of both, their sums in registers.

Both matrices are read along their rows, in whole vectors, so that neither is copied or turned first.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .simd import FLAGS, WIDTH, emit_load, emit_pointer, first_lanes, vector_type


@intrinsic(prefer_literal=True)
def dots(
    typing: Any,
    rows: Any,
    columns: Any,
    a: Any,
    a_at: Any,
    a_step: Any,
    a_last: Any,
    b: Any,
    b_at: Any,
    b_step: Any,
    b_last: Any,
    depth: Any,
    out: Any,
    out_at: Any,
    out_step: Any,
) -> Any:
    """out[out_at + i·out_step + j] += Σ_k a[a_at + i·a_step + k] · b[b_at + j·b_step + k].

    i < rows, j < columns, which are numbers written in the call, and 0 ≤ k < depth. Rows beyond i = a_last, and columns
    beyond j = b_last, are neither read nor written.
    """
    height, width = rows.literal_value, columns.literal_value

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, a_at, a_step, a_last, b, b_at, b_step, b_last, depth, out, out_at, out_step = args[2:]

        def number(n: int) -> Any:
            return ir.Constant(depth.type, n)

        def within(n: int, last: Any) -> Any:
            return builder.select(builder.icmp_signed("<", number(n), last), number(n), last)

        def lines(count: int, at: Any, step: Any, last: Any, kind: Any, array: Any) -> list[Any]:
            places = [builder.add(at, builder.mul(within(n, last), step)) for n in range(count)]
            return [emit_pointer(context, builder, kind, array, place) for place in places]

        left = lines(height, a_at, a_step, a_last, sig.args[2], a)
        right = lines(width, b_at, b_step, b_last, sig.args[6], b)
        target = lines(height, out_at, out_step, a_last, sig.args[11], out)
        zero = ir.Constant(vector_type, [0.0] * WIDTH)
        sums = [[cgutils.alloca_once_value(builder, zero) for _ in right] for _ in left]

        def add_products(k: Any, mask: Any) -> None:
            values = [emit_load(builder, builder.gep(line, [k]), 0, mask) for line in left]
            for j, line in enumerate(right):
                factor = emit_load(builder, builder.gep(line, [k]), 0, mask)
                for i, value in enumerate(values):
                    product = builder.fmul(value, factor, flags=FLAGS)
                    builder.store(builder.fadd(builder.load(sums[i][j]), product, flags=FLAGS), sums[i][j])

        whole = builder.and_(depth, number(-WIDTH))
        with cgutils.for_range_slice(builder, number(0), whole, number(WIDTH), depth.type) as (k, _):
            add_products(k, None)
        with builder.if_then(builder.icmp_signed("<", whole, depth)):
            add_products(whole, first_lanes(builder, builder.sub(depth, whole)))

        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType(), vector_type])
        reduce = cgutils.get_or_insert_function(builder.module, kind, "llvm.vector.reduce.fadd.v16f32")
        for i in range(height):
            totals = [
                builder.call(reduce, [ir.Constant(ir.FloatType(), -0.0), builder.load(sums[i][j])], fastmath=FLAGS)
                for j in range(width)
            ]
            for j, total in enumerate(totals):
                with builder.if_then(
                    builder.and_(
                        builder.icmp_signed("<=", number(i), a_last), builder.icmp_signed("<=", number(j), b_last)
                    )
                ):
                    place = builder.gep(target[i], [number(j)])
                    builder.store(builder.fadd(builder.load(place), total, flags=FLAGS), place)
        return context.get_dummy_value()

    index = types.intp
    return types.void(
        *(rows, columns, a, index, index, index, b, index, index, index, index, out, index, index)
    ), generate
