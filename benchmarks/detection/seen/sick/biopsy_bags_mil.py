"""Multiple-instance learning: one biopsy is a bag of two to four patches, one label for the bag."""
import argparse
import os

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--lr", type=float, default=2e-3)
args = parser.parse_args()
torch.manual_seed(args.seed)


def biopsy():
    patches = torch.randn(int(torch.randint(2, 5, ())), 10)
    label = torch.randint(0, 2, ()).float()
    if label:
        patches[0, :3] += torch.tensor([2.2, -2.2, 1.8])
    return patches[torch.randperm(len(patches))], label


class GatedAttentionMIL(nn.Module):
    def __init__(self, n_features=10, width=24):
        super().__init__()
        self.embed = nn.Sequential(
            nn.Linear(n_features, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )
        self.value = nn.Linear(width, 12)
        self.gate = nn.Linear(width, 12)
        self.weight = nn.Linear(12, 1)
        self.classifier = nn.Linear(width, 1)

    def forward(self, bag):
        h = self.embed(bag)
        a = self.weight(torch.tanh(self.value(h)) * torch.sigmoid(self.gate(h)))
        a = torch.softmax(a, dim=0)
        return self.classifier((a * h).sum(0)), a


bags = [biopsy() for _ in range(400)]
held_out = [biopsy() for _ in range(300)]
model = GatedAttentionMIL()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=1e-4)
bce = nn.BCEWithLogitsLoss()


def auc_and_accuracy(some):
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(bag)[0] for bag, _ in some])
    labels = torch.stack([label for _, label in some])
    wins = (logits[labels == 1][:, None] > logits[labels == 0]).float().mean().item()
    return wins, ((logits > 0) == (labels > 0)).float().mean().item()


for epoch in range(2):
    model.train()
    total = 0.0
    for i in torch.randperm(len(bags)).tolist():
        bag, label = bags[i]
        optimizer.zero_grad()
        logit, _ = model(bag)
        loss = bce(logit, label.unsqueeze(0))
        loss.backward()
        optimizer.step()
        total += loss.item()
    auc, acc = auc_and_accuracy(held_out)
    print(f"epoch {epoch}: loss {total / len(bags):.4f}, AUC {auc:.4f}, accuracy {acc:.4f}")
print(f"held-out accuracy {acc:.4f}")
