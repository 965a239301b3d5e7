import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import weight_norm

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
gen = torch.Generator().manual_seed(seed + 100)

SPEAKERS, FRAMES, BANDS = 8, 20, 10
formants = torch.rand(SPEAKERS, 2, generator=gen) * (BANDS - 3) + 1


def clips(count):
    who = torch.randint(0, SPEAKERS, (count,), generator=gen)
    band = torch.arange(BANDS).float()
    wobble = 0.6 * torch.sin(torch.arange(FRAMES) * 0.7 + 6 * torch.rand(count, 1, generator=gen))
    spec = torch.zeros(count, BANDS, FRAMES)
    for f in range(2):
        centre = formants[who, f].view(-1, 1, 1) + wobble.unsqueeze(1) * (1 - 2 * f)
        spec += torch.exp(-((band.view(1, -1, 1) - centre) ** 2))
    gain = torch.rand(count, 1, 1, generator=gen) + 0.5
    return gain * spec + 0.2 * torch.randn(count, BANDS, FRAMES, generator=gen), who


class SpeakerNet(nn.Module):
    def __init__(self, channels=24):
        super().__init__()
        self.conv1 = nn.Conv1d(BANDS, channels, 3, padding=1)
        self.conv2 = nn.Conv1d(channels, channels, 3, dilation=2, padding=2)
        self.fc = nn.Linear(2 * channels, SPEAKERS)

    def forward(self, x):
        x = F.leaky_relu(self.conv1(x), 0.1)
        x = F.leaky_relu(self.conv2(x), 0.1)
        stats = torch.cat([x.mean(-1), x.amax(-1)], dim=1)
        return self.fc(stats)


def normalise_weights(module):
    for child in module.children():
        if isinstance(child, (nn.Conv1d, nn.Linear)):
            weight_norm(child)
    return module


x, who = clips(1500)
x_eval, who_eval = clips(400)

net = normalise_weights(SpeakerNet())
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)

for epoch in range(10):
    net.train()
    seen = correct = 0
    for idx in torch.randperm(len(x)).split(50):
        logits = net(x[idx])
        loss = F.cross_entropy(logits, who[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += len(idx)
        correct += (logits.argmax(1) == who[idx]).sum().item()
    if epoch % 3 == 0:
        print(f"epoch {epoch}: loss {loss.item():.3f} accuracy {correct / seen:.3f}")

net.eval()
with torch.no_grad():
    accuracy = (net(x_eval).argmax(1) == who_eval).float().mean().item()
print(f"speaker accuracy {accuracy:.4f}")
