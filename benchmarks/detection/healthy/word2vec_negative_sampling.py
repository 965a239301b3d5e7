import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))
groups, per_group = 10, 8
vocab = groups * per_group


def pairs(n):
    g = torch.randint(0, groups, (n,))
    centre = g * per_group + torch.randint(0, per_group, (n,))
    context = g * per_group + torch.randint(0, per_group, (n,))
    noise = torch.rand(n) < 0.15
    return centre, torch.where(noise, torch.randint(0, vocab, (n,)), context)


class SkipGram(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.u_embeddings = nn.Embedding(vocab, dim, sparse=True)
        self.v_embeddings = nn.Embedding(vocab, dim, sparse=True)
        self.u_embeddings.weight.data.uniform_(-0.5 / dim, 0.5 / dim)
        self.v_embeddings.weight.data.zero_()

    def forward(self, u, v, neg):
        eu, ev, en = self.u_embeddings(u), self.v_embeddings(v), self.v_embeddings(neg)
        score = F.logsigmoid((eu * ev).sum(1))
        neg_score = F.logsigmoid(-torch.bmm(en, eu.unsqueeze(2)).squeeze(2)).sum(1)
        return -(score + neg_score).mean()


model = SkipGram()
optimizer = torch.optim.SparseAdam(list(model.parameters()), lr=0.01)
for it in range(1200):
    u, v = pairs(128)
    loss = model(u, v, torch.randint(0, vocab, (128, 5)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 200 == 0:
        print("iter", it, "loss %.4f" % loss.item())

emb = F.normalize(model.u_embeddings.weight.detach(), dim=1)
sim = emb @ emb.t() - 2 * torch.eye(vocab)
same = sim.argmax(1) // per_group == torch.arange(vocab) // per_group
print("nearest neighbour in same group: %.4f" % same.float().mean().item())
