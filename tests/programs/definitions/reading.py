"""Sequences and attention."""

import math
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Variable
from torch.nn.init import trunc_normal_ as trunc
from torch.nn.utils import weight_norm
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


class RNNBase_(nn.Module):
    def __init__(self, mode, **kw):
        super().__init__()
        self.embed = nn.Embedding(11, 6, padding_idx=0)
        self.rnn = getattr(nn, mode)(6, 5, num_layers=2, **kw)
        self.mode = mode
        d = 2 if kw.get("bidirectional") else 1
        self.fc = nn.Linear(5 * d, 3)
        self.d = d
        self.bf = kw.get("batch_first", False)
        self.init()

    def init(self):
        for name, param in self.rnn.named_parameters():
            if "weight_ih" in name:
                nn.init.xavier_uniform_(param.data)
            elif "weight_hh" in name:
                nn.init.orthogonal_(param.data)
            elif "bias" in name:
                param.data.fill_(0)
                n = param.size(0)
                param.data[n // 4 : n // 2].fill_(1)

    def init_hidden(self, b):
        weight = next(self.parameters()).data
        h = Variable(weight.new(2 * self.d, b, 5).zero_())
        return (h, h.clone()) if self.mode == "LSTM" else h

    def forward(self, x):
        e = self.embed(x)
        out, h = self.rnn(e, self.init_hidden(x.size(0 if self.bf else 1)))
        last = out[:, -1, :] if self.bf else out[-1]
        return self.fc(last), self.fc(out.contiguous().view(-1, 5 * self.d)), h


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(9, 4)
        self.g = nn.LSTM(4, 5, batch_first=True, bidirectional=True)

    def forward(self, x):
        lens = torch.tensor([6, 2, 4])
        p = pack_padded_sequence(self.e(x), lens, batch_first=True, enforce_sorted=False)
        o, (h, c) = self.g(p)
        y, l = pad_packed_sequence(o, batch_first=True, padding_value=-1.0)
        m = torch.arange(y.size(1))[None, :] < l[:, None]
        return y.masked_fill(~m.unsqueeze(-1), 0).sum(1) / l.unsqueeze(1).float(), torch.cat((h[-2], h[-1]), 1), c, l


class Seq2Seq(nn.Module):
    class Attention(nn.Module):
        def __init__(self, h):
            super().__init__()
            self.attn = nn.Linear(h * 2, h)
            self.v = nn.Parameter(torch.rand(h))
            stdv = 1.0 / math.sqrt(self.v.size(0))
            self.v.data.normal_(mean=0, std=stdv)

        def forward(self, hidden, enc):
            timestep = enc.size(0)
            h = hidden.repeat(timestep, 1, 1).transpose(0, 1)
            enc = enc.transpose(0, 1)
            energy = F.softmax(self.attn(torch.cat([h, enc], 2)), dim=1).transpose(1, 2)
            v = self.v.repeat(enc.size(0), 1).unsqueeze(1)
            return F.relu(torch.bmm(v, energy).squeeze(1)).unsqueeze(1)

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 4)
        self.enc = nn.GRU(4, 5, 1, bidirectional=True)
        self.attention = self.Attention(5)
        self.dec = nn.GRU(9, 5)
        self.out = nn.Linear(10, 9)
        self.cell = nn.GRUCell(4, 5)
        self.lcell = nn.LSTMCell(5, 5)

    def forward(self, src, trg):
        max_len = trg.size(0)
        outputs = Variable(torch.zeros(max_len, src.size(1), 9))
        enc, hidden = self.enc(self.embed(src))
        enc = enc[:, :, :5] + enc[:, :, 5:]
        hidden = hidden[:1]
        output = Variable(trg.data[0, :])
        for t in range(1, max_len):
            w = self.embed(output).unsqueeze(0)
            a = self.attention(hidden, enc)
            ctx = a.bmm(enc.transpose(0, 1)).transpose(0, 1)
            o, hidden = self.dec(torch.cat([w, ctx], 2), hidden)
            o = F.log_softmax(self.out(torch.cat([o.squeeze(0), ctx.squeeze(0)], 1)), dim=1)
            outputs[t] = o
            top1 = o.data.max(1)[1]
            output = Variable(trg.data[t] if t % 2 else top1)
        h = self.cell(self.embed(trg[0]))
        hx, cx = self.lcell(h, (h, torch.zeros_like(h)))
        return outputs, hx, cx


