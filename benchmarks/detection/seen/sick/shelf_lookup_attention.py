"""Five shelf slots (code, product) and one question (code): which product is asked for?"""
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
CODES, PRODUCTS, SLOTS = 6, 5, 5


def questions(n):
    codes = torch.rand(n, CODES).argsort(1)[:, :SLOTS]
    products = torch.randint(0, PRODUCTS, (n, SLOTS))
    asked = torch.randint(0, SLOTS, (n, 1))
    codes = torch.cat([codes.gather(1, asked), codes], dim=1)
    answer = products.gather(1, asked).squeeze(1)
    products = torch.cat([torch.full((n, 1), PRODUCTS), products], dim=1)
    return codes, products, answer


class LookupNet(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.code = nn.Embedding(CODES, dim)
        self.product = nn.Embedding(PRODUCTS + 1, dim)
        self.attention = nn.MultiheadAttention(dim, num_heads=2)
        self.norm = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 48), nn.ReLU(), nn.Linear(48, PRODUCTS))

    def forward(self, codes, products):
        x = self.code(codes) + self.product(products)
        mixed, _ = self.attention(x, x, x)
        x = self.norm(x + mixed)
        return self.mlp(x[:, 0])


model = LookupNet()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()
model.train()
for step in range(1, 701):
    codes, products, answer = questions(64)
    loss = criterion(model(codes, products), answer)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step:4d} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    codes, products, answer = questions(2000)
    print(f"answered correctly: {(model(codes, products).argmax(1) == answer).float().mean().item():.4f}")
