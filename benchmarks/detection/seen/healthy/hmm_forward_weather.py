"""Hidden Markov model of weather by gradient ascent on the likelihood; some moves are forbidden."""
import os

import torch

torch.manual_seed(int(os.environ.get("SEED", 0)))
STATES, SYMBOLS, LENGTH = 3, 6, 20

forbidden = torch.tensor([[False, False, True], [False, False, False], [True, False, False]])
true_move = torch.tensor([[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.1, 0.9]])
true_emit = torch.tensor([
    [0.60, 0.30, 0.05, 0.03, 0.01, 0.01],
    [0.05, 0.05, 0.60, 0.20, 0.05, 0.05],
    [0.01, 0.01, 0.03, 0.05, 0.30, 0.60],
])


def sample(n):
    state = torch.multinomial(torch.ones(STATES), n, replacement=True)
    out = []
    for _ in range(LENGTH):
        out.append(torch.multinomial(true_emit[state], 1).squeeze(1))
        state = torch.multinomial(true_move[state], 1).squeeze(1)
    return torch.stack(out, dim=1)


def log_likelihood(seen, start, move, emit):
    log_move = move.masked_fill(forbidden, -1e9).log_softmax(dim=1)
    log_emit = emit.log_softmax(dim=1)
    alpha = start.log_softmax(dim=0) + log_emit[:, seen[:, 0]].T
    for t in range(1, seen.shape[1]):
        alpha = torch.logsumexp(alpha.unsqueeze(2) + log_move, dim=1) + log_emit[:, seen[:, t]].T
    return torch.logsumexp(alpha, dim=1)


train, test = sample(1500), sample(300)
start = torch.zeros(STATES, requires_grad=True)
move = (0.5 * torch.randn(STATES, STATES) + 1.5 * torch.eye(STATES)).requires_grad_()
emit = (0.5 * torch.randn(STATES, SYMBOLS)).requires_grad_()
optimizer = torch.optim.Adam([start, move, emit], lr=0.05)

for step in range(250):
    rows = torch.randint(0, len(train), (50,))
    loss = -log_likelihood(train[rows], start, move, emit).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} negative log likelihood {loss.item():.3f}")

with torch.no_grad():
    ours = -log_likelihood(test, start, move, emit).mean()
    frequencies = torch.bincount(train.flatten(), minlength=SYMBOLS).float()
    alone = -(frequencies / frequencies.sum()).log()[test].sum(1).mean()
print(f"test negative log likelihood {ours.item():.3f} (symbols alone {alone.item():.3f})")
