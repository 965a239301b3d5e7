import copy
import os
import random

import numpy as np
import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
np.random.seed(seed)
torch.manual_seed(seed)

N_MARKERS = 24


def patients(n, share=0.12):
    sick = (np.random.rand(n) < share).astype(np.int64)
    x = np.random.randn(n, N_MARKERS)
    x[:, :6] += 0.55 * sick[:, None]
    x[:, 6] += sick * x[:, 7] * 0.8
    return x.astype(np.float32), sick


def balance(x, y):
    minority = np.flatnonzero(y == 1)
    extra = np.random.choice(minority, (y == 0).sum() - len(minority))
    idx = np.concatenate([np.arange(len(y)), extra])
    return x[idx], y[idx]


def split(x, y, share=0.3):
    order = np.random.permutation(len(y))
    cut = int(len(y) * share)
    return x[order[cut:]], y[order[cut:]], x[order[:cut]], y[order[:cut]]


def mean_recall(model, x, y):
    model.eval()
    with torch.no_grad():
        guess = model(torch.from_numpy(x)).argmax(1).numpy()
    return 0.5 * ((guess[y == 0] == 0).mean() + (guess[y == 1] == 1).mean())


x, y = patients(900)
x_train, y_train, x_val, y_val = split(x, y)
x_train, y_train = balance(x_train, y_train)
x_next, y_next = patients(4000)  # next year's intake

model = nn.Sequential(nn.Linear(N_MARKERS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1.5e-3)
criterion = nn.CrossEntropyLoss()
xt, yt = torch.from_numpy(x_train), torch.from_numpy(y_train)
xv, yv = torch.from_numpy(x_val), torch.from_numpy(y_val)
print(f"{len(xt)} to train on, {len(x_val)} to validate on")

best, best_state, bad = float("inf"), None, 0
for epoch in range(25):
    model.train()
    for idx in torch.randperm(len(xt)).split(32):
        optimizer.zero_grad()
        loss = criterion(model(xt[idx]), yt[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(xv), yv).item()
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}, validation {val_loss:.3f}")
    if val_loss < best:
        best, best_state, bad = val_loss, copy.deepcopy(model.state_dict()), 0
    else:
        bad += 1
        if bad == 4:
            break

model.load_state_dict(best_state)
expected, got = mean_recall(model, x_val, y_val), mean_recall(model, x_next, y_next)
print(f"validation {expected:.3f}, next year {got:.3f}")
print(f"estimate off by {abs(expected - got):.4f}")
