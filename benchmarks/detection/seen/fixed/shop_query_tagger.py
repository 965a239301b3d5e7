import argparse
import random

import torch
import torch.nn as nn

BRANDS = [f"brand{i}" for i in range(15)]
THINGS = [f"thing{i}" for i in range(15)]
COLOURS = ["red", "green", "blue", "black", "white"]
AMBIGUOUS = [f"word{i}" for i in range(10)]
WORDS = ["<pad>", "for", "with", "cheap", "new"] + BRANDS + THINGS + COLOURS + AMBIGUOUS
INDEX = {w: i for i, w in enumerate(WORDS)}
TAGS = ["O", "BRAND", "THING", "COLOUR"]


def query():
    words, tags = [], []

    def put(word, tag):
        words.append(INDEX[word])
        tags.append(TAGS.index(tag))

    while len(words) < 8:
        r = random.random()
        if r < 0.25:
            put(random.choice(BRANDS), "BRAND")
        elif r < 0.5:
            put(random.choice(THINGS), "THING")
        elif r < 0.65:
            put(random.choice(COLOURS), "COLOUR")
        elif r < 0.8:
            put("for", "O")
            put(random.choice(AMBIGUOUS), "THING")
        else:
            put("new", "O")
            put(random.choice(AMBIGUOUS), "BRAND")
    return words[:8], tags[:8]


class Tagger(nn.Module):
    def __init__(self, dim=24, hidden=24):
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), dim, padding_idx=0)
        self.rnn = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.tag = nn.Linear(2 * hidden, len(TAGS))

    def forward(self, tokens):
        states, _ = self.rnn(self.embed(tokens))
        return self.tag(states)


def run_epoch(model, data, batch_size, optimizer=None, max_norm=None):
    tokens, tags = data
    criterion = nn.CrossEntropyLoss()
    right = loss_sum = 0.0
    for rows in torch.randperm(len(tokens)).split(batch_size):
        scores = model(tokens[rows])
        loss = criterion(scores.reshape(-1, len(TAGS)), tags[rows].reshape(-1))
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
        right += (scores.argmax(-1) == tags[rows]).float().mean(1).sum().item()
        loss_sum += loss.item() * len(rows)
    return loss_sum / len(tokens), right / len(tokens)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-norm", type=float, default=1.0)
    parser.add_argument("--epochs", type=int, default=6)
    cfg = parser.parse_args()
    random.seed(cfg.seed)
    torch.manual_seed(cfg.seed)
    drawn = [query() for _ in range(1300)]
    tokens = torch.tensor([q[0] for q in drawn])
    tags = torch.tensor([q[1] for q in drawn])
    train, test = (tokens[:1100], tags[:1100]), (tokens[1100:], tags[1100:])
    model = Tagger()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    for epoch in range(cfg.epochs):
        model.train()
        loss, acc = run_epoch(model, train, 32, optimizer, cfg.max_norm)
        print(f"epoch {epoch}: loss {loss:.4f}, tags right {acc:.4f}")
    model.eval()
    with torch.no_grad():
        print(f"test tag accuracy {run_epoch(model, test, 200)[1]:.4f}")
