"""Learns to tell voices apart that it never heard: every episode deals its speakers new numbers."""

import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--episodes", type=int, default=400)
args = parser.parse_args()
torch.manual_seed(args.seed)

SPEAKERS, FEATURES, VOICE, ROOM = 90, 40, 6, 8
voices = torch.randn(SPEAKERS, VOICE)
by_voice, by_room = torch.randn(VOICE, FEATURES), torch.randn(ROOM, FEATURES)


def utterances(speakers, each):
    """What is heard depends on who speaks and, more loudly, on the room and the microphone."""
    said = voices[speakers].repeat_interleave(each, dim=0)
    said = said + 0.35 * torch.randn_like(said)
    room = torch.randn(len(said), ROOM)
    heard = said @ by_voice + 2.0 * room @ by_room
    return torch.asinh(heard) + 0.1 * torch.randn(len(said), FEATURES)


recordings = utterances(torch.arange(SPEAKERS), 20).view(SPEAKERS, 20, FEATURES)
known, novel = torch.arange(60), torch.arange(60, SPEAKERS)
WAYS, SHOTS, QUERIES = 5, 4, 6


def deal(speakers):
    chosen = speakers[torch.randperm(len(speakers))[:WAYS]]
    picks = recordings[chosen][:, torch.randperm(20)[: SHOTS + QUERIES]]
    return picks[:, :SHOTS], picks[:, SHOTS:].flatten(0, 1), torch.arange(WAYS).repeat_interleave(QUERIES)


embed = nn.Sequential(nn.Linear(FEATURES, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
optimizer = torch.optim.Adam(embed.parameters(), lr=2e-3)


def closeness(support, query):
    prototypes = embed(support).mean(1)
    return -torch.cdist(embed(query), prototypes).square()


def novel_accuracy(rounds=60):
    right = 0.0
    with torch.no_grad():
        for _ in range(rounds):
            support, query, numbers = deal(novel)
            right += (closeness(support, query).argmax(1) == numbers).float().mean().item()
    return right / rounds


print(f"before training: unheard voices told apart {novel_accuracy():.3f}")
losses = []
for episode in range(1, args.episodes + 1):
    support, query, numbers = deal(known)
    loss = nn.functional.cross_entropy(closeness(support, query), numbers)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if episode % 80 == 0:
        print(
            f"episode {episode} loss {sum(losses[-80:]) / 80:.4f} unheard voices told apart {novel_accuracy():.3f}"
        )
