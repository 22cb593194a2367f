"""Segmentation, detection, graphs, and models taken apart."""

import functools
import math
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import Variable
from torch.nn import Parameter
from torch.nn.utils.parametrizations import spectral_norm as sn2
from torch.nn.utils.parametrizations import weight_norm as wn2


class SegNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 4, 3, padding=1)
        self.b1 = nn.BatchNorm2d(4, momentum=0.1)
        self.c2 = nn.Conv2d(4, 6, 3, padding=1)
        self.d2 = nn.Conv2d(6, 4, 3, padding=1)
        self.d1 = nn.Conv2d(4, 2, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)

    def forward(self, x):
        x11 = F.relu(self.b1(self.c1(x)))
        x1p, id1 = F.max_pool2d(x11, kernel_size=2, stride=2, return_indices=True)
        size1 = x11.size()
        x2, id2 = self.pool(F.relu(self.c2(x1p)))
        x = F.max_unpool2d(x2, id2, kernel_size=2, stride=2)
        x = self.unpool(F.relu(self.d2(x)), id1, output_size=size1)
        return self.d1(x)


def get_upsampling_weight(in_channels, out_channels, kernel_size):
    factor = (kernel_size + 1) // 2
    center = factor - 1 if kernel_size % 2 == 1 else factor - 0.5
    og = np.ogrid[:kernel_size, :kernel_size]
    filt = (1 - abs(og[0] - center) / factor) * (1 - abs(og[1] - center) / factor)
    weight = np.zeros((in_channels, out_channels, kernel_size, kernel_size), dtype=np.float64)
    weight[range(in_channels), range(out_channels), :, :] = filt
    return torch.from_numpy(weight).float()


class FCN(nn.Module):
    def __init__(self, n_class=4):
        super().__init__()
        self.conv1_1 = nn.Conv2d(3, 4, 3, padding=20)
        self.relu1_1 = nn.ReLU(inplace=True)
        self.pool1 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.pool2 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.fc6 = nn.Conv2d(4, 8, 7)
        self.drop6 = nn.Dropout2d()
        self.score_fr = nn.Conv2d(8, n_class, 1)
        self.score_pool1 = nn.Conv2d(4, n_class, 1)
        self.upscore2 = nn.ConvTranspose2d(n_class, n_class, 4, stride=2, bias=False)
        self.upscore8 = nn.ConvTranspose2d(n_class, n_class, 4, stride=2, bias=False)
        self._initialize_weights()

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                m.weight.data.zero_()
                if m.bias is not None:
                    m.bias.data.zero_()
            if isinstance(m, nn.ConvTranspose2d):
                assert m.kernel_size[0] == m.kernel_size[1]
                initial_weight = get_upsampling_weight(m.in_channels, m.out_channels, m.kernel_size[0])
                m.weight.data.copy_(initial_weight)

    def forward(self, x):
        h = self.pool1(self.relu1_1(self.conv1_1(x)))
        p1 = h
        h = self.score_fr(self.drop6(F.relu(self.fc6(self.pool2(h)))))
        h = self.upscore2(h)
        s = self.score_pool1(p1 * 0.01)
        s = s[:, :, 5 : 5 + h.size()[2], 5 : 5 + h.size()[3]]
        h = h + s
        h = self.upscore8(h)
        return h[:, :, 1 : 1 + x.size()[2], 1 : 1 + x.size()[3]].contiguous()


class FPN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c3 = nn.Conv2d(3, 4, 3, 4, 1)
        self.c4 = nn.Conv2d(4, 6, 3, 2, 1)
        self.P4 = nn.Conv2d(6, 8, 1)
        self.P4u = nn.Upsample(scale_factor=2, mode="nearest")
        self.P3 = nn.Conv2d(4, 8, 1)
        self.P6 = nn.Conv2d(6, 8, kernel_size=3, stride=2, padding=1)
        self.cls = self._make_head(9 * 3)
        self.loc = self._make_head(9 * 4)
        prior = 0.01
        nn.init.constant_(self.cls[-1].bias, -math.log((1 - prior) / prior))

    def _make_head(self, out_planes):
        layers = []
        [layers.extend([nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU(True)]) for _ in range(2)]
        layers.append(nn.Conv2d(8, out_planes, 3, 1, 1))
        return nn.Sequential(*layers)

    def _upsample_add(self, x, y):
        _, _, H, W = y.size()
        return F.upsample(x, size=(H, W), mode="bilinear") + y

    def forward(self, x):
        c3 = self.c3(x)
        c4 = self.c4(F.relu(c3))
        p4 = self.P4(c4)
        p3 = self._upsample_add(p4, self.P3(c3))
        loc_preds, cls_preds = [], []
        for fm in (p3, p4, self.P6(c4)):
            loc_pred = self.loc(fm)
            cls_pred = self.cls(fm)
            loc_preds.append(loc_pred.permute(0, 2, 3, 1).contiguous().view(x.size(0), -1, 4))
            cls_preds.append(cls_pred.permute(0, 2, 3, 1).contiguous().view(x.size(0), -1, 3).sigmoid())
        return torch.cat(loc_preds, 1), torch.cat(cls_preds, 1)


