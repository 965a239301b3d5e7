import argparse
import torch


class Regressor(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.hidden1 = torch.nn.Linear(1, hidden)
        self.hidden2 = torch.nn.Linear(hidden, hidden)
        self.predict = torch.nn.Linear(hidden, 1)

    def forward(self, x):
        x = torch.relu(self.hidden1(x))
        x = torch.relu(self.hidden2(x))
        return self.predict(x)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", default=0, type=int)
    p.add_argument("--steps", default=1200, type=int)
    a = p.parse_args()
    torch.manual_seed(a.seed)

    x = torch.linspace(-1.5, 1.5, 400)
    y = x ** 3 - x + 0.1 * torch.randn(400)

    net = Regressor(20)
    opt = torch.optim.Adam(net.parameters(), lr=0.005)
    for step in range(a.steps):
        pick = torch.randint(0, 400, (64,))
        pred = net(x[pick].unsqueeze(1))
        loss = ((pred - y[pick]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 300 == 0:
            print(step, loss.item())

    grid = torch.linspace(-1.5, 1.5, 101)
    with torch.no_grad():
        fit = net(grid.unsqueeze(1)).flatten()
    print("rmse against the true curve:", ((fit - (grid ** 3 - grid)) ** 2).mean().sqrt().item())


if __name__ == "__main__":
    main()
