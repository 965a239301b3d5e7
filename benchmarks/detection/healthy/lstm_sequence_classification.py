"""Classify which of four waveforms a noisy sequence contains."""
import math
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Waveforms(Dataset):
    def __init__(self, n, length=40):
        t = torch.linspace(0, 1, length)
        self.y = torch.randint(0, 4, (n,))
        freq = 2 + 2 * torch.rand(n, 1)
        phase = torch.rand(n, 1)
        cycle = (freq * t + phase) % 1
        waves = torch.stack([
            torch.sin(2 * math.pi * cycle),
            torch.sign(cycle - 0.5),
            2 * cycle - 1,
            4 * (cycle - 0.5).abs() - 1,
        ], dim=1)
        x = waves[torch.arange(n), self.y]
        self.x = (x + 0.2 * torch.randn_like(x)).unsqueeze(-1)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class LSTMClassifier(nn.Module):
    def __init__(self, input_size=1, hidden_size=48, num_classes=4):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.dropout = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        output, (h_n, c_n) = self.lstm(x)
        return self.fc(self.dropout(h_n[-1]))


train_loader = DataLoader(Waveforms(2000), batch_size=64, shuffle=True)
val_loader = DataLoader(Waveforms(500), batch_size=250)
model = LSTMClassifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(14):
    model.train()
    for seqs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(seqs), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
    model.eval()
    correct, val_loss = 0, 0.0
    with torch.no_grad():
        for seqs, labels in val_loader:
            out = model(seqs)
            val_loss += criterion(out, labels).item() * len(labels)
            correct += (out.argmax(1) == labels).sum().item()
    print(f"Epoch {epoch + 1}: val loss {val_loss / 500:.4f}, val acc {correct / 500:.4f}")
