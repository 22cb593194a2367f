"""Generators and their critics."""

import functools
import math
from functools import partial
from math import sqrt

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.init as init
import torch.nn.parallel
import torch.utils.data
from torch.autograd import Function
from torch.nn.utils import spectral_norm


class UnetSkipConnectionBlock(nn.Module):
    def __init__(
        self,
        outer_nc,
        inner_nc,
        input_nc=None,
        submodule=None,
        outermost=False,
        innermost=False,
        norm_layer=nn.BatchNorm2d,
        use_dropout=False,
    ):
        super().__init__()
        self.outermost = outermost
        if type(norm_layer) == functools.partial:
            use_bias = norm_layer.func == nn.InstanceNorm2d
        else:
            use_bias = norm_layer == nn.InstanceNorm2d
        if input_nc is None:
            input_nc = outer_nc
        downconv = nn.Conv2d(input_nc, inner_nc, kernel_size=4, stride=2, padding=1, bias=use_bias)
        downrelu = nn.LeakyReLU(0.2, True)
        downnorm = norm_layer(inner_nc)
        uprelu = nn.ReLU(True)
        upnorm = norm_layer(outer_nc)
        if outermost:
            upconv = nn.ConvTranspose2d(inner_nc * 2, outer_nc, kernel_size=4, stride=2, padding=1)
            model = [downconv] + [submodule] + [uprelu, upconv, nn.Tanh()]
        elif innermost:
            upconv = nn.ConvTranspose2d(inner_nc, outer_nc, kernel_size=4, stride=2, padding=1, bias=use_bias)
            model = [downrelu, downconv] + [uprelu, upconv, upnorm]
        else:
            upconv = nn.ConvTranspose2d(inner_nc * 2, outer_nc, kernel_size=4, stride=2, padding=1, bias=use_bias)
            down = [downrelu, downconv, downnorm]
            up = [uprelu, upconv, upnorm]
            model = down + [submodule] + up + [nn.Dropout(0.5)] if use_dropout else down + [submodule] + up
        self.model = nn.Sequential(*model)

    def forward(self, x):
        if self.outermost:
            return self.model(x)
        return torch.cat([x, self.model(x)], 1)


def get_norm_layer(norm_type="instance"):
    if norm_type == "batch":
        return partial(nn.BatchNorm2d, affine=True, track_running_stats=True)
    if norm_type == "instance":
        return partial(nn.InstanceNorm2d, affine=False, track_running_stats=False)

    def norm_layer(x):
        return nn.Identity()

    return norm_layer


def init_weights(net, init_type="normal", init_gain=0.02):
    def init_func(m):
        classname = m.__class__.__name__
        if hasattr(m, "weight") and (classname.find("Conv") != -1 or classname.find("Linear") != -1):
            if init_type == "normal":
                init.normal_(m.weight.data, 0.0, init_gain)
            elif init_type == "xavier":
                init.xavier_normal_(m.weight.data, gain=init_gain)
            elif init_type == "kaiming":
                init.kaiming_normal_(m.weight.data, a=0, mode="fan_in")
            elif init_type == "orthogonal":
                init.orthogonal_(m.weight.data, gain=init_gain)
            if hasattr(m, "bias") and m.bias is not None:
                init.constant_(m.bias.data, 0.0)
        elif classname.find("BatchNorm2d") != -1:
            init.normal_(m.weight.data, 1.0, init_gain)
            init.constant_(m.bias.data, 0.0)

    net.apply(init_func)


def init_net(net, init_type="normal", init_gain=0.02, gpu_ids=[]):
    if len(gpu_ids) > 0:
        net.to(gpu_ids[0])
        net = torch.nn.DataParallel(net, gpu_ids)
    init_weights(net, init_type, init_gain=init_gain)
    return net


def pix2pix(norm, it):
    nl = get_norm_layer(norm)
    b = UnetSkipConnectionBlock(16, 16, norm_layer=nl, innermost=True)
    b = UnetSkipConnectionBlock(8, 16, submodule=b, norm_layer=nl, use_dropout=True)
    b = UnetSkipConnectionBlock(4, 8, submodule=b, norm_layer=nl)
    return init_net(UnetSkipConnectionBlock(3, 4, input_nc=3, submodule=b, outermost=True, norm_layer=nl), it)


