"""Blocks that programs put into their classifiers, and heads of recognition."""

import math
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.checkpoint as cp
from torch.autograd import Variable
from torch.nn import Parameter
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.utils import _pair
from torch.nn.parameter import Parameter as P2

I = (2, 3, 32, 32)


def _bn_function_factory(norm, relu, conv):
    def bn_function(*inputs):
        concated_features = torch.cat(inputs, 1)
        return conv(relu(norm(concated_features)))

    return bn_function


class EffDense(nn.Module):
    def __init__(self, efficient=False):
        super().__init__()
        self.efficient = efficient
        self.add_module("norm1", nn.BatchNorm2d(8))
        self.add_module("relu1", nn.ReLU(inplace=True))
        self.add_module("conv1", nn.Conv2d(8, 4, 1, bias=False))
        self.stem = nn.Conv2d(3, 4, 3)
        self.stem2 = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        prev_features = [self.stem(x), self.stem2(x)]
        bn_function = _bn_function_factory(self.norm1, self.relu1, self.conv1)
        if self.efficient and any(prev_feature.requires_grad for prev_feature in prev_features):
            return cp.checkpoint(bn_function, *prev_features, use_reentrant=True)
        return bn_function(*prev_features)


class Maxout(nn.Module):
    def __init__(self, d_in=10, d_out=6, pool_size=3):
        super().__init__()
        self.d_in, self.d_out, self.pool_size = d_in, d_out, pool_size
        self.lin = nn.Linear(d_in, d_out * pool_size)

    def forward(self, inputs):
        shape = list(inputs.size())
        shape[-1] = self.d_out
        shape.append(self.pool_size)
        max_dim = len(shape) - 1
        out = self.lin(inputs)
        m, i = out.view(*shape).max(max_dim)
        return m


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn1 = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(1, 4, kernel_size=3),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(4),
            nn.Dropout2d(p=0.2),
            nn.ReflectionPad2d((1, 0, 2, 1)),
            nn.Conv2d(4, 2, 3),
            nn.ReLU(inplace=True),
        )
        self.fc1 = nn.Linear(2 * 21 * 19, 5)

    def once(self, x):
        output = self.cnn1(x)
        return self.fc1(output.view(output.size()[0], -1))

    def forward(self, a, b):
        o1, o2 = self.once(a), self.once(b)
        label = torch.tensor([0.0, 1.0, 1.0])
        euclidean_distance = F.pairwise_distance(o1, o2, keepdim=True)
        return torch.mean(
            (1 - label) * torch.pow(euclidean_distance, 2)
            + (label) * torch.pow(torch.clamp(2.0 - euclidean_distance, min=0.0), 2)
        ), torch.abs(o1 - o2)


