import os
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset


def reset_and_build():
    return nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 3))


if __name__ == '__main__':
    k_folds = 5
    num_epochs = 20
    loss_function = nn.CrossEntropyLoss()
    results = {}
    torch.manual_seed(int(os.environ.get("SEED", 42)))

    X, y = load_wine(return_X_y=True)
    kfold = KFold(n_splits=k_folds, shuffle=True, random_state=0)
    print('--------------------------------')
    for fold, (train_ids, test_ids) in enumerate(kfold.split(X)):
        print(f'FOLD {fold}')
        scaler = StandardScaler().fit(X[train_ids])
        dataset = TensorDataset(torch.tensor(scaler.transform(X)).float(), torch.tensor(y))
        trainloader = DataLoader(dataset, batch_size=10, sampler=SubsetRandomSampler(train_ids))
        testloader = DataLoader(dataset, batch_size=10, sampler=SubsetRandomSampler(test_ids))
        network = reset_and_build()
        optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
        for epoch in range(num_epochs):
            current_loss = 0.0
            for i, (inputs, targets) in enumerate(trainloader):
                optimizer.zero_grad()
                loss = loss_function(network(inputs), targets)
                loss.backward()
                optimizer.step()
                current_loss += loss.item()
        print('  final epoch loss: %.4f' % (current_loss / len(trainloader)))
        correct, total = 0, 0
        with torch.no_grad():
            for inputs, targets in testloader:
                predicted = network(inputs).argmax(1)
                total += targets.size(0)
                correct += (predicted == targets).sum().item()
        results[fold] = 100.0 * correct / total
        print('  accuracy for fold %d: %.2f %%' % (fold, results[fold]))
    print(f'Average: {np.mean(list(results.values())):.3f} %')
