import math
import os

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

config = dict(lr=3e-3, epochs=12, batch_size=32, warmup_steps=100, weight_decay=0.05)
torch.manual_seed(int(os.environ.get("SEED", 0)))

X, y = load_digits(return_X_y=True)
X = (X - X.mean()) / X.std()
Xtr, Xva, ytr, yva = train_test_split(X, y, test_size=0.2, random_state=0)
train_dl = DataLoader(TensorDataset(torch.tensor(Xtr).float(), torch.tensor(ytr)), config["batch_size"], shuffle=True)
Xva, yva = torch.tensor(Xva).float(), torch.tensor(yva)

net = nn.Sequential(
    nn.Linear(64, 128), nn.GELU(), nn.LayerNorm(128),
    nn.Linear(128, 128), nn.GELU(), nn.LayerNorm(128),
    nn.Linear(128, 10),
)
opt = torch.optim.AdamW(net.parameters(), lr=config["lr"], weight_decay=config["weight_decay"])
total_steps = config["epochs"] * len(train_dl)


def schedule(step):
    if step < config["warmup_steps"]:
        return step / config["warmup_steps"]
    progress = (step - config["warmup_steps"]) / (total_steps - config["warmup_steps"])
    return 0.5 * (1 + math.cos(math.pi * progress))


sched = LambdaLR(opt, schedule)
for epoch in range(config["epochs"]):
    net.train()
    for xb, yb in train_dl:
        loss = nn.functional.cross_entropy(net(xb), yb)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.inference_mode():
        logits = net(Xva)
        vl = nn.functional.cross_entropy(logits, yva).item()
        va = (logits.argmax(-1) == yva).float().mean().item()
    print(f"{epoch=} val_loss={vl:.4f} val_acc={va:.4f} lr={sched.get_last_lr()[0]:.2e}")
