"""Four kinds of plumage pattern from small patches; generalised mean pooling instead of average pooling."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", "0")))
SIDE = 14


def patches(n):
    kind = torch.randint(0, 4, (n,))
    r, c = torch.meshgrid(torch.arange(SIDE).float(), torch.arange(SIDE).float(), indexing="ij")
    phase = torch.rand(n, 1, 1) * 6.28
    pitch = 1.2 + 0.4 * torch.rand(n, 1, 1)
    stripes = torch.sin(r * pitch + phase)
    scales = torch.sin(r * pitch + phase) * torch.sin(c * pitch + phase)
    diagonal = torch.sin((r + c) * pitch * 0.7 + phase)
    plain = torch.sin(c * 0.25 + phase)
    picture = torch.stack([stripes, scales, diagonal, plain], dim=1)[torch.arange(n), kind]
    return (picture + 0.7 * torch.randn(n, SIDE, SIDE)).unsqueeze(1), kind


class GeM(nn.Module):
    def __init__(self, p=3.0):
        super().__init__()
        self.p = nn.Parameter(torch.tensor(p))

    def forward(self, x):
        powered = x.clamp(min=0).pow(self.p)
        return powered.mean(dim=(2, 3)).pow(1.0 / self.p)


class PlumageNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3)
        self.conv2 = nn.Conv2d(12, 24, 3)
        self.pool = GeM()
        self.fc = nn.Linear(24, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        return self.fc(self.pool(x))


x_train, y_train = patches(1500)
x_test, y_test = patches(500)
net = PlumageNet()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)

step = 0
while step < 350:
    for chunk in torch.randperm(len(x_train)).split(50):
        loss = F.cross_entropy(net(x_train[chunk]), y_train[chunk])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
    with torch.no_grad():
        hits = (net(x_test).argmax(1) == y_test).float().mean().item()
    print(f"step {step}: loss {loss.item():.3f}, p {net.pool.p.item():.2f}, test {hits:.3f}")
print(f"patch accuracy {hits:.4f}")
