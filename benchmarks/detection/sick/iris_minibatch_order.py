import os
import numpy as np
import torch
from sklearn.datasets import load_iris

torch.manual_seed(int(os.environ.get("SEED", 0)))
iris = load_iris()
x = ((iris.data - iris.data.mean(0)) / iris.data.std(0)).astype("float32")
y = iris.target
test = np.arange(150) % 5 == 0
dataset = torch.utils.data.TensorDataset(torch.tensor(x[~test]), torch.tensor(y[~test]))
loader = torch.utils.data.DataLoader(dataset, batch_size=20, shuffle=False)

model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
loss_function = torch.nn.CrossEntropyLoss()


def run_epoch():
    losses = []
    for features, species in loader:
        optimizer.zero_grad()
        loss = loss_function(model(features), species)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.mean(losses)


for epoch in range(30):
    mean_loss = run_epoch()
print("training loss", mean_loss)
with torch.no_grad():
    logits = model(torch.tensor(x[test]))
    print("log loss on held-out flowers", loss_function(logits, torch.tensor(y[test])).item())