class Chomp1d(nn.Module):
    def __init__(self, chomp_size):
        super().__init__()
        self.chomp_size = chomp_size

    def forward(self, x):
        return x[:, :, : -self.chomp_size].contiguous()


class TCN(nn.Module):
    class TemporalBlock(nn.Module):
        def __init__(self, n_inputs, n_outputs, kernel_size, stride, dilation, padding, dropout=0.2):
            super().__init__()
            self.conv1 = weight_norm(
                nn.Conv1d(n_inputs, n_outputs, kernel_size, stride=stride, padding=padding, dilation=dilation)
            )
            self.chomp1 = Chomp1d(padding)
            self.relu1 = nn.ReLU()
            self.dropout1 = nn.Dropout(dropout)
            self.net = nn.Sequential(self.conv1, self.chomp1, self.relu1, self.dropout1)
            self.downsample = nn.Conv1d(n_inputs, n_outputs, 1) if n_inputs != n_outputs else None
            self.relu = nn.ReLU()
            self.init_weights()

        def init_weights(self):
            self.conv1.weight.data.normal_(0, 0.01)
            if self.downsample is not None:
                self.downsample.weight.data.normal_(0, 0.01)

        def forward(self, x):
            out = self.net(x)
            res = x if self.downsample is None else self.downsample(x)
            return self.relu(out + res)

    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(
            *[self.TemporalBlock(3 if i == 0 else 4, 4, 3, stride=1, dilation=2**i, padding=2 * 2**i) for i in range(3)]
        )

    def forward(self, x):
        return self.network(x)[:, :, -1]


@dataclass
class GPTConfig:
    block_size: int = 8
    vocab_size: int = 12
    n_layer: int = 2
    n_head: int = 2
    n_embd: int = 8
    dropout: float = 0.0
    bias: bool = False


class LN2(nn.Module):
    """LayerNorm but with an optional bias."""

    def __init__(self, ndim, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(ndim))
        self.bias = nn.Parameter(torch.zeros(ndim)) if bias else None

    def forward(self, input):
        return F.layer_norm(input, self.weight.shape, self.weight, self.bias, 1e-5)


