import os
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.feature_extraction.text import CountVectorizer

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

topics = {
    "sport": "match goal team player season coach league score win ball stadium fan".split(),
    "cooking": "recipe oven butter flour salt bake sauce pan onion garlic dish taste".split(),
    "space": "orbit rocket planet launch moon satellite engine crew mission star probe telescope".split(),
    "money": "market stock bank rate profit share price trade fund investor tax loan".split(),
}
filler = ["the", "a", "new", "today", "very", "some", "people", "said", "time", "year", "good", "big"]
names = list(topics)
texts, labels = [], []
for _ in range(2400):
    k = random.randrange(4)
    other = topics[random.choice(names)]
    tokens = random.choices(topics[names[k]], k=4) + random.choices(filler, k=8) + random.choices(other, k=2)
    random.shuffle(tokens)
    texts.append(" ".join(tokens))
    labels.append(k)

counts = CountVectorizer(token_pattern=r"\w+").fit_transform(texts).toarray()
X, y = torch.tensor(counts, dtype=torch.float32), torch.tensor(labels)


class BowClassifier(nn.Module):
    def __init__(self, vocab, hidden=64):
        super().__init__()
        self.hidden = nn.Linear(vocab, hidden)
        self.out = nn.Linear(hidden, 4)

    def forward(self, bow):
        return F.log_softmax(self.out(F.relu(self.hidden(bow))), dim=1)


model = BowClassifier(X.shape[1])
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
nll = nn.NLLLoss()
for epoch in range(8):
    order = list(range(2000))
    random.shuffle(order)
    for i in range(0, 2000, 40):
        rows = order[i:i + 40]
        model.zero_grad()
        loss = nll(model(X[rows]), y[rows])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        acc = (model(X[2000:]).argmax(1) == y[2000:]).float().mean().item()
    print(f"epoch {epoch}: loss {loss.item():.4f} accuracy {acc:.4f}")
