import os
import numpy as np
import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
np.random.seed(seed)
torch.manual_seed(seed)

# monthly-like series: trend + two seasonalities + noise
t = np.arange(800)
series = 50 + 0.05 * t + 10 * np.sin(2 * np.pi * t / 12) + 4 * np.sin(2 * np.pi * t / 30) + np.random.randn(800)
train_raw, test_raw = series[:640], series[640:]
mean, std = train_raw.mean(), train_raw.std()
scaled = (series - mean) / std

window = 24


def create_sequences(data):
    xs, ys = [], []
    for i in range(len(data) - window):
        xs.append(data[i:i + window])
        ys.append(data[i + window])
    return (torch.tensor(np.array(xs), dtype=torch.float32).unsqueeze(-1),
            torch.tensor(np.array(ys), dtype=torch.float32).unsqueeze(-1))


X_train, y_train = create_sequences(scaled[:640])
X_test, y_test = create_sequences(scaled[640 - window:])


class GRUForecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(out[:, -1, :])


model = GRUForecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X_train, y_train), batch_size=32, shuffle=True)

for epoch in range(40):
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(f"Epoch {epoch}, Loss: {loss.item():.5f}")

model.eval()
with torch.no_grad():
    forecast = model(X_test) * std + mean
    actual = y_test * std + mean
    rmse = torch.sqrt(((forecast - actual) ** 2).mean()).item()
    naive = torch.sqrt(((X_test[:, -1] * std + mean - actual) ** 2).mean()).item()
print(f"RMSE {rmse:.4f}  (last value: {naive:.4f})")
