"""Sequences: packed, masked, tied, unrolled by hand, and sampled from."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

VOCABULARY, WIDTH = 12, 24


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH, padding_idx=0)
        self.rnn = getattr(nn, kind)(WIDTH, WIDTH, num_layers=2, dropout=0.1, batch_first=True)
        self.decoder = nn.Linear(WIDTH, VOCABULARY)
        self.decoder.weight = self.embedding.weight
        nn.init.uniform_(self.embedding.weight, -0.3, 0.3)

    def forward(self, x, lengths, state=None):
        packed = pack_padded_sequence(self.embedding(x), lengths.to("cpu"), batch_first=True, enforce_sorted=False)
        out, state = self.rnn(packed, state)
        return self.decoder(pad_packed_sequence(out, batch_first=True)[0]), state


class Attentive(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        place, rate = torch.arange(20).unsqueeze(1), torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(1e4) / WIDTH))
        table = torch.zeros(20, WIDTH)
        table[:, 0::2], table[:, 1::2] = torch.sin(place * rate), torch.cos(place * rate)
        self.register_buffer("table", table.unsqueeze(0))
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 32, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1)
        self.decoder = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, x, lengths, state=None):
        size = x.size(1)
        hidden = torch.triu(torch.full((size, size), float("-inf")), diagonal=1)
        h = self.embedding(x) * math.sqrt(WIDTH) + self.table[:, :size]
        return self.decoder(self.encoder(h, mask=hidden, src_key_padding_mask=x.eq(0))), None


def detached(state):
    return state.detach() if isinstance(state, torch.Tensor) else tuple(detached(part) for part in state)


def main():
    torch.manual_seed(2)
    rows = [torch.arange(start, start + 4 + start % 4) % (VOCABULARY - 1) + 1 for start in range(16)]
    lengths = torch.tensor([len(row) - 1 for row in rows])
    x = pad_sequence([row[:-1] for row in rows], batch_first=True)
    y = pad_sequence([row[1:] for row in rows], batch_first=True, padding_value=-100)
    losses = []
    for model in (Recurrent("GRU"), Recurrent("LSTM"), Attentive()):
        optimizer = torch.optim.Adam(model.parameters(), 1e-2)
        state, found = None, []
        for _ in range(25):
            model.zero_grad()
            out, state = model(x, lengths, state)
            state = state if state is None else detached(state)
            value = F.cross_entropy(out.reshape(-1, VOCABULARY), y.view(-1))
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            found.append(value.item())
        assert found[-1] < found[0], (type(model).__name__, found)
        losses = [a + b for a, b in zip(losses, found)] if losses else found
    model.eval()
    text = torch.ones(1, 1, dtype=torch.long)
    with torch.no_grad():
        for _ in range(5):
            scores = model(text, None)[0][:, -1, :] / 0.8
            highest, _ = torch.topk(scores, 3)
            scores[scores < highest[:, [-1]]] = -float("Inf")
            text = torch.cat((text, torch.multinomial(F.softmax(scores, dim=-1), num_samples=1)), dim=1)
    assert text.shape == (1, 6)
    return losses
