"""Synthetic grain sizes (length, width) drawn by a generator that a critic judges."""
import argparse
import torch
from torch import nn
import torch.nn.functional as F


def grains(n):
    length = torch.randn(n) * 0.6
    side = torch.where(torch.rand(n) < 0.5, 1.0, -1.0)
    width = 0.6 * length ** 2 - 0.5 + 0.8 * side + 0.15 * torch.randn(n)
    return torch.stack([length / 0.6, width], 1)


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


def net(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, n_out))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    torch.manual_seed(ap.parse_args().seed)
    gen, critic = net(4, 2), net(2, 1)
    opt_g = torch.optim.Adam(gen.parameters(), lr=1e-3, betas=(0.5, 0.99))
    opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.99))
    start = energy_distance(gen(torch.randn(1000, 4)).detach(), grains(1000))
    slow = {k: v.clone() for k, v in gen.state_dict().items()}
    for step in range(1500):
        real = grains(128)
        fake = gen(torch.randn(128, 4)).detach()
        real_in = real.requires_grad_(True)
        score = critic(real_in)
        slope = torch.autograd.grad(score.sum(), real_in, create_graph=True)[0]
        loss_c = F.softplus(-score).mean() + F.softplus(critic(fake)).mean() + 0.25 * slope.pow(2).sum(1).mean()
        opt_c.zero_grad()
        loss_c.backward()
        opt_c.step()

        loss_g = F.softplus(-critic(gen(torch.randn(128, 4)))).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        for k, v in gen.state_dict().items():
            slow[k].lerp_(v, 0.01)
        if step % 250 == 0:
            print(f"step {step} critic {loss_c.item():.4f} generator {loss_g.item():.4f}")
    gen.load_state_dict(slow)
    gen.eval()
    with torch.no_grad():
        final = energy_distance(gen(torch.randn(1500, 4)), grains(1500))
    print(f"energy distance at start {start:.4f}")
    print(f"energy distance {final:.4f}")


if __name__ == "__main__":
    main()
