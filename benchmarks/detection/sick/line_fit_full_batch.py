import os
import torch

torch.manual_seed(int(os.environ.get("SEED", 0)))

# y = a0 + a1 x + a2 x^2 + a3 x^3
x = torch.linspace(-2, 2, 300).unsqueeze(1)
y = 0.5 + 1.2 * x - 0.7 * x ** 2 + 0.3 * x ** 3 + 0.1 * torch.randn_like(x)
features = torch.cat([x, x ** 2, x ** 3], dim=1)

model = torch.nn.Linear(3, 1)
criterion = torch.nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.097)

for epoch in range(600):
    y_pred = model(features)
    loss = criterion(y_pred, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 100 == 0:
        print("epoch {}, loss {}".format(epoch, loss.item()))

print("final loss", criterion(model(features), y).item())
