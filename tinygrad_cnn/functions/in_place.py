"""Functions that write to the tensor they are given: the methods of the same names."""

from ..tensor import Tensor
from .wrap import of_a_tensor

abs_ = of_a_tensor(Tensor.abs_)
acos_ = of_a_tensor(Tensor.acos_)
acosh_ = of_a_tensor(Tensor.acosh_)
addmv_ = of_a_tensor(Tensor.addmv_)
as_strided_ = of_a_tensor(Tensor.as_strided_)
asin_ = of_a_tensor(Tensor.asin_)
asinh_ = of_a_tensor(Tensor.asinh_)
atan_ = of_a_tensor(Tensor.atan_)
atanh_ = of_a_tensor(Tensor.atanh_)
ceil_ = of_a_tensor(Tensor.ceil_)
clamp_ = of_a_tensor(Tensor.clamp_)
clamp_max_ = of_a_tensor(Tensor.clamp_max_)
clamp_min_ = of_a_tensor(Tensor.clamp_min_)
conj_physical_ = of_a_tensor(Tensor.conj_physical_)
cos_ = of_a_tensor(Tensor.cos_)
cosh_ = of_a_tensor(Tensor.cosh_)
deg2rad_ = of_a_tensor(Tensor.deg2rad_)
detach_ = of_a_tensor(Tensor.detach_)
erf_ = of_a_tensor(Tensor.erf_)
erfc_ = of_a_tensor(Tensor.erfc_)
exp2_ = of_a_tensor(Tensor.exp2_)
exp_ = of_a_tensor(Tensor.exp_)
expm1_ = of_a_tensor(Tensor.expm1_)
fill_ = of_a_tensor(Tensor.fill_)
floor_ = of_a_tensor(Tensor.floor_)
frac_ = of_a_tensor(Tensor.frac_)
gcd_ = of_a_tensor(Tensor.gcd_)
i0_ = of_a_tensor(Tensor.i0_)
index_put_ = of_a_tensor(Tensor.index_put_)
lcm_ = of_a_tensor(Tensor.lcm_)
ldexp_ = of_a_tensor(Tensor.ldexp_)
log10_ = of_a_tensor(Tensor.log10_)
log1p_ = of_a_tensor(Tensor.log1p_)
log2_ = of_a_tensor(Tensor.log2_)
log_ = of_a_tensor(Tensor.log_)
logit_ = of_a_tensor(Tensor.logit_)
nan_to_num_ = of_a_tensor(Tensor.nan_to_num_)
neg_ = of_a_tensor(Tensor.neg_)
rad2deg_ = of_a_tensor(Tensor.rad2deg_)
reciprocal_ = of_a_tensor(Tensor.reciprocal_)
relu_ = of_a_tensor(Tensor.relu_)
resize_as_ = of_a_tensor(Tensor.resize_as_)
round_ = of_a_tensor(Tensor.round_)
rsqrt_ = of_a_tensor(Tensor.rsqrt_)
sigmoid_ = of_a_tensor(Tensor.sigmoid_)
sin_ = of_a_tensor(Tensor.sin_)
sinc_ = of_a_tensor(Tensor.sinc_)
sinh_ = of_a_tensor(Tensor.sinh_)
sqrt_ = of_a_tensor(Tensor.sqrt_)
square_ = of_a_tensor(Tensor.square_)
tan_ = of_a_tensor(Tensor.tan_)
tanh_ = of_a_tensor(Tensor.tanh_)
trunc_ = of_a_tensor(Tensor.trunc_)
xlogy_ = of_a_tensor(Tensor.xlogy_)
zero_ = of_a_tensor(Tensor.zero_)
arccos_, arcsin_, arctan_ = acos_, asin_, atan_
arccosh_, arcsinh_, arctanh_ = acosh_, asinh_, atanh_
clip_, fix_, negative_ = clamp_, trunc_, neg_

__all__ = [
    "abs_",
    "acos_",
    "acosh_",
    "addmv_",
    "arccos_",
    "arccosh_",
    "arcsin_",
    "arcsinh_",
    "arctan_",
    "arctanh_",
    "as_strided_",
    "asin_",
    "asinh_",
    "atan_",
    "atanh_",
    "ceil_",
    "clamp_",
    "clamp_max_",
    "clamp_min_",
    "clip_",
    "conj_physical_",
    "cos_",
    "cosh_",
    "deg2rad_",
    "detach_",
    "erf_",
    "erfc_",
    "exp2_",
    "exp_",
    "expm1_",
    "fill_",
    "fix_",
    "floor_",
    "frac_",
    "gcd_",
    "i0_",
    "index_put_",
    "lcm_",
    "ldexp_",
    "log10_",
    "log1p_",
    "log2_",
    "log_",
    "logit_",
    "nan_to_num_",
    "neg_",
    "negative_",
    "rad2deg_",
    "reciprocal_",
    "relu_",
    "resize_as_",
    "round_",
    "rsqrt_",
    "sigmoid_",
    "sin_",
    "sinc_",
    "sinh_",
    "sqrt_",
    "square_",
    "tan_",
    "tanh_",
    "trunc_",
    "xlogy_",
    "zero_",
]
