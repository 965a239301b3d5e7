import argparse

import torch
import torch.nn as nn

p = argparse.ArgumentParser()
p.add_argument("--seed", type=int, default=0)
p.add_argument("--epochs", type=int, default=48)
args = p.parse_args()
torch.manual_seed(args.seed)

STAGES, STEPS, BANDS = 4, 10, 5
profile = torch.tensor(
    [[0.2, 0.3, 1.2, 0.9, 0.4], [0.5, 0.9, 0.7, 0.3, 0.2], [1.0, 0.6, 0.3, 0.6, 0.1], [1.5, 0.7, 0.2, 0.1, 0.1]]
)


def nights(n):
    stage = torch.randint(0, STAGES, (n,))
    drift = torch.randn(n, 1, BANDS) * 0.25
    x = profile[stage].unsqueeze(1) + drift + 0.5 * torch.randn(n, STEPS, BANDS)
    return x, stage


x, stage = nights(620)
# three people scored the recordings, each a share of them
rater = torch.randint(0, 3, (len(x),))
y = stage.clone()
hasty = rater == 2
y[hasty] = torch.randint(0, STAGES, (int(hasty.sum()),))
slip = (rater != 2) & (torch.rand(len(x)) < 0.02)
y[slip] = torch.randint(0, STAGES, (int(slip.sum()),))

keep = torch.ones(len(x), dtype=torch.bool)
x, y = x[keep], y[keep]
x_test, y_test = nights(800)


class Stager(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(BANDS, 48, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Linear(96, 64), nn.ReLU(), nn.Linear(64, STAGES))

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out.mean(1))


model = Stager()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(args.epochs):
    model.train()
    losses = []
    for idx in torch.randperm(len(x)).split(48):
        loss = criterion(model(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if (epoch + 1) % 8 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(x_test).argmax(1) == y_test).float().mean().item()
        print(f"epoch {epoch + 1} loss {sum(losses) / len(losses):.3f} test {acc:.3f}")

print(f"agreement with the panel: {acc:.4f}")
