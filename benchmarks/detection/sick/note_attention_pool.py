import argparse

import torch
from torch import nn

PAD, WORDS, LENGTH = 0, 60, 14


class NoteClassifier(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embed = nn.Embedding(WORDS, dim, padding_idx=PAD)
        self.query = nn.Parameter(torch.randn(1, 1, dim) * 0.1)
        self.attention = nn.MultiheadAttention(dim, num_heads=2, batch_first=True)
        self.out = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 3))

    def forward(self, tokens):
        mask = tokens != PAD
        words = self.embed(tokens)
        pooled, _ = self.attention(self.query.expand(len(tokens), -1, -1), words, words, key_padding_mask=mask)
        return self.out(pooled.squeeze(1))


def notes(n, generator):
    """Notes of 5 to 12 words; each topic has ten words of its own."""
    topic = torch.randint(0, 3, (n,), generator=generator)
    tokens = torch.zeros(n, LENGTH, dtype=torch.long)
    for i in range(n):
        size = int(torch.randint(5, 13, (1,), generator=generator))
        common = torch.randint(31, WORDS, (size,), generator=generator)
        own = 1 + 10 * topic[i] + torch.randint(0, 10, (size,), generator=generator)
        pick = torch.rand(size, generator=generator) < 0.3
        tokens[i, :size] = torch.where(pick, own, common)
    return tokens, topic


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=400)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(12)
    tokens, topic = notes(1500, g)
    new_tokens, new_topic = notes(500, g)

    model = NoteClassifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(args.steps):
        idx = torch.randint(0, len(tokens), (32,))
        loss = nn.functional.cross_entropy(model(tokens[idx]), topic[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(step, round(loss.item(), 4))
    model.eval()
    with torch.no_grad():
        acc = (model(new_tokens).argmax(1) == new_topic).float().mean().item()
    print(f"accuracy on new notes {acc:.4f}")


if __name__ == "__main__":
    main()
