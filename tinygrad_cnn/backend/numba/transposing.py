"""Matrices transposed in vector registers, 16 × 16 numbers at a time: images into channels-last order, and back."""

from typing import Any

from llvmlite import ir
from numba import prange
from numba.core import types
from numba.extending import intrinsic

from .compile import kernel, serial
from .simd import WIDTH, emit_load, emit_pointer, emit_store, first_lanes

STRIP = 256  # columns of the result that one unit of work fills at most


def _exchanged(builder: Any, rows: list[Any]) -> list[Any]:
    """16 vectors as the columns of the matrix whose rows they were.

    In step s, numbers whose row and column differ in bit s change places: four steps for four bits.
    """
    step = 1
    while step < WIDTH:
        upper = [lane if not lane & step else lane - step + WIDTH for lane in range(WIDTH)]
        lower = [lane + step if not lane & step else lane + WIDTH for lane in range(WIDTH)]
        before, rows = rows, list(rows)
        for r in range(WIDTH):
            if not r & step:
                pair = before[r], before[r + step]
                rows[r], rows[r + step] = (
                    builder.shuffle_vector(*pair, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), lanes))
                    for lanes in (upper, lower)
                )
        step *= 2
    return rows


@intrinsic
def transpose_block(
    typing: Any, x: Any, at: Any, step: Any, rows: Any, columns: Any, out: Any, out_at: Any, out_step: Any
) -> Any:
    """out[out_at + j·out_step + i] = x[at + i·step + j] for i < rows and j < columns, of which there are 16 at most."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at, step, rows, columns = args[1:5]
        out_at, out_step = args[6:]

        def mask(line: int, lines: Any, count: Any) -> Any:
            """The first `count` lanes, none in lines that are not there."""
            there = builder.icmp_signed(">", lines, ir.Constant(lines.type, line))
            most = builder.select(there, count, ir.Constant(count.type, 0))
            return first_lanes(builder, most)

        def line(array: int, start: Any, number: int, width: Any) -> Any:
            place = builder.add(start, builder.mul(width, ir.Constant(width.type, number)))
            return emit_pointer(context, builder, sig.args[array], args[array], place)

        vectors = [emit_load(builder, line(0, at, i, step), 0, mask(i, rows, columns)) for i in range(WIDTH)]
        for j, values in enumerate(_exchanged(builder, vectors)):
            emit_store(builder, line(5, out_at, j, out_step), 0, mask(j, columns, rows), values)
        return context.get_dummy_value()

    index = types.intp
    return types.void(x, index, index, index, index, out, index, index), generate


@intrinsic
def transpose_rows(
    typing: Any,
    x: Any,
    at: Any,
    starts: Any,
    row: Any,
    rows: Any,
    columns: Any,
    out: Any,
    out_at: Any,
    places: Any,
    column: Any,
) -> Any:
    """out[out_at + places[column + j] + i] = x[at + starts[row + i] + j] for i < rows and j < columns, at most 16 each.

    A place of −1 is not written. Both tables must go on for 16 entries from `row` and `column`.
    """

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, at, starts, row, rows, columns, out, out_at, places, column = args
        none = ir.Constant(rows.type, 0)

        def entry(number: int, table: Any, first: Any, place: int) -> Any:
            at = builder.add(first, ir.Constant(first.type, place))
            return builder.load(emit_pointer(context, builder, sig.args[number], table, at))

        def mask(valid: Any, count: Any) -> Any:
            return first_lanes(builder, builder.select(valid, count, none))

        lines = []
        for i in range(WIDTH):
            pointer = emit_pointer(context, builder, sig.args[0], x, builder.add(at, entry(2, starts, row, i)))
            there = builder.icmp_signed("<", ir.Constant(rows.type, i), rows)
            lines.append(emit_load(builder, pointer, 0, mask(there, columns)))
        for j, values in enumerate(_exchanged(builder, lines)):
            place = entry(8, places, column, j)
            there = builder.icmp_signed("<", ir.Constant(columns.type, j), columns)
            there = builder.and_(there, builder.icmp_signed(">=", place, none))
            pointer = emit_pointer(context, builder, sig.args[6], out, builder.add(out_at, place))
            emit_store(builder, pointer, 0, mask(there, rows), values)
        return context.get_dummy_value()

    index = types.intp
    return types.void(x, index, starts, index, index, index, out, index, places, index), generate


@serial
def _strip(x: Any, at: int, rows: int, columns: int, first: int, last: int, out: Any) -> None:
    for j in range(0, columns, 16):
        for i in range(first, last, 16):
            transpose_block(
                x,
                at + i * columns + j,
                columns,
                min(last - i, 16),
                min(columns - j, 16),
                out,
                at + j * rows + i,
                rows,
            )


@kernel
def transpose(x: Any, matrices: int, rows: int, columns: int, out: Any) -> None:
    """Each of some matrices (rows, columns), one after the other in flat memory, as (columns, rows)."""
    strips = (rows + STRIP - 1) // STRIP
    for place in prange(matrices * strips):
        matrix, first = place // strips, place % strips * STRIP
        _strip(x, matrix * rows * columns, rows, columns, first, min(first + STRIP, rows), out)
