"""Learned iterative shrinkage: six tied steps with soft thresholds find which few of 60 sources
made a signal."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class Shrinkage(nn.Module):
    def __init__(self, dictionary, steps=6):
        super().__init__()
        size = torch.linalg.matrix_norm(dictionary, 2) ** 2
        self.gather = nn.Parameter(dictionary.T / size)
        self.inhibit = nn.Parameter(torch.eye(dictionary.shape[1]) - dictionary.T @ dictionary / size)
        self.threshold = nn.Parameter(torch.full((dictionary.shape[1],), -2.5))
        self.steps = steps

    def forward(self, signal):
        drive = signal @ self.gather.T
        code = torch.zeros_like(drive)
        for _ in range(self.steps):
            code = drive + code @ self.inhibit.T
            code = code.sign() * F.relu(code.abs() - F.softplus(self.threshold))
        return code


def sparse_sources(n, dictionary):
    sources = dictionary.shape[1]
    code = torch.randn(n, sources) * (torch.rand(n, sources) < 0.06)
    return code @ dictionary.T + 0.02 * torch.randn(n, dictionary.shape[0]), code


def share_unexplained(found, code):
    return ((found - code) ** 2).sum().item() / (code**2).sum().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=700)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    dictionary = F.normalize(torch.randn(30, 60), dim=0)
    test_signal, test_code = sparse_sources(1000, dictionary)
    model = Shrinkage(dictionary)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(args.steps):
        signal, code = sparse_sources(128, dictionary)
        loss = F.mse_loss(model(signal), code)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0 or step == args.steps - 1:
            with torch.no_grad():
                found = model(test_signal)
            zeros = (found == 0).float().mean().item()
            print(
                f"step {step} unexplained {share_unexplained(found, test_code):.3f} exact zeros {zeros:.2f}"
            )


main()
