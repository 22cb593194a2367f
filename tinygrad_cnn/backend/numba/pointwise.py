"""Activation functions and their gradients, compiled: one formula each, one pass over memory, vectors of all lanes.

Exponentials are polynomials without a branch, so that LLVM computes 16 at a time. Their errors, in units of the last
place: exp 1, expm1 1.5, log1p 2 (between 0 and 1), tanh, sigmoid and silu 2.5.
"""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .compile import Kernel, kernel, serial

BLOCK = 1 << 12

f4 = np.float32
ZERO, HALF, ONE, TWO, THREE, SIX, TEN = f4(0), f4(0.5), f4(1), f4(2), f4(3), f4(6), f4(10)

# Sums must not be reordered in what follows: a rounding error that one step leaves is what the next one takes out.
exact = numba.njit(forceinline=True, fastmath={"contract"}, error_model="numpy")

# A float of this size has its last bit at 1: to add it rounds to an integer, which then stands in the lowest bits.
ROUNDING = f4(1.5 * 2**23)
ROUNDING_BITS = np.int32(f4(1.5 * 2**23).view(np.int32))
LOG2_E, LN2_HIGH, LN2_LOW = f4(1.4426950408889634), f4(0.693359375), f4(0.6931471805599453 - 0.693359375)
LARGEST, LEAST = f4(89), f4(-104)  # beyond them eˣ is ∞, or 0


@intrinsic
def bits(typing: Any, x: Any) -> Any:
    """The bits of a float32 as an int32."""
    return types.int32(types.float32), lambda context, builder, sig, args: builder.bitcast(args[0], ir.IntType(32))


@intrinsic
def number(typing: Any, x: Any) -> Any:
    """The float32 that an int32 has the bits of."""
    return types.float32(types.int32), lambda context, builder, sig, args: builder.bitcast(args[0], ir.FloatType())


@exact
def _power_of_two(n: Any) -> Any:
    return number(np.int32(np.int32(n + 127) << 23))


@exact
def _reduced(x: Any) -> Any:
    """x = n·ln 2 + r with |r| ≤ ln 2 / 2: e^r − 1, and two powers of two whose product is 2ⁿ."""
    x = min(x, LARGEST)
    x = max(x, LEAST)
    shifted = x * LOG2_E + ROUNDING
    n = shifted - ROUNDING
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    p = f4(1 / 5040) * r + f4(1 / 720)
    p = ((((p * r + f4(1 / 120)) * r + f4(1 / 24)) * r + f4(1 / 6)) * r + HALF) * (r * r) + r
    power = np.int32(bits(shifted) - ROUNDING_BITS)
    half = np.int32(power >> 1)
    return p, _power_of_two(half), _power_of_two(np.int32(power - half))


@exact
def exp(x: Any) -> Any:
    """eˣ"""
    p, low, high = _reduced(x)
    return (p * low + low) * high


@exact
def expm1(x: Any) -> Any:
    """eˣ − 1 for x ≤ 88"""
    p, low, high = _reduced(x)
    power = low * high
    return p * power + (power - ONE)


@exact
def log1p(x: Any) -> Any:
    """ln(1 + x) for 0 ≤ x ≤ 1: 2·artanh(s) with s = x / (2 + x), as a series in s."""
    s = x / (TWO + x)
    z = s * s
    p = ((((f4(1 / 15) * z + f4(1 / 13)) * z + f4(1 / 11)) * z + f4(1 / 9)) * z + f4(1 / 7)) * z + f4(1 / 5)
    return TWO * s + TWO * s * (z * (p * z + f4(1 / 3)))


# The functions of the table: of a value and one number each.


@exact
def relu(x: Any, _: Any) -> Any:
    """max(x, 0), which is never −0"""
    return ZERO if x <= ZERO else x  # noqa: FURB136 - max would give −0 for −0


@exact
def relu_grad(g: Any, out: Any, _: Any) -> Any:
    """g where out > 0 (or NaN), else 0"""
    return ZERO if out <= ZERO else g


@exact
def leaky_relu(x: Any, slope: Any) -> Any:
    """x for x > 0, slope · x below"""
    return x if x > ZERO else slope * x


@exact
def leaky_relu_grad(g: Any, x: Any, slope: Any) -> Any:
    """g for x > 0, slope · g below"""
    return g if x > ZERO else slope * g


@exact
def hardtanh(x: Any, ends: Any) -> Any:
    """x between two ends, which replace what lies outside"""
    return min(max(x, ends[0]), ends[1])


@exact
def hardtanh_grad(g: Any, x: Any, ends: Any) -> Any:
    """g where x lies between the ends (or is NaN), else 0"""
    return ZERO if (x <= ends[0]) | (x >= ends[1]) else g


@exact
def hardsigmoid(x: Any, _: Any) -> Any:
    """min(max(x + 3, 0), 6) / 6"""
    return min(max(x + THREE, ZERO), SIX) / SIX


