import os
import torch

torch.manual_seed(int(os.environ.get("SEED", 2)))

X = torch.tensor([[0., 0.], [0., 1.], [1., 0.], [1., 1.]])
Y = torch.tensor([[0.], [1.], [1.], [0.]])


class XOR(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = torch.nn.Linear(2, 8)
        self.output = torch.nn.Linear(8, 1)

    def forward(self, x):
        x = torch.tanh(self.hidden(x))
        return torch.sigmoid(self.output(x))


net = XOR()
criterion = torch.nn.BCELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.03)

for i in range(600):
    optimizer.zero_grad()
    out = net(X)
    loss = criterion(out, Y)
    loss.backward()
    optimizer.step()
    if i % 100 == 0:
        print(i, loss.item())

print("predictions", net(X).flatten().tolist())
print("final loss %.5f" % criterion(net(X), Y).item())
