import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import make_classification
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=12)
args = parser.parse_args()
torch.manual_seed(args.seed)

# several people label each item; what is learnt is the share of votes
X, y = make_classification(1600, 16, n_informative=8, n_classes=4, class_sep=1.2, random_state=4)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
g = torch.Generator().manual_seed(8)
answers = torch.where(torch.rand(1600, 9, generator=g) < 0.75, y[:, None], torch.randint(0, 4, (1600, 9), generator=g))
votes = F.one_hot(answers, 4).float().mean(1)
train_x, train_v, test_x, test_v = X[:1200], votes[:1200], X[1200:], votes[1200:]

student = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 4))
optimizer = torch.optim.Adam(student.parameters(), lr=2e-3)
for epoch in range(args.epochs):
    total = 0.0
    for idx in torch.randperm(1200).split(40):
        out = F.softmax(student(train_x[idx]), dim=1)
        loss = F.kl_div(out, train_v[idx], reduction="batchmean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch} loss {total / 30:.4f}")

with torch.no_grad():
    log_p = F.log_softmax(student(test_x), dim=1)
print(f"held-out cross-entropy {-(test_v * log_p).sum(1).mean().item():.4f}")