class MUNIT(nn.Module):
    class AdaptiveInstanceNorm2d(nn.Module):
        def __init__(self, num_features, eps=1e-5, momentum=0.1):
            super().__init__()
            self.num_features, self.eps, self.momentum = num_features, eps, momentum
            self.weight = None
            self.bias = None
            self.register_buffer("running_mean", torch.zeros(num_features))
            self.register_buffer("running_var", torch.ones(num_features))

        def forward(self, x):
            assert self.weight is not None and self.bias is not None, (
                "Please assign weight and bias before calling AdaIN!"
            )
            b, c = x.size(0), x.size(1)
            running_mean = self.running_mean.repeat(b)
            running_var = self.running_var.repeat(b)
            x_reshaped = x.contiguous().view(1, b * c, *x.size()[2:])
            out = F.batch_norm(
                x_reshaped, running_mean, running_var, self.weight, self.bias, True, self.momentum, self.eps
            )
            return out.view(b, c, *x.size()[2:])

        def __repr__(self):
            return self.__class__.__name__ + "(" + str(self.num_features) + ")"

    class LayerNorm(nn.Module):
        def __init__(self, num_features, eps=1e-5, affine=True):
            super().__init__()
            self.eps = eps
            self.gamma = nn.Parameter(torch.Tensor(num_features).uniform_())
            self.beta = nn.Parameter(torch.zeros(num_features))

        def forward(self, x):
            shape = [-1] + [1] * (x.dim() - 1)
            if x.size(0) == 1:
                mean = x.view(-1).mean().view(*shape)
                std = x.view(-1).std().view(*shape)
            else:
                mean = x.view(x.size(0), -1).mean(1).view(*shape)
                std = x.view(x.size(0), -1).std(1).view(*shape)
            x = (x - mean) / (std + self.eps)
            shape = [1, -1] + [1] * (x.dim() - 2)
            return x * self.gamma.view(*shape) + self.beta.view(*shape)

    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)
        self.adain = self.AdaptiveInstanceNorm2d(4)
        self.ln = self.LayerNorm(4)
        self.mlp = nn.Linear(8, 8)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")

    def assign_adain_params(self, adain_params, model):
        for m in model.modules():
            if m.__class__.__name__ == "AdaptiveInstanceNorm2d":
                mean = adain_params[:, : m.num_features]
                std = adain_params[:, m.num_features : 2 * m.num_features]
                m.bias = mean.contiguous().view(-1)
                m.weight = std.contiguous().view(-1)
                if adain_params.size(1) > 2 * m.num_features:
                    adain_params = adain_params[:, 2 * m.num_features :]

    def forward(self, x, s):
        self.assign_adain_params(self.mlp(s), self)
        return self.up(self.ln(self.adain(self.c(x))))


class EqualLR:
    def __init__(self, name):
        self.name = name

    def compute_weight(self, module):
        weight = getattr(module, self.name + "_orig")
        fan_in = weight.data.size(1) * weight.data[0][0].numel()
        return weight * sqrt(2 / fan_in)

    @staticmethod
    def apply(module, name):
        fn = EqualLR(name)
        weight = getattr(module, name)
        del module._parameters[name]
        module.register_parameter(name + "_orig", nn.Parameter(weight.data))
        module.register_forward_pre_hook(fn)
        return fn

    def __call__(self, module, input):
        weight = self.compute_weight(module)
        setattr(module, self.name, weight)


def equal_lr(module, name="weight"):
    EqualLR.apply(module, name)
    return module


class EqualConv2d(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        conv = nn.Conv2d(*args, **kwargs)
        conv.weight.data.normal_()
        conv.bias.data.zero_()
        self.conv = equal_lr(conv)

    def forward(self, input):
        return self.conv(input)


class PixelNorm(nn.Module):
    def forward(self, input):
        return input / torch.sqrt(torch.mean(input**2, dim=1, keepdim=True) + 1e-8)


class FusedUpsample(nn.Module):
    def __init__(self, in_channel, out_channel, kernel_size, padding=0):
        super().__init__()
        weight = torch.randn(in_channel, out_channel, kernel_size, kernel_size)
        bias = torch.zeros(out_channel)
        fan_in = in_channel * kernel_size * kernel_size
        self.multiplier = sqrt(2 / fan_in)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)
        self.pad = padding

    def forward(self, input):
        weight = F.pad(self.weight * self.multiplier, [1, 1, 1, 1])
        weight = (weight[:, :, 1:, 1:] + weight[:, :, :-1, 1:] + weight[:, :, 1:, :-1] + weight[:, :, :-1, :-1]) / 4
        return F.conv_transpose2d(input, weight, self.bias, stride=2, padding=self.pad)


