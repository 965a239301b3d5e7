import os

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

torch.manual_seed(int(os.environ.get("SEED", 0)))

SPECIES = 5
FEATURES = 6


def record_song(kind):
    # some species sing longer than others
    length = int((9 + 5 * kind + 1.8 * torch.randn(1)).clamp(5, 40))
    t = torch.arange(length).float()
    rate = 0.5 + 0.22 * ((kind * 2) % 5)
    base = torch.stack([torch.sin(rate * t), torch.cos(rate * t), torch.sin(2 * rate * t)], 1)
    song = torch.cat([base, 0.1 * torch.randn(length, 3)], 1)
    return song + 0.35 * torch.randn(length, FEATURES)


def field_season(n):
    kinds = torch.randint(0, SPECIES, (n,))
    songs = [record_song(k) for k in kinds.tolist()]
    return songs, torch.tensor([len(s) for s in songs]), kinds


class SongNet(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(FEATURES, hidden, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden, SPECIES)

    def forward(self, songs, lengths):
        packed = pack_padded_sequence(pad_sequence(songs, batch_first=True), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.fc(self.drop(h[-1]))


songs, lengths, kinds = field_season(1000)
test_songs, test_lengths, test_kinds = field_season(400)

net = SongNet()
optim = torch.optim.Adam(net.parameters(), lr=4e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(14):
    net.train()
    order = torch.randperm(len(songs))
    total = 0.0
    for chunk in order.split(40):
        logits = net([songs[i] for i in chunk], lengths[chunk])
        loss = loss_fn(logits, kinds[chunk])
        optim.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optim.step()
        total += loss.item() * len(chunk)
    if epoch % 2:
        net.eval()
        with torch.no_grad():
            acc = (net(test_songs, test_lengths).argmax(1) == test_kinds).float().mean().item()
        print(f"epoch {epoch + 1}: loss {total / len(order):.3f}, accuracy {acc:.3f}")

print(f"held-out accuracy: {acc:.4f}")
