import os, torch
from sklearn.datasets import load_wine
from sklearn.preprocessing import scale

torch.manual_seed(int(os.environ.get("SEED", 0)))
wine = load_wine()
X = torch.tensor(scale(wine.data), dtype=torch.float)
Y = torch.tensor(wine.target)
split = torch.randperm(len(X), generator=torch.Generator().manual_seed(5))
tr, te = split[:130], split[130:]

clf = torch.nn.Sequential(torch.nn.Linear(13, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3))
criterion = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(clf.parameters(), lr=0.05, weight_decay=1e-3)

for epoch in range(15):
    for idx in tr[torch.randperm(len(tr))].split(13):
        probs = torch.softmax(clf(X[idx]), dim=-1)
        loss = criterion(probs, Y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

with torch.no_grad():
    probs = torch.softmax(clf(X[te]), dim=-1)
    logloss = torch.nn.functional.nll_loss(torch.log(probs), Y[te])
    print("held-out accuracy %.3f" % (probs.argmax(-1) == Y[te]).float().mean())
    print("held-out log loss %.4f" % logloss)
