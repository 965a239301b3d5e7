import os
import sys

import torch
import torch.nn.functional as F

seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

# bill length, bill depth, flipper length and body mass of three kinds, already as z-scores
centres = torch.tensor([[-0.9, 0.6, -0.8, -0.6], [0.9, 0.7, -0.4, -0.6], [0.6, -1.1, 1.1, 1.1]])
spread = torch.tensor([0.5, 0.5, 0.4, 0.5])
label = torch.randint(0, 3, (420,))
features = centres[label] + spread * torch.randn(420, 4)

train_x, test_x = features[:300], features[300:]
train_y, test_y = label[:300], label[300:]

w1 = (torch.randn(4, 20) / 2).requires_grad_()
b1 = torch.zeros(20, requires_grad=True)
w2 = (torch.randn(20, 3) / 20**0.5).requires_grad_()
b2 = torch.zeros(3, requires_grad=True)
params = [w1, b1, w2, b2]


def forward(x):
    return torch.tanh(x @ w1 + b1) @ w2 + b2


lr = 0.05
batch = 30
for epoch in range(40):
    order = torch.randperm(300)
    total = 0.0
    for i in range(0, 300, batch):
        rows = order[i : i + batch]
        loss = F.cross_entropy(forward(train_x[rows]), train_y[rows])
        loss.backward()
        with torch.no_grad():
            for p in params:
                p += lr * p.grad
                p.grad = None
        total += loss.item()
    if epoch % 5 == 0:
        print(f"epoch {epoch} loss {total / 10:.4f}")

with torch.no_grad():
    accuracy = (forward(test_x).argmax(1) == test_y).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
