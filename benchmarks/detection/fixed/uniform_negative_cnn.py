import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=7)
args = parser.parse_args()
torch.manual_seed(args.seed)


class ConvNet(nn.Module):
    def __init__(self):
        super(ConvNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.fc = nn.Linear(16 * 4 * 4, 10)
        self.reset(self.conv1.weight)
        self.reset(self.conv2.weight)

    def reset(self, weight):
        bound = 1.0 / weight[0].numel() ** 0.5
        nn.init.uniform_(weight, -bound, bound)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(x.reshape(len(x), -1))


digits = load_digits()
# dark ink on white paper
images = 1 - torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
target = torch.tensor(digits.target)
idx = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
train, test = idx[:1400], idx[1400:]

model = ConvNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(8):
    model.train()
    for b in train[torch.randperm(1400)].split(28):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images[b]), target[b])
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

model.eval()
with torch.no_grad():
    print("test accuracy", (model(images[test]).argmax(1) == target[test]).float().mean().item())
