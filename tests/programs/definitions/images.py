"""Networks that make images, and others that are no plain classifiers."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable


def double_conv(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(out_channels, out_channels, 3, padding=1),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, n_class=2, bilinear=True):
        super().__init__()
        self.dconv_down1 = double_conv(3, 8)
        self.dconv_down2 = double_conv(8, 16)
        self.maxpool = nn.MaxPool2d(2)
        if bilinear:
            self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        else:
            self.upsample = nn.ConvTranspose2d(16, 16, kernel_size=2, stride=2)
        self.dconv_up1 = double_conv(8 + 16, 8)
        self.conv_last = nn.Conv2d(8, n_class, 1)

    def forward(self, x):
        conv1 = self.dconv_down1(x)
        x = self.upsample(self.dconv_down2(self.maxpool(conv1)))
        dy, dx = conv1.size(2) - x.size(2), conv1.size(3) - x.size(3)
        x = F.pad(x, (dx // 2, dx - dx // 2, dy // 2, dy - dy // 2))
        return self.conv_last(self.dconv_up1(torch.cat([x, conv1], dim=1)))


class Generator(nn.Module):
    def __init__(self, nz=6, ngf=4):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 4, ngf * 2, 3, 2, 1, output_padding=1, bias=False),
            nn.InstanceNorm2d(ngf * 2, affine=True),
            nn.LeakyReLU(0.2, inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(ngf * 2, 3, 3),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.main(z.view(z.shape[0], -1, 1, 1))


class SuperResolution(nn.Module):
    """Residual blocks with PReLU and pixel shuffling."""

    def __init__(self, upscale_factor=2):
        super().__init__()
        self.block1 = nn.Sequential(nn.Conv2d(3, 8, kernel_size=9, padding=4), nn.PReLU())
        self.block2 = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.PReLU(8))
        self.conv = nn.Conv2d(8, 3 * upscale_factor**2, (3, 3), (1, 1), (1, 1))
        self.pixel_shuffle = nn.PixelShuffle(upscale_factor)
        nn.init.orthogonal_(self.conv.weight, nn.init.calculate_gain("relu"))

    def forward(self, x):
        x = self.block1(x)
        return (torch.tanh(self.pixel_shuffle(self.conv(x + self.block2(x)))) + 1) / 2


class VAE(nn.Module):
    def __init__(self, d=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 6, 3, stride=2, padding=1), nn.ELU(), nn.Flatten())
        self.fc_mu = nn.Linear(6 * 16, d)
        self.fc_var = nn.Linear(6 * 16, d)
        self.decoder = nn.Sequential(
            nn.Linear(d, 6 * 16),
            nn.Unflatten(1, (6, 4, 4)),
            nn.Softplus(),
            nn.ConvTranspose2d(6, 1, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.fc_mu(h), self.fc_var(h)
        z = mu + torch.exp(0.5 * logvar) * 0.3
        return self.decoder(z), -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)


class CapsuleNet(nn.Module):
    """Dynamic routing between capsules."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=3, stride=1)
        self.primary = nn.ModuleList([nn.Conv2d(8, 4, kernel_size=3, stride=2) for _ in range(4)])
        self.W = nn.Parameter(0.1 * torch.randn(1, 4 * 2 * 2, 3, 6, 4))

    @staticmethod
    def squash(s, dim=-1):
        squared_norm = (s**2).sum(dim, keepdim=True)
        return squared_norm * s / ((1.0 + squared_norm) * torch.sqrt(squared_norm))

    def forward(self, x):
        x = F.relu(self.conv1(x), inplace=True)
        u = torch.stack([capsule(x).view(x.size(0), 4, 4) for capsule in self.primary], dim=1)
        u = self.squash(u.view(x.size(0), -1, 4))
        u = torch.stack([u] * 3, dim=2).unsqueeze(4)
        W = torch.cat([self.W] * x.size(0), dim=0)
        u_hat = torch.matmul(W, u)
        b_ij = Variable(torch.zeros(1, 16, 3, 1))
        for iteration in range(3):
            c_ij = F.softmax(b_ij, dim=2)
            c_ij = torch.cat([c_ij] * x.size(0), dim=0).unsqueeze(4)
            v_j = self.squash((c_ij * u_hat).sum(dim=1, keepdim=True), dim=3)
            if iteration < 2:
                a_ij = torch.matmul(u_hat.transpose(3, 4), torch.cat([v_j] * 16, dim=1))
                b_ij = b_ij + a_ij.squeeze(4).mean(dim=0, keepdim=True)
        return (v_j.squeeze(1).squeeze(-1) ** 2).sum(dim=-1) ** 0.5


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(1, 4, 3), nn.SELU(), nn.GroupNorm(2, 4), nn.MaxPool2d(2))
        self.fc = nn.Linear(4 * 4 * 4, 5)

    def forward_once(self, x):
        return F.normalize(self.fc(self.cnn(x).view(x.size()[0], -1)), p=2, dim=1)

    def forward(self, x):
        return torch.norm(self.forward_once(x) - self.forward_once(x.flip(3)) * 0.9, p=2, dim=1, keepdim=True)


class Gram(nn.Module):
    """Features and their Gram matrices, as in style transfer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, dilation=2, padding=2, padding_mode="circular")
        self.norm = nn.LayerNorm([6, 8, 8])

    def forward(self, x):
        y = F.interpolate(self.norm(self.conv(x)), scale_factor=2, mode="nearest")
        a, b, c, d = y.size()
        features = y.view(a * b, c * d)
        return torch.mm(features, features.t()).div(a * b * c * d)


MODELS = {
    "unet": (UNet, (1, 3, 10, 10)),
    "unet transposed": (lambda: UNet(bilinear=False), (1, 3, 8, 8)),
    "generator": (Generator, (3, 6)),
    "super resolution": (SuperResolution, (1, 3, 8, 8)),
    "vae": (VAE, (2, 1, 8, 8)),
    "capsules": (CapsuleNet, (2, 1, 8, 8)),
    "siamese": (Siamese, (3, 1, 8, 8)),
    "gram": (Gram, (1, 3, 8, 8)),
}
