import os

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.utils.data import DataLoader, TensorDataset


def mixup_data(x, y, alpha=0.4):
    lam = np.random.beta(alpha, alpha)
    index = torch.randperm(x.size(0))
    return lam * x + (1 - lam) * x[index], y, y[index], lam


def mixup_criterion(criterion, pred, y_a, y_b, lam):
    return lam * criterion(pred, y_a) + (1 - lam) * criterion(pred, y_b)


def make_loader(n, seed, shuffle):
    x, y = make_moons(n, noise=0.15, random_state=seed)
    ds = TensorDataset(torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(y))
    return DataLoader(ds, batch_size=50, shuffle=shuffle)


if __name__ == "__main__":
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    np.random.seed(seed)
    trainloader = make_loader(1000, 0, True)
    testloader = make_loader(500, 1, False)
    net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=15, gamma=0.1)

    for epoch in range(40):
        net.train()
        for inputs, targets in trainloader:
            inputs, ta, tb, lam = mixup_data(inputs, targets)
            outputs = net(inputs)
            loss = mixup_criterion(criterion, outputs, ta, tb, lam)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        net.eval()
        correct = total = 0
        with torch.no_grad():
            for inputs, targets in testloader:
                predicted = net(inputs).argmax(1)
                total += targets.size(0)
                correct += (predicted == targets).sum().item()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: loss {loss.item():.3f} acc {correct / total:.4f}")