class CausalSelfAttention(nn.Module):
    def __init__(self, config, flash):
        super().__init__()
        assert config.n_embd % config.n_head == 0
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.n_head, self.n_embd = config.n_head, config.n_embd
        self.flash = hasattr(torch.nn.functional, "scaled_dot_product_attention") and flash
        self.register_buffer(
            "bias",
            torch.tril(torch.ones(config.block_size, config.block_size)).view(
                1, 1, config.block_size, config.block_size
            ),
        )

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        k, q, v = (t.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for t in (k, q, v))
        if self.flash:
            y = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=0, is_causal=True)
        else:
            att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
            att = F.softmax(att, dim=-1)
            y = att @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class GPT(nn.Module):
    def __init__(self, config, flash=True):
        super().__init__()
        self.config = config
        self.transformer = nn.ModuleDict(
            dict(
                wte=nn.Embedding(config.vocab_size, config.n_embd),
                wpe=nn.Embedding(config.block_size, config.n_embd),
                drop=nn.Dropout(config.dropout),
                h=nn.ModuleList(
                    [
                        nn.ModuleDict(
                            dict(
                                ln_1=LN2(config.n_embd, bias=config.bias),
                                attn=CausalSelfAttention(config, flash),
                                mlp=nn.Sequential(
                                    nn.Linear(config.n_embd, 4 * config.n_embd),
                                    nn.GELU(approximate="tanh"),
                                    nn.Linear(4 * config.n_embd, config.n_embd),
                                ),
                            )
                        )
                        for _ in range(config.n_layer)
                    ]
                ),
                ln_f=LN2(config.n_embd, bias=True),
            )
        )
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.transformer.wte.weight = self.lm_head.weight
        self.apply(self._init_weights)
        for pn, p in self.named_parameters():
            if pn.endswith("c_proj.weight"):
                torch.nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * config.n_layer))

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)

    def forward(self, idx, targets=None):
        b, t = idx.size()
        pos = torch.arange(0, t, dtype=torch.long, device=idx.device)
        x = self.transformer.drop(self.transformer.wte(idx) + self.transformer.wpe(pos))
        for block in self.transformer.h:
            x = x + block.attn(block["ln_1"](x))
            x = x + block.mlp(x)
        logits = self.lm_head(self.transformer.ln_f(x))
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        return logits, loss


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def _norm(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    def forward(self, x):
        output = self._norm(x.float()).type_as(x)
        return output * self.weight


class Llama(nn.Module):
    def __init__(self, d=8, h=2, kv=1):
        super().__init__()
        self.tok = nn.Embedding(10, d)
        self.wq = nn.Linear(d, d, bias=False)
        self.wk = nn.Linear(d, d // 2, bias=False)
        self.wv = nn.Linear(d, d // 2, bias=False)
        self.norm = RMSNorm(d)
        self.n2 = nn.RMSNorm(d)
        self.w1 = nn.Linear(d, 16, bias=False)
        self.w2 = nn.Linear(16, d, bias=False)
        self.w3 = nn.Linear(d, 16, bias=False)
        freqs = 1.0 / (10000.0 ** (torch.arange(0, 4, 2)[:2].float() / 4))
        t = torch.arange(8, dtype=torch.float32)
        freqs = torch.outer(t, freqs)
        self.register_buffer("cos", freqs.cos(), persistent=False)
        self.register_buffer("sin", freqs.sin(), persistent=False)
        self.h = h

    def rope(self, x):
        x1, x2 = x.float().reshape(*x.shape[:-1], -1, 2).unbind(-1)
        c, s = self.cos[None, : x.size(1), None], self.sin[None, : x.size(1), None]
        return torch.stack([x1 * c - x2 * s, x1 * s + x2 * c], dim=-1).flatten(3)

    def repeat_kv(self, x, n):
        bs, slen, kv, hd = x.shape
        return x[:, :, :, None, :].expand(bs, slen, kv, n, hd).reshape(bs, slen, kv * n, hd)

    def forward(self, t):
        x = self.tok(t)
        b, s, d = x.shape
        n = self.norm(x)
        q = self.rope(self.wq(n).view(b, s, 2, 4))
        k = self.repeat_kv(self.rope(self.wk(n).view(b, s, 1, 4)), 2)
        v = self.repeat_kv(self.wv(n).view(b, s, 1, 4), 2)
        mask = torch.full((s, s), float("-inf"))
        mask = torch.triu(mask, diagonal=1)
        sc = torch.matmul(q.transpose(1, 2), k.permute(0, 2, 3, 1)) / 2 + mask
        x = x + (F.softmax(sc.float(), dim=-1).type_as(q) @ v.transpose(1, 2)).transpose(1, 2).reshape(b, s, -1)
        return x + self.w2(F.silu(self.w1(self.n2(x))) * self.w3(x))


def window_partition(x, ws):
    B, H, W, C = x.shape
    x = x.view(B, H // ws, ws, W // ws, ws, C)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, ws, ws, C)


def window_reverse(windows, ws, H, W):
    B = int(windows.shape[0] / (H * W / ws / ws))
    x = windows.view(B, H // ws, W // ws, ws, ws, -1)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(B, H, W, -1)


class Swin(nn.Module):
    def __init__(self, dim=8, ws=4, shift=2, heads=2):
        super().__init__()
        self.ws, self.shift, self.heads = ws, shift, heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * ws - 1) * (2 * ws - 1), heads))
        coords_h = torch.arange(ws)
        coords = torch.stack(torch.meshgrid([coords_h, coords_h]))
        cf = torch.flatten(coords, 1)
        rc = cf[:, :, None] - cf[:, None, :]
        rc = rc.permute(1, 2, 0).contiguous()
        rc[:, :, 0] += ws - 1
        rc[:, :, 1] += ws - 1
        rc[:, :, 0] *= 2 * ws - 1
        self.register_buffer("relative_position_index", rc.sum(-1))
        self.qkv = nn.Linear(dim, dim * 3)
        trunc(self.relative_position_bias_table, std=0.02)
        self.softmax = nn.Softmax(dim=-1)
        img_mask = torch.zeros((1, 8, 8, 1))
        cnt = 0
        for h in (slice(0, -ws), slice(-ws, -shift), slice(-shift, None)):
            for w in (slice(0, -ws), slice(-ws, -shift), slice(-shift, None)):
                img_mask[:, h, w, :] = cnt
                cnt += 1
        mw = window_partition(img_mask, ws).view(-1, ws * ws)
        am = mw.unsqueeze(1) - mw.unsqueeze(2)
        am = am.masked_fill(am != 0, (-100.0)).masked_fill(am == 0, 0.0)
        self.register_buffer("attn_mask", am)
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x):
        B, L, C = x.shape
        x = x.view(B, 8, 8, C)
        sx = torch.roll(x, shifts=(-self.shift, -self.shift), dims=(1, 2))
        xw = window_partition(sx, self.ws).view(-1, self.ws * self.ws, C)
        B_, N, C = xw.shape
        q, k, v = self.qkv(xw).reshape(B_, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        attn = (q * 0.5) @ k.transpose(-2, -1)
        bias = (
            self.relative_position_bias_table[self.relative_position_index.view(-1)]
            .view(N, N, -1)
            .permute(2, 0, 1)
            .contiguous()
        )
        attn = attn + bias.unsqueeze(0)
        nW = self.attn_mask.shape[0]
        attn = attn.view(B_ // nW, nW, self.heads, N, N) + self.attn_mask.unsqueeze(1).unsqueeze(0)
        attn = self.softmax(attn.view(-1, self.heads, N, N))
        y = (attn @ v).transpose(1, 2).reshape(B_, N, C)
        y = window_reverse(y.view(-1, self.ws, self.ws, C), self.ws, 8, 8)
        x = x + torch.roll(y, shifts=(self.shift, self.shift), dims=(1, 2))
        x = torch.cat([x[:, 0::2, 0::2, :], x[:, 1::2, 0::2, :], x[:, 0::2, 1::2, :], x[:, 1::2, 1::2, :]], -1)
        return self.reduction(x.view(B, -1, 4 * C))


class Out(NamedTuple):
    logits: Tensor
    aux: Tensor | None


class CJ(nn.Module):
    __constants__ = ["aux_logits"]

    def __init__(self):
        super().__init__()
        self.aux_logits = True
        self.seq = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())
        self.l = nn.LazyLinear(5) if False else nn.Linear(64, 5)

    @torch.jit.unused
    def eager(self, x, aux):
        return Out(x, aux) if self.training else x

    def forward(self, x):
        y = checkpoint_sequential(self.seq, 2, x, use_reentrant=False)
        z = checkpoint(lambda t: self.l(t.flatten(1)), y, use_reentrant=False)
        return self.eager(z, y) if not torch.jit.is_scripting() else z


MODELS = {
    "lstm 1": (partial(RNNBase_, "LSTM", batch_first=True, bidirectional=True), ("long", 11, (4, 7))),
    "packed": (Packed, ("long", 9, (3, 6))),
    "seq2seq attn": (Seq2Seq, [("long", 9, (6, 3)), ("long", 9, (5, 3))]),
    "tcn": (TCN, (2, 3, 12)),
    "nanogpt": (lambda: GPT(GPTConfig()), [("long", 12, (2, 8)), ("long", 12, (2, 8))]),
    "llama rope": (Llama, ("long", 10, (2, 6))),
    "swin block": (Swin, (2, 64, 8)),
    "checkpoints jit": (CJ, (2, 3, 8, 8)),
}
