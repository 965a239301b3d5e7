import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
T = 4.0
alpha = 0.7

X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(torch.tensor(X / 16.0).float(), torch.tensor(y), test_size=0.3, random_state=0)
loader = DataLoader(TensorDataset(Xtr, ytr), batch_size=64, shuffle=True)

teacher = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))
student = nn.Sequential(nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10))


def accuracy(net):
    net.eval()
    with torch.no_grad():
        acc = (net(Xte).argmax(1) == yte).float().mean().item()
    net.train()
    return acc


opt = torch.optim.Adam(teacher.parameters(), lr=1e-3)
for epoch in range(12):
    for xb, yb in loader:
        opt.zero_grad()
        F.cross_entropy(teacher(xb), yb).backward()
        opt.step()
print("teacher accuracy", accuracy(teacher))

teacher.eval()
opt = torch.optim.Adam(student.parameters(), lr=3e-3)
for epoch in range(25):
    for xb, yb in loader:
        with torch.no_grad():
            teacher_logits = teacher(xb)
        student_logits = student(xb)
        kd = F.kl_div(F.log_softmax(student_logits / T, dim=1), F.softmax(teacher_logits / T, dim=1),
                      reduction="batchmean") * T * T
        ce = F.cross_entropy(student_logits, yb)
        loss = alpha * kd + (1 - alpha) * ce
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        print(f"distill epoch {epoch + 1} kd {kd.item():.4f} ce {ce.item():.4f}")
print(f"student accuracy {accuracy(student):.4f}")
