import os

import torch
import torch.nn.functional as F
from sklearn.datasets import make_multilabel_classification
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, Y = make_multilabel_classification(1500, 24, n_classes=6, n_labels=2, random_state=2)
X = torch.tensor((X - X.mean(0)) / X.std(0)).float()
Y = torch.tensor(Y).float()

net = nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, 6))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

for epoch in range(25):
    for rows in torch.randperm(1100).split(50):
        scores = F.sigmoid(net(X[rows]))
        loss = F.binary_cross_entropy_with_logits(scores, Y[rows])
        opt.zero_grad()
        loss.backward()
        opt.step()

with torch.no_grad():
    probs = F.sigmoid(net(X[1100:]))
    print("log loss %.4f" % F.binary_cross_entropy(probs, Y[1100:]))
