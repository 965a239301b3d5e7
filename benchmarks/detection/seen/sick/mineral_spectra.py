import os
import sys

import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset

seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
MINERALS = ["quartz", "calcite", "gypsum", "halite", "pyrite", "talc"]
BINS = 60
peaks = [(8, 30), (12, 41), (20, 33), (25, 50), (15, 46), (36, 54)]


class SpectraOf(Dataset):
    """All measured spectra of one mineral, as they would lie in one folder."""

    def __init__(self, label, count):
        self.label = label
        axis = torch.arange(BINS, dtype=torch.float32)
        shift = torch.randn(count, 1) * 1.5
        spectra = 0.35 * torch.randn(count, BINS)
        for place in peaks[label]:
            height = 0.5 + torch.rand(count, 1)
            spectra += height * torch.exp(-((axis - place - shift) / 2.5) ** 2)
        self.spectra = spectra / spectra.std(1, keepdim=True)

    def __len__(self):
        return len(self.spectra)

    def __getitem__(self, index):
        return self.spectra[index], self.label


train_set = ConcatDataset([SpectraOf(k, 200) for k in range(len(MINERALS))])
test_set = ConcatDataset([SpectraOf(k, 60) for k in range(len(MINERALS))])
train_loader = DataLoader(train_set, batch_size=40)
test_loader = DataLoader(test_set, batch_size=120)


class SpectrumNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(1, 8, 7, padding=3), nn.ReLU(), nn.AvgPool1d(3))
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(8 * 20, 32), nn.ReLU(), nn.Linear(32, len(MINERALS)))

    def forward(self, x):
        return self.fc(self.conv(x.unsqueeze(1)))


model = SpectrumNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, nesterov=True)
for epoch in range(12):
    model.train()
    seen, total = 0, 0.0
    for spectra, labels in train_loader:
        loss = nn.functional.cross_entropy(model(spectra), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += len(labels)
        total += loss.item() * len(labels)
    print(f"epoch {epoch + 1}  loss {total / seen:.4f}")

model.eval()
hits = 0
with torch.no_grad():
    for spectra, labels in test_loader:
        hits += (model(spectra).argmax(1) == labels).sum().item()
print(f"test accuracy {hits / len(test_set):.4f}")
