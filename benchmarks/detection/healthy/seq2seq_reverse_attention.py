"""Encoder-decoder with attention, two optimizers, teacher forcing; learns to reverse a string."""
import os
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)
SOS, EOS, ALPHABET, LENGTH = 0, 1, 10, 6
VOCAB = ALPHABET + 2


class EncoderRNN(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, x):
        return self.gru(self.embedding(x))


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, hidden)
        self.gru = nn.GRU(2 * hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, VOCAB)

    def step(self, token, hidden, enc):
        query = hidden[-1].unsqueeze(1)
        weights = F.softmax(query @ enc.transpose(1, 2), dim=-1)
        context = weights @ enc
        output, hidden = self.gru(torch.cat([self.embedding(token), context], -1), hidden)
        return self.out(output[:, -1]), hidden

    def forward(self, enc, hidden, target=None, steps=LENGTH + 1):
        token = torch.full((enc.size(0), 1), SOS)
        logits = []
        for i in range(steps):
            out, hidden = self.step(token, hidden, enc)
            logits.append(out)
            token = target[:, i:i + 1] if target is not None else out.argmax(-1, keepdim=True)
        return torch.stack(logits, 1)


def get_batch(n):
    src = torch.randint(2, VOCAB, (n, LENGTH))
    tgt = torch.cat([src.flip(1), torch.full((n, 1), EOS)], 1)
    return src, tgt


encoder, decoder = EncoderRNN(), AttnDecoderRNN()
encoder_optimizer = optim.Adam(encoder.parameters(), lr=4e-3)
decoder_optimizer = optim.Adam(decoder.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()
for it in range(1, 501):
    src, tgt = get_batch(64)
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    enc, h = encoder(src)
    logits = decoder(enc, h, tgt if random.random() < 0.8 else None)
    loss = criterion(logits.reshape(-1, VOCAB), tgt.reshape(-1))
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    if it % 50 == 0:
        print(f"{it} loss {loss.item():.4f}")

encoder.eval()
decoder.eval()
with torch.no_grad():
    src, tgt = get_batch(500)
    pred = decoder(*encoder(src)).argmax(-1)
print(f"whole sequences right: {(pred == tgt).all(1).float().mean().item():.4f}")
