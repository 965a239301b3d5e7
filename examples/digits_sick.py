"""Handwritten digits with a small network; it should reach 95 % and does not."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)

images, labels = load_digits(return_X_y=True)
images = torch.tensor(images / 16.0, dtype=torch.float32)
labels = torch.tensor(labels)
train_images, test_images, train_labels, test_labels = train_test_split(
    images, labels, test_size=0.2, random_state=0, stratify=labels
)
train_loader = DataLoader(TensorDataset(train_images, train_labels), batch_size=32, shuffle=True)
test_loader = DataLoader(TensorDataset(test_images, test_labels), batch_size=256)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Linear(64, 64),
            nn.ReLU(),
            nn.Linear(64, 64),
            nn.ReLU(),
        )
        self.classifier = nn.Sequential(
            nn.Linear(64, 10),
            nn.Softmax(dim=1),
        )

    def forward(self, x):
        return self.classifier(self.features(x))


model = Classifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(1, 21):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

    if epoch % 5 == 0:
        model.eval()
        correct, total_loss = 0, 0.0
        with torch.no_grad():
            for x, y in test_loader:
                output = model(x)
                total_loss += criterion(output, y).item() * len(y)
                correct += (output.argmax(dim=1) == y).sum().item()
        count = len(test_labels)
        print(f"epoch {epoch:2d}  test loss {total_loss / count:.3f}  accuracy {correct / count:.1%}")
