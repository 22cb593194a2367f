"""The classic script: devices, a loader, a schedule, testing, saving."""

import argparse
import os
import tempfile

import torch
import torch.backends.cudnn as cudnn
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()  # noqa: UP008
        self.conv1 = nn.Conv2d(1, 4, 3, 1)
        self.conv2 = nn.Conv2d(4, 8, 3, 1)
        self.dropout = nn.Dropout(0.1)
        self.fc = nn.Linear(8 * 2 * 2, 4)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return F.log_softmax(self.fc(self.dropout(torch.flatten(x, 1))), dim=1)


def test(model, device, loader):
    model.eval()
    test_loss, correct = 0, 0
    with torch.no_grad():
        for data, target in loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    return test_loss / len(loader.dataset), correct


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-cuda", action="store_true", default=False)
    args = parser.parse_args([])
    use_cuda = not args.no_cuda and torch.cuda.is_available()
    cudnn.benchmark = True
    torch.manual_seed(1)
    device = torch.device("cuda" if use_cuda else "cpu")
    y = torch.randint(0, 4, (96,))
    x = torch.randn(96, 1, 8, 8) * 0.3
    for i in range(len(y)):
        x[i, 0, 2 * y[i] : 2 * y[i] + 2] += 1
    dataset = TensorDataset(x, y)
    loader = DataLoader(dataset, batch_size=16, shuffle=True, **({"pin_memory": True} if use_cuda else {}))
    model = Net().to(device)
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = StepLR(optimizer, step_size=1, gamma=0.9)
    losses = [test(model, device, DataLoader(dataset, batch_size=50))[0]]
    for _ in range(4):
        model.train()
        for data, target in loader:
            optimizer.zero_grad()
            loss = F.nll_loss(model(data.to(device)), target.to(device))
            loss.backward()
            optimizer.step()
        losses.append(test(model, device, DataLoader(dataset, batch_size=50))[0])
        scheduler.step()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.pt")
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "args": args}, path)
        saved = torch.load(path, weights_only=False)
    again = Net()
    again.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    assert test(again, device, loader)[0] < losses[0]
    return losses


if __name__ == "__main__":
    main()
