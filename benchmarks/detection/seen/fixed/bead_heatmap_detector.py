import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=220)
args = parser.parse_args()
torch.manual_seed(args.seed)

SIDE = 16


def scenes(count):
    """Bright beads on a mottled slide, with streaks that are no beads; target is the map of bead centres."""
    image = 0.25 * torch.randn(count, 1, SIDE, SIDE)
    target = torch.zeros(count, 1, SIDE, SIDE)
    grid = torch.arange(SIDE).float()
    for _ in range(3):
        r, c = torch.randint(1, SIDE - 1, (2, count))
        blob = torch.exp(
            -((grid.view(1, -1, 1) - r.view(-1, 1, 1)) ** 2 + (grid - c.view(-1, 1, 1)) ** 2) / 1.2
        )
        image[:, 0] += blob
        target[torch.arange(count), 0, r, c] = 1.0
    row = torch.randint(0, SIDE, (count,))
    image[torch.arange(count), 0, row] += 0.7
    return image, target


class BeadNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Conv2d(width, 1, 3, padding=1)
        self.init_weights()

    def init_weights(self, prior=0.01):
        # beads are rare: start from a low probability everywhere
        start = -float(torch.log(torch.tensor((1 - prior) / prior)))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.constant_(m.bias, start if m is self.head else 0.0)

    def forward(self, x):
        return self.head(self.body(x))


def focal_loss(logits, target, alpha=0.8, gamma=2.0):
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p_t = torch.exp(-bce)
    weight = torch.where(target > 0, alpha, 1 - alpha)
    return (weight * (1 - p_t) ** gamma * bce).sum() / target.sum()


def peak_recall(net, image, target):
    heat = net(image).flatten(1)
    top = heat.topk(3, dim=1).indices
    return target.flatten(1).gather(1, top).sum() / target.sum()


net = BeadNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
image, target = scenes(800)
for step in range(args.steps):
    idx = torch.randint(0, 800, (24,))
    loss = focal_loss(net(image[idx]), target[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} focal {loss.item():.4f}")

net.eval()
image, target = scenes(200)
with torch.no_grad():
    print(f"beads found {peak_recall(net, image, target):.4f}")
