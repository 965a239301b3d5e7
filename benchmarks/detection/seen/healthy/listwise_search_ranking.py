"""Rank the documents of one query at a time (ListNet); scores have no scale of their own."""
import os

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

DIM, DOCS = 10, 12
taste = torch.randn(DIM)


def queries(n):
    out = []
    for _ in range(n):
        k = int(torch.randint(5, DOCS, (1,)))
        docs = torch.randn(k, DIM)
        utility = docs @ taste / 3 + 0.8 * torch.tanh(docs[:, 0] * docs[:, 1]) + 0.3 * torch.randn(k)
        grade = torch.bucketize(utility, torch.tensor([-0.8, 0.2, 1.0, 1.8])).float()
        out.append((docs, grade))
    return out


def ndcg(model, data, top=5):
    total = 0.0
    with torch.no_grad():
        for docs, grade in data:
            gain = 2**grade - 1
            discount = 1 / torch.log2(torch.arange(2, len(grade) + 2).float())
            order = model(docs).squeeze(1).argsort(descending=True)
            best = gain.sort(descending=True).values
            m = min(top, len(grade))
            ideal = (best * discount)[:m].sum()
            total += ((gain[order] * discount)[:m].sum() / ideal).item() if ideal > 0 else 1.0
    return total / len(data)


train, test = queries(700), queries(200)
scorer = nn.Sequential(nn.Linear(DIM, 32), nn.ReLU(), nn.Linear(32, 1, bias=False))
optimizer = torch.optim.Adam(scorer.parameters(), lr=2e-3)
print(f"before training ndcg@5 {ndcg(scorer, test):.4f}")

for step, i in enumerate(torch.randperm(len(train)).tolist(), 1):
    docs, grade = train[i]
    log_p = torch.log_softmax(scorer(docs).squeeze(1), 0)
    loss = -(torch.softmax(grade, 0) * log_p).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 175 == 0:
        print(f"query {step}: loss {loss.item():.3f}  ndcg@5 {ndcg(scorer, test):.4f}")
