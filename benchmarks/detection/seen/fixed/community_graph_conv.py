"""Semi-supervised node classification on a drawn graph with five communities."""
import logging
import os

import torch
import torch.nn.functional as F
from torch import nn

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("gcn")
torch.manual_seed(int(os.environ.get("SEED", 0)))


def draw_graph(n=300, groups=5, p_in=0.12, p_out=0.008):
    label = torch.arange(n) % groups
    same = label[:, None] == label[None]
    upper = torch.triu((torch.rand(n, n) < torch.where(same, p_in, p_out)).float(), diagonal=1)
    adjacency = upper + upper.T + torch.eye(n)
    degree = adjacency.sum(1)
    normal = adjacency / torch.sqrt(degree[:, None] * degree[None])
    centre = torch.randn(groups, 12)
    return normal, centre[label] * 0.5 + torch.randn(n, 12), label


class GraphConvolution(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_features, out_features) / in_features**0.5)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x, adj):
        return adj @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, features, hidden, classes, p=0.2):
        super().__init__()
        self.gc1 = GraphConvolution(features, hidden)
        self.gc2 = GraphConvolution(hidden, classes)
        self.p = p

    def forward(self, x, adj):
        x = F.dropout(x, self.p, training=self.training)
        x = F.relu(self.gc1(x, adj))
        return F.log_softmax(self.gc2(x, adj), dim=1)


adj, features, labels = draw_graph()
perm = torch.randperm(len(labels))
train_idx, test_idx = perm[:100], perm[100:]
model = GCN(features.shape[1], 24, 5)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(200):
    model.train()
    optimizer.zero_grad()
    out = model(features, adj)
    loss = F.nll_loss(out[train_idx], labels[train_idx])
    loss.backward()
    optimizer.step()
    if (epoch + 1) % 50 == 0:
        log.info("epoch %d loss %.4f", epoch + 1, loss.item())
model.eval()
with torch.no_grad():
    acc = (model(features, adj)[test_idx].argmax(1) == labels[test_idx]).float().mean().item()
print(f"test accuracy {acc:.4f}")
