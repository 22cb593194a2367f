"""The innermost loop of every compiled convolution: one block of a matrix product, its sums held in registers.

The matrices need not lie in memory as matrices: tables say where rows and columns of the left one begin, so that a
window of an image is read where it is (an implicit im2col).
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .simd import FLAGS, HALF, WIDTH, emit_load, emit_pointer, emit_splat, emit_store, first_lanes

# Rows of a block per number of vectors in a row: as many sums as registers hold beside one row of the right matrix, and
# as many rows as registers hold addresses.
ROWS = {1: 8, 2: 8, 3: 6, 4: 6}
HALVED = 0  # "vectors" of a block that has half a vector: a core that adds two halves at a time leaves no lanes idle
PAIRWISE_ROWS = 6  # for any number of vectors
MOST_VECTORS = 4
EVERY_BLOCK = 24  # a multiple of them all


def panels(columns: int, pairwise: bool) -> tuple[int, int, int]:
    """Cut so many columns into panels: how many, of how many vectors, and what the number of rows must divide by."""
    vectors = -(-columns // WIDTH)
    count = -(-vectors // MOST_VECTORS)
    width = -(-vectors // count)
    return count, width, PAIRWISE_ROWS if pairwise else EVERY_BLOCK if vectors % count else ROWS[width]


@intrinsic(prefer_literal=True)
def multiply(
    typing: Any,
    rows: Any,
    vectors: Any,
    pairwise: Any,
    add: Any,
    x: Any,
    x_at: Any,
    row_starts: Any,
    row: Any,
    steps: Any,
    start: Any,
    stop: Any,
    w: Any,
    w_at: Any,
    w_step: Any,
    lanes: Any,
    out: Any,
    out_at: Any,
    out_starts: Any,
) -> Any:
    """out[out_at + out_starts[row + r] + j] = Σ_k x[x_at + row_starts[row + r] + steps[k]] · w[w_at + k·w_step + j].

    r < rows, j < 16·vectors, start ≤ k < stop; rows, vectors, pairwise and add are numbers written in the call. In the
    last vector only the first `lanes` are read and written; for `vectors` = 0 the one vector is half as wide. With
    pairwise, x is read at + j too: a product per channel instead of a sum over channels. With add = 1, the sums go on
    from what out holds; with 2, from w[w_at − w_step + j], a bias in the row before the first.
    """
    count, width = rows.literal_value, max(1, vectors.literal_value)
    size = HALF if vectors.literal_value == HALVED else WIDTH
    channelwise, beginning = pairwise.literal_value, add.literal_value

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, x_at, row_starts, row, steps, start, stop, w, w_at, w_step, lanes, out, out_at, out_starts = args[4:]
        kinds = dict(zip(("x", "starts", "steps", "w", "out", "places"), (4, 6, 8, 11, 15, 17), strict=True))

        def at(name: str, array: Any, offset: Any) -> Any:
            return emit_pointer(context, builder, sig.args[kinds[name]], array, offset)

        mask = first_lanes(builder, lanes, size)
        every = [None] * (width - 1) + [mask]
        line = [builder.add(row, ir.Constant(row.type, r)) for r in range(count)]
        source = [at("x", x, builder.add(x_at, builder.load(at("starts", row_starts, r)))) for r in line]
        target = [at("out", out, builder.add(out_at, builder.load(at("places", out_starts, r)))) for r in line]
        before = at("w", w, builder.sub(w_at, w_step)) if beginning == 2 else None
        zero = ir.Constant(ir.VectorType(ir.FloatType(), size), [0.0] * size)

        def first(pointer: Any, v: int) -> Any:
            if beginning == 0:
                return zero
            return emit_load(builder, before if beginning == 2 else pointer, v, every[v], size)

        sums = [[cgutils.alloca_once_value(builder, first(line, v)) for v in range(width)] for line in target]
        with cgutils.for_range_slice(builder, start, stop, ir.Constant(start.type, 1), start.type) as (k, _):
            step = builder.load(at("steps", steps, k))
            line_of_w = at("w", w, builder.add(w_at, builder.mul(k, w_step)))
            factors = [emit_load(builder, line_of_w, v, every[v], size) for v in range(width)]
            for r in range(count):
                pixel = builder.gep(source[r], [step])
                value = None if channelwise else emit_splat(builder, builder.load(pixel), size)
                for v in range(width):
                    if channelwise:
                        value = emit_load(builder, pixel, v, every[v], size)
                    product = builder.fmul(value, factors[v], flags=FLAGS)
                    builder.store(builder.fadd(builder.load(sums[r][v]), product, flags=FLAGS), sums[r][v])
        for r in range(count):
            for v in range(width):
                emit_store(builder, target[r], v, every[v], builder.load(sums[r][v]), size)
        return context.get_dummy_value()

    index = types.intp
    return types.void(
        *(rows, vectors, pairwise, add, x, index, row_starts, index, steps, index, index),
        *(w, index, index, index, out, index, out_starts),
    ), generate