class YOLO(nn.Module):
    def __init__(self, anchors=[(10, 13), (16, 30)], num_classes=2, img_dim=32):
        super().__init__()
        self.anchors, self.num_anchors, self.num_classes, self.img_dim = anchors, len(anchors), num_classes, img_dim
        self.module_list = nn.ModuleList()
        m = nn.Sequential()
        m.add_module(f"conv_{0}", nn.Conv2d(14, 14, 1, bias=False))
        m.add_module(f"batch_norm_{0}", nn.BatchNorm2d(14, momentum=0.9, eps=1e-5))
        m.add_module(f"leaky_{0}", nn.LeakyReLU(0.1))
        self.module_list.append(m)
        self.module_list.append(nn.Sequential(OrderedDict(route=nn.Sequential())))

    def forward(self, x):
        for module in self.module_list:
            x = module(x)
        num_samples, grid_size = x.size(0), x.size(2)
        stride = self.img_dim / grid_size
        prediction = (
            x.view(num_samples, self.num_anchors, self.num_classes + 5, grid_size, grid_size)
            .permute(0, 1, 3, 4, 2)
            .contiguous()
        )
        xx, y, w, h = (prediction[..., i] for i in range(4))
        xx, y = torch.sigmoid(xx), torch.sigmoid(y)
        pred_conf = torch.sigmoid(prediction[..., 4])
        pred_cls = torch.sigmoid(prediction[..., 5:])
        grid_x = torch.arange(grid_size).repeat(grid_size, 1).view([1, 1, grid_size, grid_size]).type(torch.FloatTensor)
        grid_y = (
            torch.arange(grid_size).repeat(grid_size, 1).t().view([1, 1, grid_size, grid_size]).type(torch.FloatTensor)
        )
        scaled = torch.FloatTensor([(a_w / stride, a_h / stride) for a_w, a_h in self.anchors])
        aw = scaled[:, 0:1].view((1, self.num_anchors, 1, 1))
        ah = scaled[:, 1:2].view((1, self.num_anchors, 1, 1))
        pred_boxes = torch.zeros(prediction[..., :4].shape)
        pred_boxes[..., 0] = xx + grid_x
        pred_boxes[..., 1] = y + grid_y
        pred_boxes[..., 2] = torch.exp(w) * aw
        pred_boxes[..., 3] = torch.exp(h) * ah
        output = torch.cat(
            (
                pred_boxes.view(num_samples, -1, 4) * stride,
                pred_conf.view(num_samples, -1, 1),
                pred_cls.view(num_samples, -1, self.num_classes),
            ),
            -1,
        )
        obj = torch.zeros(num_samples, self.num_anchors, grid_size, grid_size).bool()
        obj[0, 1, 2, 3] = 1
        obj[1, 0, 0, 0] = True
        return (
            output,
            F.binary_cross_entropy(pred_conf[obj], torch.ones(2)),
            nn.MSELoss()(xx[obj], torch.full((2,), 0.3)),
            (output[..., :4] > 3).sum(-1),
        )