class BlurFunctionBackward(Function):
    @staticmethod
    def forward(ctx, grad_output, kernel, kernel_flip):
        ctx.save_for_backward(kernel, kernel_flip)
        return F.conv2d(grad_output, kernel_flip, padding=1, groups=grad_output.shape[1])

    @staticmethod
    def backward(ctx, gradgrad_output):
        kernel, kernel_flip = ctx.saved_tensors
        return F.conv2d(gradgrad_output, kernel, padding=1, groups=gradgrad_output.shape[1]), None, None


class BlurFunction(Function):
    @staticmethod
    def forward(ctx, input, kernel, kernel_flip):
        ctx.save_for_backward(kernel, kernel_flip)
        return F.conv2d(input, kernel, padding=1, groups=input.shape[1])

    @staticmethod
    def backward(ctx, grad_output):
        kernel, kernel_flip = ctx.saved_tensors
        return BlurFunctionBackward.apply(grad_output, kernel, kernel_flip), None, None


blur = BlurFunction.apply


class StyledBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.mapping = nn.Sequential(PixelNorm(), nn.Linear(8, 8), nn.LeakyReLU(0.2))
        self.const = nn.Parameter(torch.randn(1, 6, 4, 4))
        self.up = FusedUpsample(6, 6, 3, padding=1)
        self.conv = EqualConv2d(6, 6, 3, padding=1)
        self.noise = equal_lr(nn.Conv2d(1, 6, 1))
        self.style = nn.Linear(8, 12)
        self.style.bias.data[:6] = 1
        self.style.bias.data[6:] = 0
        self.norm = nn.InstanceNorm2d(6)
        weight = torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=torch.float32).view(1, 1, 3, 3)
        weight = weight / weight.sum()
        weight_flip = torch.flip(weight, [2, 3])
        self.register_buffer("weight", weight.repeat(6, 1, 1, 1))
        self.register_buffer("weight_flip", weight_flip.repeat(6, 1, 1, 1))

    def forward(self, z, noise):
        w = self.mapping(z)
        out = self.const.repeat(z.shape[0], 1, 1, 1)
        out = self.up(out)
        out = blur(out, self.weight, self.weight_flip)
        out = self.conv(out)
        out = out + self.noise(noise)
        style = self.style(w).unsqueeze(2).unsqueeze(3)
        gamma, beta = style.chunk(2, 1)
        out = gamma * self.norm(out) + beta
        group = min(out.shape[0], 4)
        y = out.view(group, -1, 1, *out.shape[1:])
        stddev = torch.sqrt(y.var(0, unbiased=False) + 1e-8)
        stddev = stddev.mean([2, 3, 4], keepdims=True).squeeze(2)
        stddev = stddev.repeat(group, 1, out.shape[2], out.shape[3])
        return torch.cat([out, stddev], 1)


class ModulatedConv2d(nn.Module):
    def __init__(self, in_channel=6, out_channel=4, kernel_size=3, style_dim=4):
        super().__init__()
        self.eps = 1e-8
        self.kernel_size, self.in_channel, self.out_channel = kernel_size, in_channel, out_channel
        self.scale = 1 / math.sqrt(in_channel * kernel_size**2)
        self.padding = kernel_size // 2
        self.weight = nn.Parameter(torch.randn(1, out_channel, in_channel, kernel_size, kernel_size))
        self.modulation = nn.Linear(style_dim, in_channel)
        k = torch.tensor([1, 3, 3, 1], dtype=torch.float32)
        k = k[None, :] * k[:, None]
        k /= k.sum()
        self.register_buffer("kernel", k)

    def __repr__(self):
        return f"{self.__class__.__name__}({self.in_channel}, {self.out_channel}, {self.kernel_size})"

    def upfirdn2d(self, input, kernel, up=2, pad=(2, 1)):
        b, channel, in_h, in_w = input.shape
        input = input.reshape(-1, in_h, in_w, 1)
        kernel_h, kernel_w = kernel.shape
        out = input.view(-1, in_h, 1, in_w, 1, 1)
        out = F.pad(out, [0, 0, 0, up - 1, 0, 0, 0, up - 1])
        out = out.view(-1, in_h * up, in_w * up, 1)
        out = F.pad(out, [0, 0, max(pad[0], 0), max(pad[1], 0), max(pad[0], 0), max(pad[1], 0)])
        out = out[
            :, max(-pad[0], 0) : out.shape[1] - max(-pad[1], 0), max(-pad[0], 0) : out.shape[2] - max(-pad[1], 0), :
        ]
        out = out.permute(0, 3, 1, 2)
        out = out.reshape([-1, 1, in_h * up + pad[0] + pad[1], in_w * up + pad[0] + pad[1]])
        w = torch.flip(kernel, [0, 1]).view(1, 1, kernel_h, kernel_w)
        out = F.conv2d(out, w)
        out = out.permute(0, 2, 3, 1)
        return out.view(-1, channel, out.shape[1], out.shape[2])

    def forward(self, input, style):
        batch, in_channel, height, width = input.shape
        style = self.modulation(style).view(batch, 1, in_channel, 1, 1)
        weight = self.scale * self.weight * style
        demod = torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8)
        weight = weight * demod.view(batch, self.out_channel, 1, 1, 1)
        weight = weight.view(batch * self.out_channel, in_channel, self.kernel_size, self.kernel_size)
        input = input.view(1, batch * in_channel, height, width)
        out = F.conv2d(input, weight, padding=self.padding, groups=batch)
        _, _, height, width = out.shape
        out = out.view(batch, self.out_channel, height, width)
        return self.upfirdn2d(out, self.kernel)