@exact
def hardswish(x: Any, _: Any) -> Any:
    """x · hardsigmoid(x)"""
    return x * hardsigmoid(x, _)


@exact
def hardswish_grad(g: Any, x: Any, _: Any) -> Any:
    """g · (x/3 + 1/2) between −3 and 3, 0 below, g above"""
    return g * (ZERO if x <= -THREE else ONE if x >= THREE else x / THREE + HALF)


@exact
def elu(x: Any, alpha: Any) -> Any:
    """x for x > 0, α(eˣ − 1) below"""
    return x if x > ZERO else alpha * expm1(min(x, ZERO))


@exact
def elu_grad(g: Any, x: Any, alpha: Any) -> Any:
    """g for x > 0, g · α · eˣ below"""
    return g if x > ZERO else g * alpha * exp(min(x, ZERO))


@exact
def sigmoid(x: Any, _: Any) -> Any:
    """1 / (1 + e⁻ˣ)"""
    return ONE / (ONE + exp(-x))


@exact
def sigmoid_grad(g: Any, out: Any, _: Any) -> Any:
    """g · out · (1 − out)"""
    return g * out * (ONE - out)


@exact
def tanh(x: Any, _: Any) -> Any:
    """(e²ˣ − 1) / (e²ˣ + 1); from |x| = 9 on it is ±1"""
    e = expm1(TWO * max(min(x, TEN), -TEN))
    return e / (e + TWO)


@exact
def tanh_grad(g: Any, out: Any, _: Any) -> Any:
    """g · (1 − out²)"""
    return g * (ONE - out * out)


@exact
def silu(x: Any, _: Any) -> Any:
    """x / (1 + e⁻ˣ)"""
    return x / (ONE + exp(-x))


@exact
def silu_grad(g: Any, x: Any, _: Any) -> Any:
    """g · s · (1 + x · (1 − s)) with s = sigmoid(x)"""
    s = ONE / (ONE + exp(-x))
    return g * s * (ONE + x * (ONE - s))


@exact
def _normal(x: Any) -> Any:
    """Φ(x), and e^(−x²/2): Φ(−x) is that times a polynomial in (z − 5/2) / (z + 5/2) over 1 + 2z, with z = x/√2 ≥ 0."""
    z = min(abs(x) * f4(0.5**0.5), TEN)
    u = ONE - f4(5) / (z + f4(2.5))
    p = (((f4(0.000228272198) * u + f4(0.000164767684)) * u - f4(0.0021461451)) * u + f4(0.00051143649)) * u
    p = (((p + f4(0.016370805)) * u - f4(0.0514933504)) * u + f4(0.0788158849)) * u - f4(0.0495115444)
    bell = exp(-HALF * x * x)
    tail = bell * ((p * u - f4(0.0611784123)) * u + f4(0.632419109)) / (ONE + TWO * z)
    return tail if x < ZERO else ONE - tail, bell


@exact
def gelu(x: Any, _: Any) -> Any:
    """x · Φ(x)"""
    return x * _normal(x)[0]


@exact
def gelu_grad(g: Any, x: Any, _: Any) -> Any:
    """g · (Φ(x) + x·φ(x)), with φ(x) = e^(−x²/2) / √2π"""
    share, bell = _normal(x)
    return g * (share + x * (bell * f4(0.3989422804014327)))


@exact
def softplus(x: Any, beta: Any) -> Any:
    """ln(1 + e^(βx)) / β"""
    x = beta * x
    return (max(x, ZERO) + log1p(exp(-abs(x)))) / beta


# Numba keeps compiled functions by file and name, and a function that is handed to another not at all: so loops are
# written once, and copied under a name and with a formula of their own.


formula: Any = None
block: Any = None


def _map_block(x: Any, number: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = formula(x[i], number)


def _map(x: Any, number: Any, out: Any) -> None:
    for part in numba.prange((len(x) + BLOCK - 1) // BLOCK):
        at = slice(part * BLOCK, (part + 1) * BLOCK)
        block(x[at], number, out[at])


def _map_two_block(x: Any, y: Any, number: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = formula(x[i], y[i], number)


def _map_two(x: Any, y: Any, number: Any, out: Any) -> None:
    for part in numba.prange((len(x) + BLOCK - 1) // BLOCK):
        at = slice(part * BLOCK, (part + 1) * BLOCK)
        block(x[at], y[at], number, out[at])


def _with(template: Callable[..., Any], name: str, **parts: Any) -> Callable[..., Any]:
    made = FunctionType(template.__code__, {**globals(), **parts})
    made.__qualname__ = made.__name__ = f"{template.__name__}_{name}"
    return made


@cache
def mapped(name: str) -> Kernel:
    """The kernel (x, number, out) of a function of the table; of a gradient, (g, x, number, out)."""
    loop, blocks = (_map_two, _map_two_block) if name.endswith("_grad") else (_map, _map_block)
    return kernel(_with(loop, name, block=serial(_with(blocks, name, formula=globals()[name]))))
