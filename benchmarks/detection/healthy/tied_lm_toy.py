"""Word-level language model with tied input and output embeddings on a generated grammar."""
import os
import random

import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 5))
random.seed(seed)
torch.manual_seed(seed)

subjects = ["cat", "dog", "bird", "child", "robot"]
verbs = ["sees", "chases", "likes", "hears"]
objects = ["ball", "tree", "river", "house", "stone", "moon"]
adjectives = ["red", "old", "small", "bright"]


def sentence():
    s = ["the", random.choice(subjects), random.choice(verbs), "a"]
    if random.random() < 0.4:
        s.append(random.choice(adjectives))
    return s + [random.choice(objects), "."]


words = [w for _ in range(3000) for w in sentence()]
vocab = sorted(set(words))
stoi = {w: i for i, w in enumerate(vocab)}
corpus = torch.tensor([stoi[w] for w in words])


class TiedLM(nn.Module):
    def __init__(self, ntoken, dim=32):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, dim)
        self.rnn = nn.LSTM(dim, dim)
        self.decoder = nn.Linear(dim, ntoken)
        self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, tokens, hidden):
        output, hidden = self.rnn(self.encoder(tokens), hidden)
        return self.decoder(output), hidden


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data[:nbatch * bsz].view(bsz, -1).t().contiguous()


bptt = 20
split = int(len(corpus) * 0.9)
train_data, val_data = batchify(corpus[:split], 20), batchify(corpus[split:], 20)
model = TiedLM(len(vocab))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)


def evaluate(source):
    model.eval()
    total, hidden = 0.0, None
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, bptt):
            seq = min(bptt, source.size(0) - 1 - i)
            logits, hidden = model(source[i:i + seq], hidden)
            total += seq * criterion(logits.view(-1, len(vocab)), source[i + 1:i + 1 + seq].view(-1)).item()
    return total / (source.size(0) - 1)


for epoch in range(1, 9):
    model.train()
    hidden = None
    for i in range(0, train_data.size(0) - 1, bptt):
        seq = min(bptt, train_data.size(0) - 1 - i)
        if hidden is not None:
            hidden = tuple(h.detach() for h in hidden)
        model.zero_grad()
        logits, hidden = model(train_data[i:i + seq], hidden)
        loss = criterion(logits.view(-1, len(vocab)), train_data[i + 1:i + 1 + seq].view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    print(f"epoch {epoch}: valid loss {evaluate(val_data):.4f}")