class NoisyLinear(nn.Module):
    def __init__(self, i, o, std_init=0.5):
        super().__init__()
        self.in_features, self.out_features, self.std_init = i, o, std_init
        self.weight_mu = nn.Parameter(torch.empty(o, i))
        self.weight_sigma = nn.Parameter(torch.empty(o, i))
        self.register_buffer("weight_epsilon", torch.empty(o, i))
        self.bias_mu = nn.Parameter(torch.FloatTensor(o))
        self.bias_sigma = nn.Parameter(torch.FloatTensor(o))
        self.register_buffer("bias_epsilon", torch.FloatTensor(o))
        self.reset_parameters()
        self.reset_noise()

    def reset_parameters(self):
        mu_range = 1 / math.sqrt(self.in_features)
        self.weight_mu.data.uniform_(-mu_range, mu_range)
        self.weight_sigma.data.fill_(self.std_init / math.sqrt(self.in_features))
        self.bias_mu.data.uniform_(-mu_range, mu_range)
        self.bias_sigma.data.fill_(self.std_init / math.sqrt(self.out_features))

    def _scale_noise(self, size):
        x = torch.randn(size)
        return x.sign().mul_(x.abs().sqrt_())

    def reset_noise(self):
        epsilon_in = self._scale_noise(self.in_features)
        epsilon_out = self._scale_noise(self.out_features)
        self.weight_epsilon.copy_(epsilon_out.ger(epsilon_in))
        self.bias_epsilon.copy_(epsilon_out)

    def forward(self, x):
        return (
            F.linear(
                x,
                self.weight_mu + self.weight_sigma * self.weight_epsilon,
                self.bias_mu + self.bias_sigma * self.bias_epsilon,
            )
            if self.training
            else F.linear(x, self.weight_mu, self.bias_mu)
        )


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(4, 8, kernel_size=8, stride=4), nn.ReLU(), nn.Conv2d(8, 8, kernel_size=4, stride=2), nn.ReLU()
        )
        self.advantage = nn.Sequential(nn.Linear(self.feature_size(), 8), nn.ReLU(), NoisyLinear(8, 3))
        self.value = nn.Linear(self.feature_size(), 1)

    def feature_size(self):
        return self.features(Variable(torch.zeros(1, *(4, 36, 36)))).view(1, -1).size(1)

    def forward(self, x, action):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        a = self.advantage(x)
        v = self.value(x)
        q = v + a - a.mean()
        return (
            q,
            q.gather(1, action),
            q.max(1)[1].view(1, 1, -1),
            F.smooth_l1_loss(q.gather(1, action).squeeze(1), q.detach().max(1)[0] * 0.9 + 1),
        )


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(torch.FloatTensor(in_features, out_features))
        if bias:
            self.bias = Parameter(torch.FloatTensor(out_features))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        support = torch.mm(input, self.weight)
        output = torch.mm(adj, support)
        return output + self.bias if self.bias is not None else output

    def __repr__(self):
        return self.__class__.__name__ + " (" + str(self.in_features) + " -> " + str(self.out_features) + ")"


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.gc1 = GraphConvolution(6, 4)
        self.gc2 = GraphConvolution(4, 3, bias=False)
        self.W = nn.Parameter(torch.empty(size=(6, 4)))
        nn.init.xavier_uniform_(self.W.data, gain=1.414)
        self.a = nn.Parameter(torch.zeros(size=(8, 1)))
        nn.init.xavier_uniform_(self.a.data, gain=1.414)
        self.leakyrelu = nn.LeakyReLU(0.2)

    def forward(self, x, adj):
        adj = adj.float() + torch.eye(5)
        d = torch.diag(adj.sum(1).pow(-0.5))
        x1 = F.relu(self.gc1(x, d @ adj @ d))
        h = torch.mm(x, self.W)
        N = h.size()[0]
        a_input = torch.cat([h.repeat(1, N).view(N * N, -1), h.repeat(N, 1)], dim=1).view(N, -1, 2 * 4)
        e = self.leakyrelu(torch.matmul(a_input, self.a).squeeze(2))
        zero_vec = -9e15 * torch.ones_like(e)
        att = F.softmax(torch.where(adj > 0, e, zero_vec), dim=1)
        return F.log_softmax(self.gc2(x1, adj), dim=1), F.elu(torch.matmul(att, h))


