"""A program of PyTorch's first years: Variables, types, old names of functions and arguments."""

from __future__ import print_function  # noqa: UP010

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.init as init
import torch.optim as optim
from torch.autograd import Variable
from torch.utils.data.sampler import SubsetRandomSampler

use_cuda = torch.cuda.is_available()
dtype = torch.cuda.FloatTensor if use_cuda else torch.FloatTensor
ltype = torch.cuda.LongTensor if use_cuda else torch.LongTensor


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        init.kaiming_normal(m.weight.data, mode="fan_out")
        m.bias.data.zero_()
    elif classname.find("BatchNorm") != -1:
        m.weight.data.normal_(1.0, 0.02)
        m.bias.data.fill_(0)
    elif isinstance(m, nn.Linear):
        init.xavier_uniform(m.weight, gain=init.calculate_gain("relu"))
        init.constant(m.bias, 0.1)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()  # noqa: UP008
        self.features = nn.Sequential()
        self.features.add_module("conv1", nn.Conv2d(3, 8, kernel_size=3, padding=1))
        self.features.add_module("bn1", nn.BatchNorm2d(8))
        self.features.add_module("relu1", nn.ReLU(True))
        self.features.add_module("pool1", nn.MaxPool2d(2, 2))
        self.fc = nn.Linear(8 * 2 * 2, 2)

    def forward(self, x):
        x = self.features(x)
        x = F.upsample(F.upsample(x, scale_factor=2, mode="nearest"), size=(2, 2), mode="bilinear")
        return self.fc(F.dropout(x.view(x.size(0), -1), p=0.1, training=self.training))


def main():
    torch.manual_seed(3)
    net = Net()
    net.apply(weights_init)
    net = nn.DataParallel(net)
    if use_cuda:
        net.cuda()
    x = torch.FloatTensor(64, 3, 4, 4).normal_(0, 1)
    y = (x.mean(1).mean(1).mean(1) > 0).type(ltype)
    sampler = SubsetRandomSampler(list(range(60)))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=20, sampler=sampler)
    criterion = nn.CrossEntropyLoss(size_average=True)
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    losses = []
    for _ in range(12):
        total = 0.0
        for inputs, targets in loader:
            inputs, targets = Variable(inputs.type(dtype)), Variable(targets, requires_grad=False)
            optimizer.zero_grad()
            outputs = net(inputs)
            loss = criterion(outputs, targets)
            loss.backward()
            optimizer.step()
            total += loss.data.item()
            _, predicted = torch.max(outputs.data, 1)
            correct = predicted.eq(targets.data).cpu().sum()
        losses.append(total)
        for param_group in optimizer.param_groups:
            param_group["lr"] *= 0.97
    net.eval()
    assert net(Variable(x[:4], volatile=True)).size() == (4, 2)
    assert F.cross_entropy(outputs, targets, size_average=False).data > 0
    assert 0 <= correct.item() <= 20
    return losses


if __name__ == "__main__":
    main()
