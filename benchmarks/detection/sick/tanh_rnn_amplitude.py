import argparse
import numpy as np
import torch
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--hidden", type=int, default=24)
cfg = ap.parse_args()
torch.manual_seed(cfg.seed)

# predict the next value of a signal whose amplitude is about three volts
t = np.linspace(0, 60, 1500)
volts = 3.0 * np.sin(2.1 * t) + 0.8 * np.cos(5.3 * t)
volts = torch.tensor(volts, dtype=torch.float32)
LEN = 16
xs = volts.unfold(0, LEN + 1, 1)
inputs, targets = xs[:, :LEN].unsqueeze(-1), xs[:, LEN:]
n_train = 1100


class RNN(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.RNN(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.rnn(x)
        return torch.tanh(self.out(h[:, -1, :]))


model = RNN(cfg.hidden)
mse = nn.MSELoss()
adam = torch.optim.Adam(model.parameters(), lr=5e-3)
for it in range(500):
    idx = torch.randint(0, n_train, (40,))
    loss = mse(model(inputs[idx]), targets[idx])
    adam.zero_grad()
    loss.backward()
    adam.step()
    if it % 100 == 0:
        print("iter", it, "loss", float(loss))

with torch.no_grad():
    print("final test mse %.5f" % mse(model(inputs[n_train:]), targets[n_train:]).item())
