import os
import torch
from torch import nn, optim
import torch.nn.functional as F
from sklearn import datasets

torch.manual_seed(int(os.environ.get('SEED', 0)))

digits = datasets.load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16.0
labels = torch.tensor(digits.target)
shuffled = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
images, labels = images[shuffled], labels[shuffled]
x_train, y_train, x_test, y_test = images[:1300], labels[:1300], images[1300:], labels[1300:]


class SmallCNN(nn.Module):
    def __init__(self):
        super(SmallCNN, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        )
        self.classifier = nn.Linear(8, 10)

    def forward(self, x):
        x = self.features(x)
        return self.classifier(torch.flatten(x, 1))


net = SmallCNN()
optimizer = optim.Adam(net.classifier.parameters(), lr=5e-3)

for epoch in range(12):
    perm = torch.randperm(1300)
    for i in range(0, 1300, 32):
        b = perm[i:i + 32]
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x_train[b]), y_train[b])
        loss.backward()
        optimizer.step()
    print('[%d] %.3f' % (epoch, loss.item()))

with torch.no_grad():
    acc = (net(x_test).argmax(dim=1) == y_test).float().mean()
print('accuracy on test: %.3f' % acc)
