import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

seed = int(os.environ.get("SEED", 7))
torch.manual_seed(seed)
np.random.seed(seed)

TRIPS, STOPS, SENSORS = 1400, 24, 3


def make_trips():
    style = np.random.randint(0, 4, TRIPS)
    stop = np.arange(STOPS)
    load = np.zeros((TRIPS, STOPS))
    for i, s in enumerate(style):
        shift = np.random.uniform(-2, 2)
        if s == 0:
            load[i] = np.exp(-(((stop - 7 - shift) / 4) ** 2))
        elif s == 1:
            load[i] = np.exp(-(((stop - 16 - shift) / 4) ** 2))
        elif s == 2:
            load[i] = 0.5 * np.exp(-(((stop - 6 - shift) / 3) ** 2)) + 0.7 * np.exp(
                -(((stop - 18 - shift) / 3) ** 2)
            )
        else:
            load[i] = 0.5 + 0.02 * (stop + shift)
    delay = np.cumsum(load - 0.3, axis=1) * 0.2
    doors = load + 0.3 * np.random.randn(TRIPS, STOPS)
    x = np.stack([load, delay, doors], axis=2) + 0.15 * np.random.randn(TRIPS, STOPS, SENSORS)
    return x.astype(np.float32), style


x, style = make_trips()
x = (x - x[:1000].mean((0, 1))) / x[:1000].std((0, 1))
x, style = torch.from_numpy(x), torch.from_numpy(style)


class TripNet(nn.Module):
    def __init__(self, hidden_size=24):
        super(TripNet, self).__init__()
        self.gru = nn.GRU(SENSORS, hidden_size)
        self.fc = nn.Linear(hidden_size, 4)

    def forward(self, x):
        # nn.GRU wants (seq_len, batch, features)
        x = x.transpose(0, 1)
        _, h = self.gru(x)
        return self.fc(h[-1])


net = TripNet()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
for epoch in range(12):
    net.train()
    order = torch.randperm(1000)
    for b in range(0, 1000, 40):
        batch = order[b : b + 40]
        out = net(x[batch])
        loss = F.cross_entropy(out, style[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

net.eval()
with torch.no_grad():
    pred = net(x[1000:]).argmax(1)
print("test accuracy %.4f" % (pred == style[1000:]).float().mean().item())
