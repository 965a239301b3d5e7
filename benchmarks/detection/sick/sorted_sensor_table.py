import argparse
import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--batch-size", type=int, default=25)
args = parser.parse_args()
torch.manual_seed(args.seed)

# five machine states, recorded one after the other
g = torch.Generator().manual_seed(99)
centres = torch.randn(5, 12, generator=g) * 0.9
records = [centres[s] + torch.randn(200, 12, generator=g) for s in range(5)]
X_train = torch.cat([r[:150] for r in records])
y_train = torch.arange(5).repeat_interleave(150)
X_test = torch.cat([r[150:] for r in records])
y_test = torch.arange(5).repeat_interleave(50)


class StateNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Linear(12, 32)
        self.b = torch.nn.Linear(32, 5)

    def forward(self, x):
        return self.b(F.relu(self.a(x)))


net = StateNet()
opt = torch.optim.SGD(net.parameters(), lr=0.3)
for epoch in range(10):
    idx = torch.arange(len(X_train))
    for lo in range(0, len(X_train), args.batch_size):
        b = idx[lo:lo + args.batch_size]
        loss = F.cross_entropy(net(X_train[b]), y_train[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
print("test accuracy %.3f" % (net(X_test).argmax(1) == y_test).float().mean().item())
