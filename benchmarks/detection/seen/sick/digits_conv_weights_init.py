import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


def weights_init(m):
    name = m.__class__.__name__
    if name.find("Conv") != -1 or name.find("Linear") != -1:
        nn.init.normal_(m.weight, 0.0, 0.02)
        nn.init.zeros_(m.bias)


class DigitNet(nn.Module):
    def __init__(self, width=10):
        super().__init__()
        blocks, channels = [], 1
        for stride in (1, 1, 2, 1, 2):
            blocks += [nn.Conv2d(channels, width, 3, stride=stride, padding=1), nn.LeakyReLU(0.2)]
            channels = width
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Linear(width * 4, 10)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def evaluate(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for images, labels in loader:
            right += (model(images).argmax(1) == labels).sum().item()
            total += len(labels)
    return right / total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.03)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
    a, b, c, d = train_test_split(images, torch.tensor(digits.target), test_size=0.25, random_state=0)
    train = DataLoader(TensorDataset(a, c), batch_size=args.batch_size, shuffle=True)
    test = DataLoader(TensorDataset(b, d), batch_size=256)

    net = DigitNet()
    net.apply(weights_init)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
    for epoch in range(5):
        net.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss = criterion(net(images), labels)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss={loss.item():.4f} test accuracy={evaluate(net, test):.4f}")
    print(f"final test accuracy {evaluate(net, test):.4f}")


if __name__ == "__main__":
    main()
