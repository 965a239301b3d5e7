import argparse
import math
import os

import numpy as np
import torch
from torch import nn

VOCAB, BPTT, STREAMS = 40, 16, 20


def corpus(rng, words):
    table = np.random.default_rng(3).dirichlet(np.full(VOCAB, 0.06), (VOCAB, 2))
    text, topic = [0], 0
    for _ in range(words - 1):
        if rng.random() < 0.05:
            topic = 1 - topic
        text.append(int(rng.choice(VOCAB, p=table[text[-1], topic])))
    return torch.tensor(text)


class WordLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(VOCAB, 32)
        self.rnn = nn.LSTM(32, 48)
        self.decoder = nn.Linear(48, VOCAB)
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, words, state):
        out, state = self.rnn(self.encoder(words), state)
        return self.decoder(out).view(-1, VOCAB), state


def batchify(text, streams):
    length = len(text) // streams
    return text[: length * streams].view(streams, length).t().contiguous()


def pieces(data):
    for i in range(0, len(data) - 1, BPTT):
        n = min(BPTT, len(data) - 1 - i)
        yield data[i : i + n], data[i + 1 : i + 1 + n].reshape(-1)


def evaluate(net, data):
    net.eval()
    total, state = 0.0, None
    with torch.no_grad():
        for words, target in pieces(data):
            scores, state = net(words, state)
            total += len(words) * nn.functional.cross_entropy(scores, target).item()
    return total / (len(data) - 1)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
seed = parser.parse_args().seed
torch.manual_seed(seed)
rng = np.random.default_rng(seed)
text = corpus(rng, 18000)
train, valid = batchify(text[:15000], STREAMS), batchify(text[15000:], 10)
net = WordLM()
lr, best = 20.0, math.inf
for epoch in range(8):
    net.train()
    state = None
    for words, target in pieces(train):
        if state is not None:
            state = tuple(s.detach() for s in state)
        net.zero_grad()
        scores, state = net(words, state)
        loss = nn.functional.cross_entropy(scores, target)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.25)
        with torch.no_grad():
            for p in net.parameters():
                p.add_(p.grad, alpha=-lr)
    held = evaluate(net, valid)
    if held > best:
        lr /= 4
    best = min(best, held)
    print(f"epoch {epoch} lr {lr:.2f} valid ppl {math.exp(held):.2f} (words {VOCAB})")
