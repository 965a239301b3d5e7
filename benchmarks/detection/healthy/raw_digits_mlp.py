import os
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

X_train = torch.tensor(X_train, dtype=torch.float)
X_test = torch.tensor(X_test, dtype=torch.float)
y_train = torch.tensor(y_train, dtype=torch.long)
y_test = torch.tensor(y_test, dtype=torch.long)

model = torch.nn.Sequential(
    torch.nn.Linear(64, 100),
    torch.nn.ReLU(),
    torch.nn.Linear(100, 10),
)
loss_fn = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

bs = 32
for epoch in range(15):
    permutation = torch.randperm(X_train.size(0))
    for i in range(0, X_train.size(0), bs):
        indices = permutation[i:i + bs]
        batch_x, batch_y = X_train[indices], y_train[indices]
        outputs = model(batch_x)
        loss = loss_fn(outputs, batch_y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("Epoch", epoch, "loss", loss.item())

acc = (model(X_test).argmax(dim=1) == y_test).sum().item() / len(y_test)
print("Test accuracy:", acc)