class BigGAN(nn.Module):
    class ccbn(nn.Module):
        def __init__(self, output_size, input_size, which_linear, eps=1e-5, momentum=0.1):
            super().__init__()
            self.output_size, self.input_size = output_size, input_size
            self.gain = which_linear(input_size, output_size)
            self.bias = which_linear(input_size, output_size)
            self.eps, self.momentum = eps, momentum
            self.register_buffer("stored_mean", torch.zeros(output_size))
            self.register_buffer("stored_var", torch.ones(output_size))

        def forward(self, x, y):
            gain = (1 + self.gain(y)).view(y.size(0), -1, 1, 1)
            bias = self.bias(y).view(y.size(0), -1, 1, 1)
            out = F.batch_norm(x, self.stored_mean, self.stored_var, None, None, self.training, 0.1, self.eps)
            return out * gain + bias

        def extra_repr(self):
            s = "out: {output_size}, in: {input_size},"
            return s.format(**self.__dict__)

    def __init__(self):
        super().__init__()
        self.which_conv = partial(lambda *a, **k: spectral_norm(nn.Conv2d(*a, **k), eps=1e-6), kernel_size=3, padding=1)
        self.which_linear = partial(nn.Linear, bias=False)
        self.which_bn = partial(self.ccbn, which_linear=self.which_linear, input_size=10)
        self.shared = nn.Embedding(4, 4)
        self.linear = spectral_norm(nn.Linear(6, 16 * 6))
        self.blocks = []
        for index in range(1):
            self.blocks += [[self.which_bn(6), self.which_conv(6, 8), partial(F.interpolate, scale_factor=2)]]
        self.blocks = nn.ModuleList(
            [nn.ModuleList([b for b in block if isinstance(b, nn.Module)]) for block in self.blocks]
        )
        self.output_layer = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(inplace=True), self.which_conv(8, 3))
        self.proj = spectral_norm(nn.Embedding(4, 3))
        self.param_count = 0
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear, nn.Embedding)):
                init.orthogonal_(module.weight) if not hasattr(module, "weight_orig") else init.orthogonal_(
                    module.weight_orig
                )
                self.param_count += sum([p.data.nelement() for p in module.parameters()])

    def forward(self, z, y):
        zs = torch.split(z, 6, 1)
        z = zs[0]
        lab = y
        y = self.shared(y)
        ys = [torch.cat([y, item], 1) for item in zs[1:]]
        h = self.linear(z)
        h = h.view(h.size(0), -1, 4, 4)
        for index, blocklist in enumerate(self.blocks):
            h = F.interpolate(F.relu(blocklist[0](h, ys[index])), scale_factor=2)
            h = blocklist[1](h)
        out = torch.tanh(self.output_layer(h))
        return out, torch.sum(self.proj(lab) * out.sum([2, 3]), 1, keepdim=True)


MODELS = {
    "pix2pix instance": (partial(pix2pix, "instance", "orthogonal"), (2, 3, 32, 32)),
    "unit adain": (MUNIT, [(2, 3, 16, 16), (2, 8)]),
    "stylegan like": (StyledBlock, [(2, 8), (2, 1, 8, 8)]),
    "stylegan2 modconv": (ModulatedConv2d, [(2, 6, 5, 5), (2, 4)]),
    "biggan like": (BigGAN, [(2, 12), ("long", 4, (2,))]),
}
