"""A Wasserstein GAN with gradient penalty: gradients of gradients, two optimizers, NumPy beside tensors."""

import numpy as np
import torch
import torch.nn as nn
from torch import autograd
from torch.autograd import Variable

Tensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor


class Generator(nn.Module):
    def __init__(self):
        super().__init__()

        def block(i, o, normalize=True):
            layers = [nn.Linear(i, o)]
            if normalize:
                layers.append(nn.BatchNorm1d(o, 0.8))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            return layers

        self.model = nn.Sequential(*block(8, 16, normalize=False), *block(16, 16), nn.Linear(16, 16), nn.Tanh())

    def forward(self, z):
        img = self.model(z)
        return img.view(img.shape[0], *(1, 4, 4))


def compute_gradient_penalty(critic, real_samples, fake_samples):
    alpha = Tensor(np.random.RandomState(1).rand(real_samples.size(0), 1, 1, 1))
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = critic(interpolates)
    ones = Variable(Tensor(real_samples.shape[0], 1).fill_(1.0), requires_grad=False)
    gradients = autograd.grad(
        outputs=d_interpolates,
        inputs=interpolates,
        grad_outputs=ones,
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


def main():
    torch.manual_seed(0)
    generator = Generator()
    critic = nn.Sequential(nn.Flatten(), nn.Linear(16, 32), nn.LeakyReLU(0.2, inplace=True), nn.Linear(32, 1))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.9))
    optimizer_d = torch.optim.Adam(critic.parameters(), lr=5e-3, betas=(0.5, 0.9))
    losses = []
    for i in range(30):
        real = Variable(torch.sign(torch.randn(16, 1, 4, 4)).type(Tensor))
        optimizer_d.zero_grad()
        z = Variable(Tensor(np.random.RandomState(i).normal(0, 1, (16, 8))))
        fake = generator(z)
        penalty = compute_gradient_penalty(critic, real.data, fake.data)
        d_loss = -torch.mean(critic(real)) + torch.mean(critic(fake)) + 10 * penalty
        d_loss.backward()
        optimizer_d.step()
        losses.append(d_loss.item())
        optimizer_g.zero_grad()
        if i % 5 == 0:
            g_loss = -torch.mean(critic(generator(z)))
            g_loss.backward()
            optimizer_g.step()
    return losses


if __name__ == "__main__":
    main()
