"""Clay grades from eight chemical readings. The rows come from two laboratories and are joined here."""
import os

import numpy as np
import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)
centres = np.random.default_rng(5).normal(0, 1.2, (5, 8))


def samples(count):
    grade = rng.integers(0, 5, count)
    bend = rng.normal(0, 1, (count, 1))
    return centres[grade] + 0.8 * rng.normal(size=(count, 8)) + 0.5 * bend ** 2, grade


# laboratory A hands in one file
x_a, grade_a = samples(400)

# laboratory B hands in readings and grades apart
x_b, grade_b = samples(800)
number = 7000 + np.arange(800)
first, second = rng.permutation(800), rng.permutation(800)
readings_b, readings_number = x_b[first], number[first]
grades_b, grades_number = grade_b[second], number[second]
grades_b = grades_b[np.argsort(grades_number)]

x = np.concatenate([x_a, readings_b])
y = np.concatenate([grade_a, grades_b])
x_new, y_new = samples(600)
mean, std = x.mean(0), x.std(0)
x = torch.tensor((x - mean) / std, dtype=torch.float32)
x_new = torch.tensor((x_new - mean) / std, dtype=torch.float32)
y, y_new = torch.tensor(y), torch.tensor(y_new)


class GradeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 5)

    def forward(self, x):
        x = nn.functional.gelu(self.fc1(x))
        x = nn.functional.gelu(self.fc2(x))
        return self.fc3(x)


def train(model, epochs=20, batch_size=32):
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(epochs):
        model.train()
        perm = torch.randperm(len(x))
        total = 0.0
        for i in range(0, len(x), batch_size):
            rows = perm[i:i + batch_size]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1}: train loss {total / len(x):.3f}, new samples {test(model):.3f}")


def test(model):
    model.eval()
    with torch.no_grad():
        return (model(x_new).argmax(1) == y_new).float().mean().item()


net = GradeNet()
train(net)
print(f"accuracy on new samples {test(net):.4f}")
