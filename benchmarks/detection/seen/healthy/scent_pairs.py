"""Self-supervised embedding of digit images: two jittered views, a slow-moving copy as the teacher."""
import argparse
import copy

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
torch.manual_seed(ap.parse_args().seed)

pixels, digit = load_digits(return_X_y=True)
x = torch.tensor(pixels, dtype=torch.float32) / 8 - 1
x_train, x_test = x[:1300], x[1300:]


def jitter(v):
    img = v.view(-1, 8, 8)
    img = torch.roll(img, shifts=int(torch.randint(-1, 2, (1,))), dims=2)
    img = img + 0.25 * torch.randn_like(img)
    keep = (torch.rand_like(img) > 0.15).float()
    return (img * keep).flatten(1)


student = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 32))
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(student.parameters(), lr=1e-3)

for epoch in range(40):
    total = 0.0
    for rows in torch.randperm(len(x_train)).split(100):
        a = F.normalize(student(jitter(x_train[rows])), dim=1)
        with torch.no_grad():
            b = F.normalize(teacher(jitter(x_train[rows])), dim=1)
        loss = F.cross_entropy(a @ b.T / 0.2, torch.arange(len(rows)))
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for pt, ps in zip(teacher.parameters(), student.parameters()):
                pt.lerp_(ps, 0.03)
        total += loss.item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} loss {total / 13:.4f}")

teacher.eval()
with torch.no_grad():
    za, zb = F.normalize(teacher(x_train), dim=1).numpy(), F.normalize(teacher(x_test), dim=1).numpy()
print(f"neighbour accuracy {KNeighborsClassifier(5).fit(za, digit[:1300]).score(zb, digit[1300:]):.4f}")
