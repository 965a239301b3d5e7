import os
import torch
from sklearn.datasets import load_iris

torch.manual_seed(int(os.environ.get("SEED", 0)))
iris = load_iris()
x = torch.tensor(iris.data, dtype=torch.float32)
x = (x - x.mean(dim=0)) / x.std(dim=0)
y = torch.tensor(iris.target)
perm = torch.randperm(150)
x_train, y_train, x_test, y_test = x[perm[:110]], y[perm[:110]], x[perm[110:]], y[perm[110:]]

model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3))
learning_rate = 0.1
for t in range(400):
    y_pred = model(x_train)
    loss = torch.nn.functional.cross_entropy(y_pred, y_train)
    if t % 50 == 49:
        print(t, loss.item())
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for param in model.parameters():
            param -= learning_rate * param.grad

print("test accuracy", (model(x_test).argmax(1) == y_test).float().mean().item())
