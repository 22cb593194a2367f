"""Networks that tell how likely an image is, and others that make one."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.parallel
import torch.utils.data

device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


class MeanShift(nn.Conv2d):
    def __init__(self, rgb_range, rgb_mean, rgb_std, sign=-1):
        super().__init__(3, 3, kernel_size=1)
        std = torch.Tensor(rgb_std)
        self.weight.data = torch.eye(3).view(3, 3, 1, 1)
        self.weight.data.div_(std.view(3, 1, 1, 1))
        self.bias.data = sign * rgb_range * torch.Tensor(rgb_mean)
        self.bias.data.div_(std)
        self.requires_grad = False
        for p in self.parameters():
            p.requires_grad = False


class Upsampler(nn.Sequential):
    def __init__(self, conv, scale, n_feats, bn=False, act=False, bias=True):
        m = []
        if (scale & (scale - 1)) == 0:
            for _ in range(int(math.log(scale, 2))):
                m.append(conv(n_feats, 4 * n_feats, 3, bias))
                m.append(nn.PixelShuffle(2))
                act and m.append(act())
        elif scale == 3:
            m.append(conv(n_feats, 9 * n_feats, 3, bias))
            m.append(nn.PixelShuffle(3))
        super().__init__(*m)


def default_conv(in_channels, out_channels, kernel_size, bias=True):
    return nn.Conv2d(in_channels, out_channels, kernel_size, padding=(kernel_size // 2), bias=bias)


class EDSR(nn.Module):
    def __init__(self, conv=default_conv):
        super().__init__()
        self.sub_mean = MeanShift(255, (0.4488, 0.4371, 0.4040), (1.0, 1.0, 1.0))
        self.add_mean = MeanShift(255, (0.4488, 0.4371, 0.4040), (1.0, 1.0, 1.0), 1)
        self.head = nn.Sequential(conv(3, 8, 3))
        ca = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(8, 2, 1, padding=0, bias=True),
            nn.ReLU(inplace=True),
            nn.Conv2d(2, 8, 1, padding=0, bias=True),
            nn.Sigmoid(),
        )
        self.ca = ca
        self.tail = nn.Sequential(*[Upsampler(conv, 3, 8, act=False), conv(8, 3, 3)])

    def forward(self, x):
        x = self.sub_mean(x)
        x = self.head(x)
        res = self.ca(x).mul(x)
        res += x
        return self.add_mean(self.tail(res))

    def load_state_dict(self, state_dict, strict=True):
        own_state = self.state_dict()
        for name, param in state_dict.items():
            if name in own_state:
                if isinstance(param, nn.Parameter):
                    param = param.data
                try:
                    own_state[name].copy_(param)
                except Exception:
                    if name.find("tail") == -1:
                        raise RuntimeError(f"While copying the parameter named {name}")
            elif strict:
                raise KeyError(f'unexpected key "{name}" in state_dict')


class VectorQuantizer(nn.Module):
    def __init__(self, n_e, e_dim, beta):
        super().__init__()
        self.n_e, self.e_dim, self.beta = n_e, e_dim, beta
        self.embedding = nn.Embedding(self.n_e, self.e_dim)
        self.embedding.weight.data.uniform_(-1.0 / self.n_e, 1.0 / self.n_e)

    def forward(self, z):
        z = z.permute(0, 2, 3, 1).contiguous()
        z_flattened = z.view(-1, self.e_dim)
        d = (
            torch.sum(z_flattened**2, dim=1, keepdim=True)
            + torch.sum(self.embedding.weight**2, dim=1)
            - 2 * torch.matmul(z_flattened, self.embedding.weight.t())
        )
        min_encoding_indices = torch.argmin(d, dim=1).unsqueeze(1)
        min_encodings = torch.zeros(min_encoding_indices.shape[0], self.n_e).to(device)
        min_encodings.scatter_(1, min_encoding_indices, 1)
        z_q = torch.matmul(min_encodings, self.embedding.weight).view(z.shape)
        loss = torch.mean((z_q.detach() - z) ** 2) + self.beta * torch.mean((z_q - z.detach()) ** 2)
        z_q = z + (z_q - z).detach()
        e_mean = torch.mean(min_encodings, dim=0)
        perplexity = torch.exp(-torch.sum(e_mean * torch.log(e_mean + 1e-10)))
        return loss, z_q.permute(0, 3, 1, 2).contiguous(), perplexity, min_encodings, min_encoding_indices


class QuantizeEMA(nn.Module):
    def __init__(self, dim, n_embed, decay=0.99, eps=1e-5):
        super().__init__()
        self.dim, self.n_embed, self.decay, self.eps = dim, n_embed, decay, eps
        embed = torch.randn(dim, n_embed)
        self.register_buffer("embed", embed)
        self.register_buffer("cluster_size", torch.zeros(n_embed))
        self.register_buffer("embed_avg", embed.clone())

    def forward(self, input):
        flatten = input.reshape(-1, self.dim)
        dist = flatten.pow(2).sum(1, keepdim=True) - 2 * flatten @ self.embed + self.embed.pow(2).sum(0, keepdim=True)
        _, embed_ind = (-dist).max(1)
        embed_onehot = F.one_hot(embed_ind, self.n_embed).type(flatten.dtype)
        embed_ind = embed_ind.view(*input.shape[:-1])
        quantize = F.embedding(embed_ind, self.embed.transpose(0, 1))
        if self.training:
            embed_onehot_sum = embed_onehot.sum(0)
            embed_sum = flatten.transpose(0, 1) @ embed_onehot
            self.cluster_size.data.mul_(self.decay).add_(embed_onehot_sum, alpha=1 - self.decay)
            self.embed_avg.data.mul_(self.decay).add_(embed_sum, alpha=1 - self.decay)
            n = self.cluster_size.sum()
            cluster_size = (self.cluster_size + self.eps) / (n + self.n_embed * self.eps) * n
            embed_normalized = self.embed_avg / cluster_size.unsqueeze(0)
            self.embed.data.copy_(embed_normalized)
        diff = (quantize.detach() - input).pow(2).mean()
        return input + (quantize - input).detach(), diff, embed_ind


class VQVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Conv2d(3, 4, 4, 2, 1)
        self.vq = VectorQuantizer(6, 4, 0.25)
        self.ema = QuantizeEMA(4, 5)
        self.dec = nn.ConvTranspose2d(4, 3, 4, 2, 1)

    def forward(self, x):
        l, q, p, e, i = self.vq(self.enc(x))
        q2, d, i2 = self.ema(q.permute(0, 2, 3, 1))
        return self.dec(q2.permute(0, 3, 1, 2)), l, p, i, d, i2


class MaskedConv2d(nn.Conv2d):
    def __init__(self, mask_type, *args, **kwargs):
        super().__init__(*args, **kwargs)
        assert mask_type in {"A", "B"}
        self.register_buffer("mask", self.weight.data.clone())
        _, _, kH, kW = self.weight.size()
        self.mask.fill_(1)
        self.mask[:, :, kH // 2, kW // 2 + (mask_type == "B") :] = 0
        self.mask[:, :, kH // 2 + 1 :] = 0

    def forward(self, x):
        self.weight.data *= self.mask
        return super().forward(x)


class PixelCNN(nn.Module):
    def __init__(self, fm=4):
        super().__init__()
        MC = MaskedConv2d
        self.net = nn.Sequential(
            MC("A", 1, fm, 7, 1, 3, bias=False),
            nn.BatchNorm2d(fm),
            nn.ReLU(True),
            MC("B", fm, fm, 7, 1, 3, bias=False),
            nn.BatchNorm2d(fm),
            nn.ReLU(True),
            nn.Conv2d(fm, 16, 1),
        )

    def forward(self, x):
        return self.net(x)


class MaskedLinear(nn.Linear):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__(in_features, out_features, bias)
        self.register_buffer("mask", torch.ones(out_features, in_features))

    def set_mask(self, mask):
        self.mask.data.copy_(torch.from_numpy(mask.astype(np.uint8).T))

    def forward(self, input):
        return F.linear(input, self.mask * self.weight, self.bias)


class MADE(nn.Module):
    def __init__(self, nin=6, hidden_sizes=[12], nout=12):
        super().__init__()
        self.net = []
        hs = [nin] + hidden_sizes + [nout]
        for h0, h1 in zip(hs, hs[1:]):
            self.net.extend([MaskedLinear(h0, h1), nn.ReLU()])
        self.net.pop()
        self.net = nn.Sequential(*self.net)
        self.m = {}
        rng = np.random.RandomState(0)
        self.m[-1] = np.arange(nin)
        self.m[0] = rng.randint(self.m[-1].min(), nin - 1, size=12)
        masks = [self.m[l - 1][:, None] <= self.m[l][None, :] for l in range(1)]
        masks.append(np.concatenate([self.m[0][:, None] < self.m[-1][None, :]] * 2, axis=1))
        layers = [l for l in self.net.modules() if isinstance(l, MaskedLinear)]
        for l, m in zip(layers, masks):
            l.set_mask(m)

    def forward(self, x):
        mu, alpha = self.net(x).chunk(2, 1)
        u = (x - mu) * torch.exp(-alpha)
        return u, -alpha.sum(-1, keepdim=True), (-0.5 * u.pow(2) - 0.5 * math.log(2 * math.pi)).sum(-1, keepdim=True)


class ActNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.scale = nn.Parameter(torch.ones(1, c, 1, 1))
        self.register_buffer("initialized", torch.tensor(0, dtype=torch.uint8))

    def initialize(self, input):
        with torch.no_grad():
            flatten = input.permute(1, 0, 2, 3).contiguous().view(input.shape[1], -1)
            mean = flatten.mean(1).unsqueeze(1).unsqueeze(2).unsqueeze(3).permute(1, 0, 2, 3)
            std = flatten.std(1).unsqueeze(1).unsqueeze(2).unsqueeze(3).permute(1, 0, 2, 3)
            self.loc.data.copy_(-mean)
            self.scale.data.copy_(1 / (std + 1e-6))

    def forward(self, input):
        _, _, h, w = input.shape
        if self.initialized.item() == 0:
            self.initialize(input)
            self.initialized.fill_(1)
        return self.scale * (input + self.loc), h * w * torch.sum(torch.log(torch.abs(self.scale)))


class InvConv2dLU(nn.Module):
    def __init__(self, c):
        super().__init__()
        weight = np.linalg.qr(np.random.RandomState(0).randn(c, c))[0]
        import scipy.linalg as la

        w_p, w_l, w_u = la.lu(weight.astype(np.float32))
        w_s = np.diag(w_u)
        w_u = np.triu(w_u, 1)
        u_mask = np.triu(np.ones_like(w_u), 1)
        l_mask = u_mask.T
        w_p, w_l, w_s, w_u = map(torch.from_numpy, (w_p, w_l, w_s.copy(), w_u))
        self.register_buffer("w_p", w_p)
        self.register_buffer("u_mask", torch.from_numpy(u_mask))
        self.register_buffer("l_mask", torch.from_numpy(l_mask))
        self.register_buffer("s_sign", torch.sign(w_s))
        self.register_buffer("l_eye", torch.eye(l_mask.shape[0]))
        self.w_l = nn.Parameter(w_l)
        self.w_s = nn.Parameter(torch.log(torch.abs(w_s)))
        self.w_u = nn.Parameter(w_u)

    def forward(self, input):
        _, _, h, w = input.shape
        weight = (
            (
                self.w_p
                @ (self.w_l * self.l_mask + self.l_eye)
                @ ((self.w_u * self.u_mask) + torch.diag(self.s_sign * torch.exp(self.w_s)))
            )
            .unsqueeze(2)
            .unsqueeze(3)
        )
        return (
            F.conv2d(input, weight),
            h * w * torch.sum(self.w_s),
            F.conv2d(input, weight.squeeze().inverse().unsqueeze(2).unsqueeze(3)),
            torch.slogdet(weight.squeeze())[1],
        )


class ZeroConv2d(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 3, padding=0)
        self.conv.weight.data.zero_()
        self.conv.bias.data.zero_()
        self.scale = nn.Parameter(torch.zeros(1, o, 1, 1))

    def forward(self, input):
        out = F.pad(input, [1, 1, 1, 1], value=1)
        out = self.conv(out)
        return out * torch.exp(self.scale * 3)


class Glow(nn.Module):
    def __init__(self):
        super().__init__()
        self.an = ActNorm(8)
        self.ic = InvConv2dLU(8)
        self.net = nn.Sequential(
            nn.Conv2d(4, 6, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(6, 6, 1),
            nn.ReLU(inplace=True),
            ZeroConv2d(6, 8),
        )
        self.net[0].weight.data.normal_(0, 0.05)

    def forward(self, input):
        b_size, n_channel, height, width = input.shape
        squeezed = input.view(b_size, n_channel, height // 2, 2, width // 2, 2)
        squeezed = squeezed.permute(0, 1, 3, 5, 2, 4)
        out = squeezed.contiguous().view(b_size, n_channel * 4, height // 2, width // 2)
        out, ld1 = self.an(out)
        out, ld2, inv, ld4 = self.ic(out)
        in_a, in_b = out.chunk(2, 1)
        log_s, t = self.net(in_a).chunk(2, 1)
        s = torch.sigmoid(log_s + 2)
        out_b = (in_b + t) * s
        return torch.cat([in_a, out_b], 1), ld1 + ld2, torch.sum(torch.log(s).view(input.shape[0], -1), 1), inv, ld4


class RealNVP(nn.Module):
    def __init__(self):
        super().__init__()
        self.mask = nn.Parameter(
            torch.from_numpy(np.array([[0, 1] * 3, [1, 0] * 3]).astype(np.float32)), requires_grad=False
        )
        nets = lambda: nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(), nn.Linear(8, 6), nn.Tanh())
        nett = lambda: nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(), nn.Linear(8, 6))
        self.t = torch.nn.ModuleList([nett() for _ in range(len(self.mask))])
        self.s = torch.nn.ModuleList([nets() for _ in range(len(self.mask))])
        self.prior = torch.distributions.MultivariateNormal(torch.zeros(6), torch.eye(6))

    def forward(self, x):
        log_det_J, z = x.new_zeros(x.shape[0]), x
        for i in reversed(range(len(self.t))):
            z_ = self.mask[i] * z
            s = self.s[i](z_) * (1 - self.mask[i])
            t = self.t[i](z_) * (1 - self.mask[i])
            z = (1 - self.mask[i]) * (z - t) * torch.exp(-s) + z_
            log_det_J -= s.sum(dim=1)
        return z, log_det_J, self.prior.log_prob(z) + log_det_J


class NeRF(nn.Module):
    def __init__(self, D=4, W=16, skips=[2]):
        super().__init__()
        self.skips = skips
        self.pts_linears = nn.ModuleList(
            [nn.Linear(21, W)] + [nn.Linear(W, W) if i not in skips else nn.Linear(W + 21, W) for i in range(D - 1)]
        )
        self.views_linears = nn.ModuleList([nn.Linear(15 + W, W // 2)])
        self.feature_linear = nn.Linear(W, W)
        self.alpha_linear = nn.Linear(W, 1)
        self.rgb_linear = nn.Linear(W // 2, 3)

    def pe(self, x, L):
        fns = [lambda x: x]
        [
            fns.append(lambda x, p_fn=p, freq=f: p_fn(x * freq))
            for f in 2.0 ** torch.linspace(0.0, L - 1, steps=L)
            for p in [torch.sin, torch.cos]
        ]
        return torch.cat([fn(x) for fn in fns], -1)

    def forward(self, p, d):
        e, v = self.pe(p, 3), self.pe(d, 2)
        h = e
        for i, l in enumerate(self.pts_linears):
            h = self.pts_linears[i](h)
            h = F.relu(h)
            if i in self.skips:
                h = torch.cat([e, h], -1)
        alpha = self.alpha_linear(h)
        feature = self.feature_linear(h)
        h = torch.cat([feature, v], -1)
        for i, l in enumerate(self.views_linears):
            h = F.relu(self.views_linears[i](h))
        rgb = torch.sigmoid(self.rgb_linear(h))
        dists = torch.norm(d, dim=-1)
        a = 1.0 - torch.exp(-F.relu(alpha[..., 0]) * dists)
        w = a * torch.cumprod(torch.cat([torch.ones((1,)), 1.0 - a + 1e-10], -1), -1)[:-1]
        cdf = torch.cumsum(w + 1e-5, -1)
        u = torch.linspace(0.0, 0.9, steps=4) * cdf[-1].detach()
        inds = torch.searchsorted(cdf.detach().contiguous(), u, right=True)
        return (
            torch.sum(w[..., None] * rgb, -2),
            w,
            torch.stack(
                [torch.max(torch.zeros_like(inds - 1), inds - 1), torch.min(5 * torch.ones_like(inds), inds)], -1
            ),
        )


MODELS = {
    "edsr rcan": (EDSR, ("rand", (1, 3, 6, 6))),
    "vqvae": (VQVAE, (2, 3, 8, 8)),
    "pixelcnn": (PixelCNN, (2, 1, 8, 8)),
    "made": (MADE, (4, 6)),
    "glow": (Glow, (2, 2, 8, 8)),
    "realnvp": (RealNVP, (4, 6)),
    "nerf": (NeRF, [(6, 3), (6, 3)]),
}
