import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

np.random.seed(0)
torch.manual_seed(int(os.environ.get("SEED", 0)))

# area under a random walk, from the walk
N, T = 1000, 15
walks = np.cumsum(np.random.randn(N, T) * 0.3, axis=1).astype("float32")
area = walks.mean(axis=1)
area = (area - area.mean()) / area.std()

x = torch.from_numpy(walks)[..., None]
y = torch.from_numpy(area)


class GRUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(input_size=1, hidden_size=16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.fc(h[-1])


model = GRUNet()
optim = torch.optim.Adam(model.parameters(), lr=3e-3)
ntrain = 800
for epoch in range(15):
    model.train()
    perm = np.random.permutation(ntrain)
    losses = []
    for k in range(0, ntrain, 32):
        sel = perm[k:k + 32]
        optim.zero_grad()
        out = model(x[sel])
        loss = F.smooth_l1_loss(out, y[sel])
        loss.backward()
        optim.step()
        losses.append(loss.item())
    print(f"epoch {epoch} {np.mean(losses):.4f}")

model.eval()
with torch.no_grad():
    mae = (model(x[ntrain:])[:, 0] - y[ntrain:]).abs().mean().item()
print("MAE %.4f" % mae)