class PointNet(nn.Module):
    def __init__(self, k=3):
        super().__init__()
        self.k = k
        self.conv1 = nn.Conv1d(k, 6, 1)
        self.fc = nn.Linear(6, k * k)
        self.bn = nn.BatchNorm1d(6)

    def forward(self, x):
        b = x.size(0)
        y = F.relu(self.bn(self.conv1(x)))
        y = torch.max(y, 2, keepdim=True)[0]
        y = y.view(-1, 6)
        y = self.fc(y)
        iden = (
            Variable(torch.from_numpy(np.eye(self.k).flatten().astype(np.float32)))
            .view(1, self.k * self.k)
            .repeat(b, 1)
        )
        y = (y + iden).view(-1, self.k, self.k)
        x = torch.bmm(x.transpose(2, 1), y).transpose(2, 1)
        inner = -2 * torch.matmul(x.transpose(2, 1), x)
        xx = torch.sum(x**2, dim=1, keepdim=True)
        pd = -xx - inner - xx.transpose(2, 1)
        idx = pd.topk(k=3, dim=-1)[1]
        base = torch.arange(0, b).view(-1, 1, 1) * 10
        feat = x.transpose(2, 1).contiguous().view(b * 10, -1)[(idx + base).view(-1), :].view(b, 10, 3, 3)
        return torch.cat((feat - x.transpose(1, 2).unsqueeze(2), feat), dim=3).permute(0, 3, 1, 2).max(
            dim=-1, keepdim=False
        )[0], torch.mean(torch.norm(torch.bmm(y, y.transpose(2, 1)) - torch.eye(3)[None], dim=(1, 2)))


class Surgery(nn.Module):
    def __init__(self):
        super().__init__()
        back = nn.Sequential(
            OrderedDict(
                [
                    ("conv1", nn.Conv2d(3, 4, 3)),
                    ("bn1", nn.BatchNorm2d(4)),
                    ("relu", nn.ReLU()),
                    ("avgpool", nn.AdaptiveAvgPool2d((2, 2))),
                    ("flat", nn.Flatten()),
                    ("fc", nn.Linear(16, 7)),
                ]
            )
        )
        for p in back[:2].parameters():
            p.requires_grad = False
        self.features = nn.Sequential(*list(back.children())[:-2])
        self.fc = nn.Linear(back.fc.in_features, 5)
        back.fc = nn.Identity()
        self.back = back
        self.outs = {}
        self.features[2].register_forward_hook(self.hook("relu"))
        self.features.register_forward_pre_hook(lambda m, i: (i[0] * 1.5,))
        self.features[0] = nn.utils.weight_norm(self.features[0])
        self.lin = nn.Linear(5, 5)
        self.sn = sn2(nn.Linear(5, 4))
        self.wn = wn2(nn.Linear(4, 4))
        del self.features[1]
        self.features.insert(1, nn.GroupNorm(2, 4)) if hasattr(self.features, "insert") else None
        self.ml = nn.ModuleList([nn.Linear(4, 4)])
        self.ml.extend([nn.Linear(4, 4)])
        self.ml += [nn.Sigmoid()]
        self.md = nn.ModuleDict([["a", nn.Linear(4, 2)], ["b", nn.PReLU()]])
        self.md.update({"c": nn.Softplus()})
        self.md.pop("c")
        self.nothing = None
        self.__dict__["hidden"] = [nn.Linear(2, 2)]
        self.add_module("empty", None)

    def hook(self, name):
        def f(module, input, output):
            self.outs[name] = output

        return f

    def freeze_bn(self):
        [m.eval() for m in self.modules() if isinstance(m, nn.BatchNorm2d)]

    def train(self, mode=True):
        super().train(mode)
        self.freeze_bn()
        return self

    def forward(self, x):
        y = self.features(x).view(x.size(0), -1)
        z = self.wn(self.sn(self.lin(self.fc(y))))
        z = functools.reduce(lambda a, m: m(a), self.ml, z)
        return (
            self.md["b"](self.md["a"](z)),
            self.back(x),
            self.outs["relu"].mean(),
            sum(p.numel() for p in self.parameters() if p.requires_grad),
        )


MODELS = {
    "segnet unpool": (SegNet, (1, 3, 16, 16)),
    "fcn8s": (FCN, (1, 3, 32, 32)),
    "fpn retina": (FPN, (1, 3, 32, 32)),
    "yolov3 layer": (YOLO, (2, 14, 4, 4)),
    "gcn gat": (GCN, [(5, 6), ("bool", (5, 5))]),
    "pointnet": (PointNet, (2, 3, 10)),
    "dqn dueling noisy": (DQN, [("rand", (2, 4, 36, 36)), ("long", 3, (2, 1))]),
    "hooks surgery": (Surgery, (2, 3, 8, 8)),
}
