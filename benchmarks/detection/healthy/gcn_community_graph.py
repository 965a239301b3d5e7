"""Two-layer GCN, full batch, few labelled nodes."""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

np.random.seed(int(os.environ.get("SEED", 42)))
torch.manual_seed(int(os.environ.get("SEED", 42)))
n, k = 400, 4
labels = np.sort(np.random.randint(0, k, n))
same = labels[:, None] == labels[None, :]
prob = np.where(same, 0.06, 0.006)
upper = np.triu(np.random.rand(n, n) < prob, 1)
adj = (upper | upper.T).astype(np.float32) + np.eye(n, dtype=np.float32)
d = adj.sum(1) ** -0.5
adj = torch.from_numpy(d[:, None] * adj * d[None, :])
features = torch.eye(k)[labels] * 0.5 + torch.randn(n, k)
features = torch.cat([features, torch.randn(n, 12)], 1)
labels = torch.from_numpy(labels)
idx = np.random.permutation(n)
idx_train, idx_val, idx_test = idx[:80], idx[80:160], idx[160:]


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super().__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.gc2 = GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        return F.log_softmax(self.gc2(x, adj), dim=1)


def accuracy(output, rows):
    return (output[rows].argmax(1) == labels[rows]).float().mean().item()


model = GCN(16, 16, k, 0.5)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-2)
for epoch in range(100):
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss_train = F.nll_loss(output[idx_train], labels[idx_train])
    loss_train.backward()
    optimizer.step()
    model.eval()
    output = model(features, adj)
    loss_val = F.nll_loss(output[idx_val], labels[idx_val])
    if epoch % 20 == 0:
        print("Epoch: {:04d} loss_train: {:.4f} loss_val: {:.4f} acc_val: {:.4f}".format(
            epoch, loss_train.item(), loss_val.item(), accuracy(output, idx_val)))
model.eval()
with torch.no_grad():
    print("Test accuracy: {:.4f}".format(accuracy(model(features, adj), idx_test)))
