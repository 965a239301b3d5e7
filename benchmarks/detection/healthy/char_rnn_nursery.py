import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 1337)))

text = "\n".join(
    f"{n} green bottles hanging on the wall, and if one green bottle should accidentally fall, "
    f"there'll be {m} green bottles hanging on the wall."
    for n, m in zip(
        ["ten", "nine", "eight", "seven", "six", "five", "four", "three", "two", "one"],
        ["nine", "eight", "seven", "six", "five", "four", "three", "two", "one", "no"],
    )
) * 4
chars = sorted(list(set(text)))
vocab_size = len(chars)
stoi = {c: i for i, c in enumerate(chars)}
itos = {i: c for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text], dtype=torch.long)

block_size, batch_size, max_iters = 32, 32, 350


def get_batch():
    ix = torch.randint(len(data) - block_size - 1, (batch_size,))
    x = torch.stack([data[i:i + block_size] for i in ix])
    y = torch.stack([data[i + 1:i + block_size + 1] for i in ix])
    return x, y


class CharRNN(nn.Module):
    def __init__(self, hidden=96):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, 24)
        self.rnn = nn.GRU(24, hidden, batch_first=True)
        self.head = nn.Linear(hidden, vocab_size)

    def forward(self, idx, state=None):
        out, state = self.rnn(self.emb(idx), state)
        return self.head(out), state

    @torch.no_grad()
    def generate(self, start, n):
        idx, state, result = torch.tensor([[stoi[start]]]), None, start
        for _ in range(n):
            logits, state = self(idx, state)
            idx = torch.multinomial(F.softmax(logits[:, -1], -1), 1)
            result += itos[idx.item()]
        return result


model = CharRNN()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for it in range(max_iters):
    xb, yb = get_batch()
    logits, _ = model(xb)
    B, T, C = logits.shape
    loss = F.cross_entropy(logits.view(B * T, C), yb.view(B * T))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if it % 50 == 0 or it == max_iters - 1:
        print(f"step {it}: loss {loss.item():.4f}")

print(model.generate("t", 150))
