"""The precision in which autocast runs an operation: low where products dominate, float32 where range or sums matter.

The lists are PyTorch's ("op-specific behavior" in its documentation of mixed precision): LOW and FULL hold on every
device, RANGE, of operations whose results leave the range of 16 bits, on those that compute in 16 bits. What is in none
of them runs in the widest dtype of its inputs.
"""

from .activations import log_softmax, softmax, softplus
from .arithmetic import pow_, reciprocal, square
from .convolution import conv2d, conv2d_input_grad, conv2d_weight_grad
from .exponential import acos, asin, cosh, exp, expm1, log, log1p, log2, log10, rsqrt, sinh, tan
from .losses import cross_entropy, softmax_cross_entropy
from .matmul import linear, matmul
from .norms import euclidean_norm, norm
from .reductions import cumsum, logsumexp, prod, sum_
from .scans import cumprod, logcumsumexp
from .special import erfinv

LOW, FULL, RANGE = "low", "full", "range"

for _op in (conv2d, conv2d_input_grad, conv2d_weight_grad, linear, matmul):
    _op.policy = LOW
    _op.only_products = True
for _op in (cross_entropy, softmax_cross_entropy, prod):
    _op.policy = FULL
for _op in (
    *(acos, asin, cosh, erfinv, exp, expm1, log, log10, log1p, log2, reciprocal, rsqrt, sinh, tan, pow_, square),
    *(softmax, log_softmax, softplus, norm, euclidean_norm, cumprod, cumsum, logcumsumexp, logsumexp, sum_),
):
    _op.policy = RANGE
