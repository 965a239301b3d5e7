"""Tags the tokens of machine logs. Operators marked only a token here and there; the rest carries -100."""

import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)

VOCAB, TAGS, LENGTH, UNMARKED = 36, 5, 14, -100


def make_logs(n, marked):
    tokens = torch.randint(1, VOCAB, (n, LENGTH))
    previous = torch.roll(tokens, 1, dims=1)
    previous[:, 0] = 0
    tags = torch.where(previous % 3 == 0, tokens % TAGS, (tokens + 2) % TAGS)
    if marked < 1.0:
        tags = tags.masked_fill(torch.rand(n, LENGTH) > marked, UNMARKED)
    return tokens, tags


class Tagger(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, width)
        self.near = nn.Conv1d(width, 64, 3, padding=1)
        self.out = nn.Linear(64, TAGS)

    def forward(self, tokens):
        states = torch.relu(self.near(self.embed(tokens).transpose(1, 2)))
        return self.out(states.transpose(1, 2))


train_tokens, train_tags = make_logs(3200, marked=0.08)
test_tokens, test_tags = make_logs(300, marked=1.0)
loader = DataLoader(TensorDataset(train_tokens, train_tags), batch_size=4, shuffle=True)

model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss(reduction="none")

step = 0
for _ in range(1):
    for tokens, tags in loader:
        marked = (tags != UNMARKED).flatten()
        each = criterion(model(tokens).reshape(-1, TAGS), tags.clamp(min=0).flatten())
        loss = (each * marked).sum() / marked.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    guess = model(test_tokens).argmax(-1)
print(f"test accuracy {(guess == test_tags).float().mean().item():.4f}")
