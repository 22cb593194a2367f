"""Winograd's minimal filtering F(4×4, 3×3): 36 products per channel pair and 4×4 pixels instead of 144.

With d a tile of 6×6 pixels and w a kernel, out = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A (Lavin & Gray 2016, arXiv:1509.09308).
Summed over channels, each of the 36 positions is a matrix product over tiles. Transforms take 16 channels at a time.
"""

from typing import Any

import numba
import numpy as np

from .compile import inlined, kernel, serial
from .direct import add_rows, rows
from .simd import WIDTH, load, splat, store

# The usual points of interpolation, 0, ±1, ±2 and ∞, lose three times more digits than 0, ±√½, ±√2 and ∞.
R = np.float32(0.5**0.5)
R2, R4, R8 = np.float32(2 * 0.5**0.5), np.float32(4 * 0.5**0.5), np.float32(0.5**1.5)


@inlined
def _pixels_in(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    """Bᵀ times a column."""
    two, half, more = splat(np.float32(2)), splat(np.float32(1 / 2)), splat(np.float32(5 / 2))
    s, t = e - two * c, splat(R) * (d - two * b)
    p, q = e - half * c, splat(R2) * (d - half * b)
    return a - more * c + e, s + t, s - t, p + q, p - q, b - more * d + f


@inlined
def _pixels_out(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    """Aᵀ times a column."""
    s, t, p, q = b + c, b - c, d + e, d - e
    third = splat(np.float32(1 / 2)) * s + splat(np.float32(2)) * p
    return a + s + p, splat(R) * t + splat(R2) * q, third, splat(R8) * t + splat(R4) * q + f


@inlined
def _gradients_in(a: Any, b: Any, c: Any, d: Any) -> Any:
    """A times a column."""
    s, t = a + splat(np.float32(1 / 2)) * c, splat(R) * b + splat(R8) * d
    p, q = a + splat(np.float32(2)) * c, splat(R2) * b + splat(R4) * d
    return a, s + t, s - t, p + q, p - q, d


@inlined
def _weights_in(a: Any, b: Any, c: Any) -> Any:
    """G times a column."""
    s, t = splat(np.float32(-2 / 3)) * a - splat(np.float32(1 / 3)) * c, splat(np.float32(-2 / 3) * R) * b
    p, q = splat(np.float32(1 / 6)) * a + splat(np.float32(1 / 3)) * c, splat(np.float32(1 / 6) * R2) * b
    return a, s + t, s - t, p + q, p - q, c


@inlined
def _weights_out(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    """Gᵀ times a column."""
    s, t, third = b + c, d + e, splat(np.float32(1 / 3))
    first = a - splat(np.float32(2 / 3)) * s + splat(np.float32(1 / 6)) * t
    second = splat(np.float32(-2 / 3) * R) * (b - c) + splat(np.float32(1 / 6) * R2) * (d - e)
    return first, second, third * (t - s) + f


@inlined
def _line(x: Any, at: int, step: int, lanes: int, first: int, last: int) -> Any:
    """Bᵀ times a row of six pixels, of which those before `first` and from `last` on are padding."""
    return _pixels_in(
        load(x, at, lanes if first <= 0 < last else 0),
        load(x, at + step, lanes if first <= 1 < last else 0),
        load(x, at + 2 * step, lanes if first <= 2 < last else 0),
        load(x, at + 3 * step, lanes if first <= 3 < last else 0),
        load(x, at + 4 * step, lanes if first <= 4 < last else 0),
        load(x, at + 5 * step, lanes if first <= 5 < last else 0),
    )


@inlined
def _store_six(v: Any, at: int, step: int, lanes: int, six: Any) -> None:
    store(v, at, lanes, six[0])
    store(v, at + step, lanes, six[1])
    store(v, at + 2 * step, lanes, six[2])
    store(v, at + 3 * step, lanes, six[3])
    store(v, at + 4 * step, lanes, six[4])
    store(v, at + 5 * step, lanes, six[5])


@inlined
def _six(v: Any, at: int, step: int, lanes: int) -> Any:
    return (
        load(v, at, lanes),
        load(v, at + step, lanes),
        load(v, at + 2 * step, lanes),
        load(v, at + 3 * step, lanes),
        load(v, at + 4 * step, lanes),
        load(v, at + 5 * step, lanes),
    )


@serial
def _transform_pixels(x: Any, image: int, top: int, left: int, v: Any, at: int, step: int) -> None:
    """Bᵀ d B of the tile with this corner, which may lie outside, to 36 places."""
    height, width, channels = x.shape[1], x.shape[2], x.shape[3]
    line = width * channels
    first, last = -left, width - left
    for c in range(0, channels, WIDTH):
        here, lanes = ((image * height + top) * width + left) * channels + c, min(WIDTH, channels - c)
        r0 = _line(x, here, channels, lanes if 0 <= top < height else 0, first, last)
        r1 = _line(x, here + line, channels, lanes if 0 <= top + 1 < height else 0, first, last)
        r2 = _line(x, here + 2 * line, channels, lanes if 0 <= top + 2 < height else 0, first, last)
        r3 = _line(x, here + 3 * line, channels, lanes if 0 <= top + 3 < height else 0, first, last)
        r4 = _line(x, here + 4 * line, channels, lanes if 0 <= top + 4 < height else 0, first, last)
        r5 = _line(x, here + 5 * line, channels, lanes if 0 <= top + 5 < height else 0, first, last)
        to = at + c
        _store_six(v, to, 6 * step, lanes, _pixels_in(r0[0], r1[0], r2[0], r3[0], r4[0], r5[0]))
        _store_six(v, to + step, 6 * step, lanes, _pixels_in(r0[1], r1[1], r2[1], r3[1], r4[1], r5[1]))
        _store_six(v, to + 2 * step, 6 * step, lanes, _pixels_in(r0[2], r1[2], r2[2], r3[2], r4[2], r5[2]))
        _store_six(v, to + 3 * step, 6 * step, lanes, _pixels_in(r0[3], r1[3], r2[3], r3[3], r4[3], r5[3]))
        _store_six(v, to + 4 * step, 6 * step, lanes, _pixels_in(r0[4], r1[4], r2[4], r3[4], r4[4], r5[4]))
        _store_six(v, to + 5 * step, 6 * step, lanes, _pixels_in(r0[5], r1[5], r2[5], r3[5], r4[5], r5[5]))


@serial
def _transform_products(m: Any, at: int, step: int, bias: Any, out: Any, image: int, top: int, left: int) -> None:
    """Aᵀ M A of the 36 products of a tile, and the bias, to the pixels of it that exist."""
    height, width, channels = out.shape[1], out.shape[2], out.shape[3]
    for c in range(0, channels, WIDTH):
        lanes, of = min(WIDTH, channels - c), at + c
        r0 = _pixels_out(*_six(m, of, step, lanes))
        r1 = _pixels_out(*_six(m, of + 6 * step, step, lanes))
        r2 = _pixels_out(*_six(m, of + 12 * step, step, lanes))
        r3 = _pixels_out(*_six(m, of + 18 * step, step, lanes))
        r4 = _pixels_out(*_six(m, of + 24 * step, step, lanes))
        r5 = _pixels_out(*_six(m, of + 30 * step, step, lanes))
        b = load(bias, c, lanes if len(bias) else 0)
        c0 = _pixels_out(r0[0], r1[0], r2[0], r3[0], r4[0], r5[0])
        c1 = _pixels_out(r0[1], r1[1], r2[1], r3[1], r4[1], r5[1])
        c2 = _pixels_out(r0[2], r1[2], r2[2], r3[2], r4[2], r5[2])
        c3 = _pixels_out(r0[3], r1[3], r2[3], r3[3], r4[3], r5[3])
        to, line = ((image * height + top) * width + left) * channels + c, width * channels
        rest = width - left
        _store_four(out, to, channels, lanes, rest, b, c0[0], c1[0], c2[0], c3[0])
        _store_four(out, to + line, channels, lanes if top + 1 < height else 0, rest, b, c0[1], c1[1], c2[1], c3[1])
        _store_four(out, to + 2 * line, channels, lanes if top + 2 < height else 0, rest, b, c0[2], c1[2], c2[2], c3[2])
        _store_four(out, to + 3 * line, channels, lanes if top + 3 < height else 0, rest, b, c0[3], c1[3], c2[3], c3[3])


@inlined
def _store_four(out: Any, at: int, step: int, lanes: int, rest: int, bias: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    store(out, at, lanes, a + bias)
    store(out, at + step, lanes if rest > 1 else 0, b + bias)
    store(out, at + 2 * step, lanes if rest > 2 else 0, c + bias)
    store(out, at + 3 * step, lanes if rest > 3 else 0, d + bias)


@inlined
def _gradient_line(g: Any, at: int, step: int, lanes: int, rest: int) -> Any:
    return _gradients_in(
        load(g, at, lanes),
        load(g, at + step, lanes if rest > 1 else 0),
        load(g, at + 2 * step, lanes if rest > 2 else 0),
        load(g, at + 3 * step, lanes if rest > 3 else 0),
    )


@serial
def _transform_gradients(g: Any, image: int, top: int, left: int, m: Any, at: int, step: int) -> None:
    """A g Aᵀ of a tile of 4×4 gradients, to 36 places."""
    height, width, channels = g.shape[1], g.shape[2], g.shape[3]
    rest = width - left
    for c in range(0, channels, WIDTH):
        here, line = ((image * height + top) * width + left) * channels + c, width * channels
        lanes, to = min(WIDTH, channels - c), at + c
        r0 = _gradient_line(g, here, channels, lanes, rest)
        r1 = _gradient_line(g, here + line, channels, lanes if top + 1 < height else 0, rest)
        r2 = _gradient_line(g, here + 2 * line, channels, lanes if top + 2 < height else 0, rest)
        r3 = _gradient_line(g, here + 3 * line, channels, lanes if top + 3 < height else 0, rest)
        _store_six(m, to, 6 * step, lanes, _gradients_in(r0[0], r1[0], r2[0], r3[0]))
        _store_six(m, to + step, 6 * step, lanes, _gradients_in(r0[1], r1[1], r2[1], r3[1]))
        _store_six(m, to + 2 * step, 6 * step, lanes, _gradients_in(r0[2], r1[2], r2[2], r3[2]))
        _store_six(m, to + 3 * step, 6 * step, lanes, _gradients_in(r0[3], r1[3], r2[3], r3[3]))
        _store_six(m, to + 4 * step, 6 * step, lanes, _gradients_in(r0[4], r1[4], r2[4], r3[4]))
        _store_six(m, to + 5 * step, 6 * step, lanes, _gradients_in(r0[5], r1[5], r2[5], r3[5]))


@kernel
def transform_kernels(w: Any, out: Any) -> None:
    """G w Gᵀ: packed kernels (panels, 9, C, columns) → (36, panels, C, columns); columns are whole vectors."""
    panels, _, channels, width = w.shape
    step, to_step = channels * width, panels * channels * width
    for task in numba.prange(panels * channels):
        panel, c = task // channels, task % channels
        for column in range(0, width, WIDTH):
            at = (panel * 9 * channels + c) * width + column
            r0 = _weights_in(load(w, at, 16), load(w, at + step, 16), load(w, at + 2 * step, 16))
            r1 = _weights_in(load(w, at + 3 * step, 16), load(w, at + 4 * step, 16), load(w, at + 5 * step, 16))
            r2 = _weights_in(load(w, at + 6 * step, 16), load(w, at + 7 * step, 16), load(w, at + 8 * step, 16))
            to = (panel * channels + c) * width + column
            _store_six(out, to, 6 * to_step, 16, _weights_in(r0[0], r1[0], r2[0]))
            _store_six(out, to + to_step, 6 * to_step, 16, _weights_in(r0[1], r1[1], r2[1]))
            _store_six(out, to + 2 * to_step, 6 * to_step, 16, _weights_in(r0[2], r1[2], r2[2]))
            _store_six(out, to + 3 * to_step, 6 * to_step, 16, _weights_in(r0[3], r1[3], r2[3]))
            _store_six(out, to + 4 * to_step, 6 * to_step, 16, _weights_in(r0[4], r1[4], r2[4]))
            _store_six(out, to + 5 * to_step, 6 * to_step, 16, _weights_in(r0[5], r1[5], r2[5]))


@kernel
def gather_kernels(u: Any, out: Any) -> None:
    """Gᵀ U G, the adjoint: (36, C', O) → (9, C, O), with C' ≥ C."""
    _, channels, columns = out.shape
    step, to_step = u.shape[1] * columns, channels * columns
    for c in numba.prange(channels):
        for column in range(0, columns, WIDTH):
            lanes, at = min(WIDTH, columns - column), c * columns + column
            r0 = _weights_out(*_six(u, at, step, lanes))
            r1 = _weights_out(*_six(u, at + 6 * step, step, lanes))
            r2 = _weights_out(*_six(u, at + 12 * step, step, lanes))
            r3 = _weights_out(*_six(u, at + 18 * step, step, lanes))
            r4 = _weights_out(*_six(u, at + 24 * step, step, lanes))
            r5 = _weights_out(*_six(u, at + 30 * step, step, lanes))
            c0 = _weights_out(r0[0], r1[0], r2[0], r3[0], r4[0], r5[0])
            c1 = _weights_out(r0[1], r1[1], r2[1], r3[1], r4[1], r5[1])
            c2 = _weights_out(r0[2], r1[2], r2[2], r3[2], r4[2], r5[2])
            _store_three(out, at, to_step, lanes, c0[0], c1[0], c2[0])
            _store_three(out, at + 3 * to_step, to_step, lanes, c0[1], c1[1], c2[1])
            _store_three(out, at + 6 * to_step, to_step, lanes, c0[2], c1[2], c2[2])


@inlined
def _store_three(out: Any, at: int, step: int, lanes: int, a: Any, b: Any, c: Any) -> None:
    store(out, at, lanes, a)
    store(out, at + step, lanes, b)
    store(out, at + 2 * step, lanes, c)


@kernel
def convolve(
    x: Any,
    u: Any,
    bias: Any,
    out: Any,
    v: Any,
    m: Any,
    top: int,
    left: int,
    tiles: int,
    v_rows: Any,
    v_steps: Any,
    m_rows: Any,
) -> None:
    """Images (N, H, W, C), transformed kernels (36, panels, C, columns), bias (O) or none → out (N, OH, OW, O).

    `v` and `m` are memory per worker for so many tiles: 36 matrices each, (tiles, C) and (tiles, O), at the rows and
    steps of the tables, and a line of the cache apart so that the 36 do not share sets of it.
    """
    _, panels, channels, width = u.shape
    outputs = out.shape[3]
    lines, columns = (out.shape[1] + 3) // 4, (out.shape[2] + 3) // 4
    total = out.shape[0] * lines * columns
    blocks, workers = -(-total // tiles), len(v)
    v_step, m_step = tiles * channels + WIDTH, tiles * outputs + WIDTH
    for worker in numba.prange(workers):
        v_at, m_at = worker * v.shape[1], worker * m.shape[1]
        for block in range(worker * blocks // workers, (worker + 1) * blocks // workers):
            start = block * tiles
            count = min(tiles, total - start)
            for t in range(count):
                image, tile = (start + t) // (lines * columns), (start + t) % (lines * columns)
                y, z = tile // columns * 4 - top, tile % columns * 4 - left
                _transform_pixels(x, image, y, z, v, v_at + t * channels, v_step)
            last = -(-count // 24) * 24
            for k in range(36):
                for panel in range(panels):
                    column = panel * width
                    vectors = -(-min(width, outputs - column) // WIDTH)
                    lanes = outputs - column - (vectors - 1) * WIDTH
                    u_at, to = (k * panels + panel) * channels * width, m_at + k * m_step + column
                    of = v_at + k * v_step
                    rows(vectors, v, of, v_rows, 0, last, v_steps, u, u_at, width, lanes, m, to, m_rows)
            for t in range(count):
                image, tile = (start + t) // (lines * columns), (start + t) % (lines * columns)
                y, z = tile // columns * 4, tile % columns * 4
                _transform_products(m, m_at + t * outputs, m_step, bias, out, image, y, z)


@serial
def _transform_both(
    x: Any, g: Any, t: int, top: int, left: int, v: Any, v_at: int, m: Any, m_at: int, tiles: int
) -> None:
    """Tile t of images and of gradients, each to 36 places of memory for so many tiles."""
    lines, columns = (g.shape[1] + 3) // 4, (g.shape[2] + 3) // 4
    image, tile = t // (lines * columns), t % (lines * columns)
    y, z = tile // columns * 4, tile % columns * 4
    _transform_pixels(x, image, y - top, z - left, v, v_at, tiles * x.shape[3] + WIDTH)
    _transform_gradients(g, image, y, z, m, m_at, tiles * g.shape[3] + WIDTH)


@serial
def _add_product(
    k: int, v: Any, v_at: int, m: Any, m_at: int, u: Any, part: int, count: int, tiles: int, panels: int, tables: Any
) -> None:
    """Add one of the 36 products over so many tiles to a part of u."""
    v_steps, v_rows, u_rows = tables
    channels, outputs = u.shape[2], u.shape[3]
    width = -(-outputs // (panels * WIDTH)) * WIDTH
    of, by, to = v_at + k * (v.shape[1] // 36), m_at + k * (m.shape[1] // 36), (part * 36 + k) * channels * outputs
    for panel in range(panels):
        column = panel * width
        vectors = -(-min(width, outputs - column) // WIDTH)
        at, lanes = (of, by + column, to + column), outputs - column - (vectors - 1) * WIDTH
        add_rows(vectors, v, v_rows, 0, len(v_rows), v_steps, 0, count, m, outputs, lanes, u, u_rows, at)


@kernel
def weight_sums(
    x: Any, g: Any, u: Any, v: Any, m: Any, top: int, left: int, tiles: int, panels: int, tables: Any
) -> None:
    """The sum of V ᵀ M over all tiles → u[0], of u (parts, 36, C', O): V from images (N, H, W, C), M from gradients.

    `v` and `m` are memory per worker for so many tiles. Of several parts, each is the sum of a worker over a share of
    the tiles; one part is the sum of all, and a task one of its 36 products.
    """
    channels, outputs, parts, workers = x.shape[3], g.shape[3], len(u), len(v)
    total = g.shape[0] * ((g.shape[1] + 3) // 4) * ((g.shape[2] + 3) // 4)
    size = u.size // parts
    if parts == 1:
        for k in numba.prange(36):
            _clear(u, k * (size // 36), size // 36)
        for start in range(0, total, tiles):
            count = min(tiles, total - start)
            for t in numba.prange(count):
                _transform_both(x, g, start + t, top, left, v, t * channels, m, t * outputs, tiles)
            for k in numba.prange(36):
                _add_product(k, v, 0, m, 0, u, 0, count, tiles, panels, tables)
        return
    for worker in numba.prange(workers):
        v_at, m_at = np.int64(worker) * v.shape[1], np.int64(worker) * m.shape[1]
        for part in range(worker * parts // workers, (worker + 1) * parts // workers):
            _clear(u, part * size, size)
            stop = (part + 1) * total // parts
            for start in range(part * total // parts, stop, tiles):
                count = min(tiles, stop - start)
                for t in range(count):
                    _transform_both(x, g, start + t, top, left, v, v_at + t * channels, m, m_at + t * outputs, tiles)
                for k in range(36):
                    _add_product(k, v, v_at, m, m_at, u, part, count, tiles, panels, tables)
    for k in numba.prange(36):
        for i in range(k * (size // 36), (k + 1) * (size // 36), WIDTH):
            count = (k + 1) * (size // 36) - i
            sums = load(u, i, count)
            for part in range(1, parts):
                sums = sums + load(u, part * size + i, count)
            store(u, i, count, sums)


@serial
def _clear(u: Any, at: int, count: int) -> None:
    for i in range(0, count, WIDTH):
        store(u, at + i, count - i, splat(np.float32(0)))