class BasicConv(nn.Module):
    def __init__(
        self,
        in_planes,
        out_planes,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        relu=True,
        bn=True,
        bias=False,
    ):
        super().__init__()
        self.out_channels = out_planes
        self.conv = nn.Conv2d(
            in_planes,
            out_planes,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        self.bn = nn.BatchNorm2d(out_planes, eps=1e-5, momentum=0.01, affine=True) if bn else None
        self.relu = nn.ReLU() if relu else None

    def forward(self, x):
        x = self.conv(x)
        if self.bn is not None:
            x = self.bn(x)
        if self.relu is not None:
            x = self.relu(x)
        return x


class Flatten(nn.Module):
    def forward(self, x):
        return x.view(x.size(0), -1)


def logsumexp_2d(tensor):
    tensor_flatten = tensor.view(tensor.size(0), tensor.size(1), -1)
    s, _ = torch.max(tensor_flatten, dim=2, keepdim=True)
    return s + (tensor_flatten - s).exp().sum(dim=2, keepdim=True).log()


class ChannelGate(nn.Module):
    def __init__(self, gate_channels, reduction_ratio=4, pool_types=["avg", "max", "lp", "lse"]):
        super().__init__()
        self.mlp = nn.Sequential(
            Flatten(),
            nn.Linear(gate_channels, gate_channels // reduction_ratio),
            nn.ReLU(),
            nn.Linear(gate_channels // reduction_ratio, gate_channels),
        )
        self.pool_types = pool_types

    def forward(self, x):
        channel_att_sum = None
        for pool_type in self.pool_types:
            if pool_type == "avg":
                raw = self.mlp(F.avg_pool2d(x, (x.size(2), x.size(3)), stride=(x.size(2), x.size(3))))
            elif pool_type == "max":
                raw = self.mlp(F.max_pool2d(x, (x.size(2), x.size(3)), stride=(x.size(2), x.size(3))))
            elif pool_type == "lp":
                raw = self.mlp(F.lp_pool2d(x, 2, (x.size(2), x.size(3)), stride=(x.size(2), x.size(3))))
            else:
                raw = self.mlp(logsumexp_2d(x))
            channel_att_sum = raw if channel_att_sum is None else channel_att_sum + raw
        scale = F.sigmoid(channel_att_sum).unsqueeze(2).unsqueeze(3).expand_as(x)
        return x * scale


class ChannelPool(nn.Module):
    def forward(self, x):
        return torch.cat((torch.max(x, 1)[0].unsqueeze(1), torch.mean(x, 1).unsqueeze(1)), dim=1)


class CBAM(nn.Module):
    def __init__(self):
        super().__init__()
        self.ChannelGate = ChannelGate(8)
        self.compress = ChannelPool()
        self.spatial = BasicConv(2, 1, 7, stride=1, padding=(7 - 1) // 2, relu=False)

    def forward(self, x):
        x = self.ChannelGate(x)
        return x * torch.sigmoid(self.spatial(self.compress(x)))


class Pyramid(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 4, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.downsample = nn.AvgPool2d((2, 2), stride=(2, 2), ceil_mode=True)
        self.c2 = nn.Conv2d(4, 10, 3, 2, 1)

    def forward(self, x):
        x = self.bn(self.c1(x))
        out = self.c2(x)
        shortcut = self.downsample(x)
        residual_channel = out.size()[1]
        shortcut_channel = shortcut.size()[1]
        batch_size = out.size()[0]
        featuremap_size = shortcut.size()[2:4]
        if residual_channel != shortcut_channel:
            padding = torch.autograd.Variable(
                torch.FloatTensor(
                    batch_size, residual_channel - shortcut_channel, featuremap_size[0], featuremap_size[1]
                ).fill_(0)
            )
            out += torch.cat((shortcut, padding), 1)
        else:
            out += shortcut
        return out


class ShakeShake(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x1, x2, training=True):
        if training:
            alpha = torch.FloatTensor(x1.size(0)).fill_(0.3).view(x1.size(0), 1, 1, 1).expand_as(x1)
        else:
            alpha = 0.5
        return alpha * x1 + (1 - alpha) * x2

    @staticmethod
    def backward(ctx, grad_output):
        beta = torch.FloatTensor(grad_output.size(0)).fill_(0.6)
        beta = beta.view(beta.size(0), 1, 1, 1).expand_as(grad_output)
        beta = Variable(beta)
        return beta * grad_output, (1 - beta) * grad_output, None


class SS(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 4, 3)
        self.b = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return ShakeShake.apply(self.a(x), self.b(x), self.training)


class Heads(nn.Module):
    def __init__(self, in_features=8, out_features=5, s=30.0, m=0.50, easy_margin=False):
        super().__init__()
        self.s, self.m, self.easy_margin = s, m, easy_margin
        self.weight = Parameter(torch.FloatTensor(out_features, in_features))
        nn.init.xavier_uniform_(self.weight)
        self.w2 = Parameter(torch.Tensor(in_features, out_features))
        self.w2.data.uniform_(-1, 1).renorm_(2, 1, 1e-5).mul_(1e5)
        self.cos_m = math.cos(m)
        self.sin_m = math.sin(m)
        self.th = math.cos(math.pi - m)
        self.mm = math.sin(math.pi - m) * m
        self.centers = nn.Parameter(torch.randn(5, 8))

    def forward(self, input, label):
        cosine = F.linear(F.normalize(input), F.normalize(self.weight))
        sine = torch.sqrt((1.0 - torch.pow(cosine, 2)).clamp(0, 1))
        phi = cosine * self.cos_m - sine * self.sin_m
        phi = (
            torch.where(cosine > 0, phi, cosine)
            if self.easy_margin
            else torch.where(cosine > self.th, phi, cosine - self.mm)
        )
        one_hot = torch.zeros(cosine.size())
        one_hot.scatter_(1, label.view(-1, 1).long(), 1)
        output = (one_hot * phi) + ((1.0 - one_hot) * cosine)
        output *= self.s
        ww = self.w2.renorm(2, 1, 1e-5).mul(1e5)
        xlen = input.pow(2).sum(1).pow(0.5)
        wlen = ww.pow(2).sum(0).pow(0.5)
        cos_theta = input.mm(ww) / xlen.view(-1, 1) / wlen.view(1, -1)
        cos_theta = cos_theta.clamp(-1, 1)
        theta = Variable(cos_theta.data.acos())
        k = (4 * theta / 3.14159265).floor()
        n_one = k * 0.0 - 1
        phi_theta = (n_one**k) * (8 * cos_theta**4 - 8 * cos_theta**2 + 1) - 2 * k
        batch_size = input.size(0)
        distmat = (
            torch.pow(input, 2).sum(dim=1, keepdim=True).expand(batch_size, 5)
            + torch.pow(self.centers, 2).sum(dim=1, keepdim=True).expand(5, batch_size).t()
        )
        distmat.addmm_(input, self.centers.t(), beta=1, alpha=-2)
        classes = torch.arange(5).long()
        labels = label.unsqueeze(1).expand(batch_size, 5)
        mask = labels.eq(classes.expand(batch_size, 5))
        dist = distmat * mask.float()
        return (
            output,
            phi_theta,
            dist.clamp(min=1e-12, max=1e12).sum() / batch_size,
            self.centers.index_select(0, label),
        )


class WS(nn.Module):
    class Conv2d(nn.Conv2d):
        def forward(self, x):
            weight = self.weight
            weight_mean = weight.mean(dim=1, keepdim=True).mean(dim=2, keepdim=True).mean(dim=3, keepdim=True)
            weight = weight - weight_mean
            std = weight.view(weight.size(0), -1).std(dim=1).view(-1, 1, 1, 1) + 1e-5
            weight = weight / std.expand_as(weight)
            return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    class FRN(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.tau = P2(torch.Tensor(1, n, 1, 1))
            self.gamma = P2(torch.Tensor(1, n, 1, 1))
            self.register_parameter("nothing", None)
            self.reset_parameters()

        def reset_parameters(self):
            nn.init.ones_(self.gamma)
            nn.init.zeros_(self.tau)

        def extra_repr(self):
            return f"num_features={self.tau.size(1)}"

        def forward(self, x):
            nu2 = torch.mean(x.pow(2), dim=[2, 3], keepdim=True)
            return torch.max(self.gamma * x * torch.rsqrt(nu2 + 1e-6), self.tau)

    class StdConv(nn.Conv2d):
        def forward(self, x):
            v, m = torch.var_mean(self.weight, dim=[1, 2, 3], keepdim=True, unbiased=False)
            return F.conv2d(
                x,
                (self.weight - m) / torch.sqrt(v + 1e-10),
                self.bias,
                self.stride,
                self.padding,
                self.dilation,
                self.groups,
            )

    def __init__(self):
        super().__init__()
        self.a = self.Conv2d(3, 8, 3, stride=(2, 1))
        self.gn = nn.GroupNorm(num_groups=4, num_channels=8)
        self.f = self.FRN(8)
        self.s = self.StdConv(8, 4, 3)

    def forward(self, x):
        return self.s(self.f(self.gn(self.a(x))))


class ABN(_BatchNorm):
    _version = 7

    def __init__(self, num_features, eps=1e-5, momentum=0.1, slope=0.01):
        super().__init__(num_features, eps, momentum, affine=True, track_running_stats=True)
        self.slope = slope

    def _check_input_dim(self, input):
        if input.dim() not in (2, 3, 4):
            raise ValueError

    def forward(self, x):
        self._check_input_dim(x)
        x = F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )
        return F.leaky_relu(x, negative_slope=self.slope, inplace=True)

    def __repr__(self):
        return "{}({}, eps={}, slope={slope})".format(
            self.__class__.__name__, self.num_features, self.eps, **self.__dict__
        )


class MyConv(_ConvNd):
    def __init__(self, i, o, k, stride=1, padding=0, dilation=1, groups=1, bias=True):
        super().__init__(
            i,
            o,
            _pair(k),
            _pair(stride),
            _pair(padding),
            _pair(dilation),
            False,
            _pair(0),
            groups,
            bias,
            padding_mode="zeros",
        )

    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class CondBN(nn.Module):
    def __init__(self, n, classes):
        super().__init__()
        self.bn = nn.BatchNorm2d(n, affine=False)
        self.embed = nn.Embedding(classes, n * 2)
        self.embed.weight.data[:, :n].normal_(1, 0.02)
        self.embed.weight.data[:, n:].zero_()

    def forward(self, x, y):
        gamma, beta = self.embed(y).chunk(2, 1)
        return gamma.view(-1, x.size(1), 1, 1) * self.bn(x) + beta.view(-1, x.size(1), 1, 1)


class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = MyConv(3, 6, 3, 2, 1, groups=3)
        self.abn = ABN(6)
        self.cbn = CondBN(6, 4)
        self.sbn = nn.SyncBatchNorm(6) if False else nn.BatchNorm2d(6, momentum=None)
        self.nt = nn.BatchNorm2d(6, track_running_stats=False)

    def forward(self, x, y):
        return self.nt(self.sbn(self.cbn(self.abn(self.c(x)), y)))


MODELS = {
    "densenet efficient": (partial(EffDense, efficient=True), I),
    "maxout": (Maxout, (4, 10)),
    "contrastive": (Siamese, [(3, 1, 20, 20), (3, 1, 20, 20)]),
    "cbam": (CBAM, (2, 8, 9, 9)),
    "pyramidnet pad": (Pyramid, I),
    "shakeshake": (SS, I),
    "arcface heads": (Heads, [(4, 8), ("long", 5, (4,))]),
    "wsconv gn": (WS, I),
    "custom bases": (Custom, [I, ("long", 4, (2,))]),
}
