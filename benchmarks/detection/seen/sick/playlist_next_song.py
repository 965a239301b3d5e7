import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

n_songs = 30
# each song is mostly followed by one of three others
follow = torch.stack([torch.randperm(n_songs)[:3] for _ in range(n_songs)])


def playlists(count, length=15):
    songs = [torch.randint(0, n_songs, (count,))]
    for _ in range(length - 1):
        pick = torch.multinomial(torch.tensor([0.75, 0.15, 0.1]), count, replacement=True)
        songs.append(follow[songs[-1], pick])
    return torch.stack(songs, dim=1)


class NextSong(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(n_songs, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.decoder = nn.Linear(32, n_songs)

    def forward(self, x):
        output, _ = self.lstm(self.emb(x))
        return self.decoder(self.drop(output))


train_data = playlists(1500)
test_data = playlists(200)

model = NextSong()
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(8):
    model.train()
    epoch_loss = 0.0
    for batch in train_data[torch.randperm(1500)].split(30):
        model.zero_grad()
        output = model(batch[:, :-1])
        loss = criterion(output.reshape(-1, n_songs), batch[:, 1:].reshape(-1))
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    print("epoch", epoch, "loss", epoch_loss / 50)

model.eval()
with torch.no_grad():
    guess = model(test_data[:, :-1]).argmax(-1)
    hit = (guess == test_data[:, 1:]).float().mean().item()
print("next song hit rate: %.4f" % hit)
