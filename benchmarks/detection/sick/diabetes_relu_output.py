import os
import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

torch.manual_seed(int(os.environ.get("SEED", 0)))
data = load_diabetes(scaled=False)
X = torch.tensor(scale(data.data), dtype=torch.float32)
Y = torch.tensor(scale(data.target), dtype=torch.float32).view(-1, 1)
shuffle = torch.randperm(len(X), generator=torch.Generator().manual_seed(1))
X, Y = X[shuffle], Y[shuffle]
X_train, Y_train, X_test, Y_test = X[:340], Y[:340], X[340:], Y[340:]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = torch.nn.Linear(10, 20)
        self.l2 = torch.nn.Linear(20, 1)

    def forward(self, x):
        x = F.relu(self.l1(x))
        x = F.relu(self.l2(x))
        return x


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
for epoch in range(40):
    p = torch.randperm(len(X_train))
    for i in range(0, len(p), 20):
        xb, yb = X_train[p[i:i + 20]], Y_train[p[i:i + 20]]
        loss = F.mse_loss(net(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

pred = net(X_test).detach()
print("test loss", F.mse_loss(pred, Y_test).item(), "smallest prediction", pred.min().item())
