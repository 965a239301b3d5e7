"""Tags slots in short generated commands: a cue word opens a slot, the words after it fill it."""

import argparse
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

PAD_TAG = -100
N_SLOTS = 12
N_FILLERS = 30
N_PLAIN = 20
N_TAGS = 1 + 2 * N_SLOTS
VOCAB = 1 + N_SLOTS + N_FILLERS + N_PLAIN


def sample_sentence(rnd):
    words, tags = [], []
    for _ in range(rnd.randint(2, 4)):
        for _ in range(rnd.randint(0, 2)):
            words.append(1 + N_SLOTS + N_FILLERS + rnd.randrange(N_PLAIN))
            tags.append(0)
        slot = rnd.randrange(N_SLOTS)
        words.append(1 + slot)
        tags.append(0)
        for position in range(rnd.randint(1, 3)):
            words.append(1 + N_SLOTS + rnd.randrange(N_FILLERS))
            tags.append(1 + 2 * slot + (position > 0))
    return words, tags


def collate(pairs):
    longest = max(len(words) for words, _ in pairs)
    ids = torch.zeros(len(pairs), longest, dtype=torch.long)
    tags = torch.full((len(pairs), longest), PAD_TAG)
    for row, (w, t) in enumerate(pairs):
        ids[row, : len(w)] = torch.tensor(w)
        tags[row, : len(t)] = torch.tensor(t)
    return ids, tags


class SlotTagger(nn.Module):
    def __init__(self, emb=24, hidden=32):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, emb, padding_idx=0)
        self.encoder = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(2 * hidden)
        self.classifier = nn.Linear(2 * hidden, N_TAGS)

    def forward(self, ids):
        states, _ = self.encoder(self.embedding(ids))
        scores = self.classifier(self.norm(states))
        return scores


def token_accuracy(model, sentences):
    model.eval()
    ids, tags = collate(sentences)
    with torch.no_grad():
        guess = model(ids).argmax(-1)
    known = (tags != PAD_TAG) & (tags != 0)
    return (guess[known] == tags[known]).float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=260)
    parser.add_argument("--lr", type=float, default=4e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rnd = random.Random(args.seed)

    train = [sample_sentence(rnd) for _ in range(1500)]
    test = [sample_sentence(rnd) for _ in range(300)]
    model = SlotTagger()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-4)

    model.train()
    for step in range(1, args.steps + 1):
        ids, tags = collate(rnd.sample(train, 32))
        out = model(ids)
        loss = F.cross_entropy(out.transpose(1, 2), tags, ignore_index=PAD_TAG)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        if step % 65 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    print(f"slot token accuracy {token_accuracy(model, test):.4f}")


if __name__ == "__main__":
    main()
