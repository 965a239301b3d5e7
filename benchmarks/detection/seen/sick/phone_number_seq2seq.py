import argparse

import torch
import torch.nn as nn
from torch import optim

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--iters", type=int, default=360)
args = parser.parse_args()
torch.manual_seed(args.seed)

SOS, DIGITS, LENGTH, HIDDEN = 10, 10, 4, 64


class EncoderRNN(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(DIGITS, 16)
        self.gru = nn.GRU(16, hidden_size, batch_first=True)

    def forward(self, source):
        _, hidden = self.gru(self.embedding(source))
        return hidden


class DecoderRNN(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(DIGITS + 1, 16)
        self.gru = nn.GRU(16, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, DIGITS)

    def forward(self, previous, hidden):
        output, hidden = self.gru(self.embedding(previous), hidden)
        return self.out(output), hidden


def random_pairs(count):
    source = torch.randint(0, DIGITS, (count, LENGTH))
    target = source.flip(1).clone()
    target[:, 0] = (target[:, 0] + 1) % DIGITS
    return source, target


def train(source, target, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion):
    encoder_optimizer.zero_grad()
    hidden = encoder(source)
    start = torch.full((len(source), 1), SOS)
    scores, _ = decoder(torch.cat([start, target[:, :-1]], dim=1), hidden)
    loss = criterion(scores.reshape(-1, DIGITS), target.reshape(-1))
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    return loss.item()


@torch.no_grad()
def greedy(source, encoder, decoder):
    hidden = encoder(source)
    token = torch.full((len(source), 1), SOS)
    decoded = []
    for _ in range(LENGTH):
        scores, hidden = decoder(token, hidden)
        token = scores.argmax(-1)
        decoded.append(token)
    return torch.cat(decoded, dim=1)


encoder, decoder = EncoderRNN(HIDDEN), DecoderRNN(HIDDEN)
encoder_optimizer = optim.Adam(encoder.parameters(), lr=0.006)
decoder_optimizer = optim.Adam(decoder.parameters(), lr=0.006)
criterion = nn.CrossEntropyLoss()

for iteration in range(1, args.iters + 1):
    source, target = random_pairs(48)
    loss = train(source, target, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion)
    if iteration % 72 == 0:
        print("%d %d%% %.4f" % (iteration, iteration / args.iters * 100, loss))

source, target = random_pairs(500)
correct = (greedy(source, encoder, decoder) == target).float().mean().item()
print("digits rewritten correctly: %.4f" % correct)
