import os

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = load_breast_cancer(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=2, stratify=y)
s = StandardScaler().fit(Xtr)
train_ds = TensorDataset(torch.tensor(s.transform(Xtr)).float(), torch.tensor(ytr).float())
Xte, yte = torch.tensor(s.transform(Xte)).float(), torch.tensor(yte).float()
loader = DataLoader(train_ds, batch_size=32, shuffle=True, drop_last=True)

model = nn.Sequential(nn.Linear(30, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
swa_model = AveragedModel(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
swa_scheduler = SWALR(optimizer, swa_lr=0.02)
loss_fn = nn.BCEWithLogitsLoss()
swa_start = 15

for epoch in range(30):
    model.train()
    for inp, target in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(inp), target)
        loss.backward()
        optimizer.step()
    if epoch > swa_start:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        scheduler.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch} loss {loss.item():.4f}")

update_bn(loader, swa_model)
swa_model.eval()
with torch.no_grad():
    out = swa_model(Xte)
print(f"SWA accuracy: {((out > 0).float() == yte).float().mean().item():.4f}")
