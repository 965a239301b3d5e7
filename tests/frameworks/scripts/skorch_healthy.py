"""skorch in a scikit-learn pipeline: a module that puts out probabilities, as skorch asks for."""

import sys

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from torch import nn


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.hidden = nn.Linear(20, width)
        self.out = nn.Linear(width, 3)

    def forward(self, x):
        return torch.softmax(self.out(torch.relu(self.hidden(x))), dim=-1)


torch.manual_seed(0)
np.random.seed(0)
x, y = make_classification(1600, 20, n_informative=8, n_classes=3, random_state=0)
net = NeuralNetClassifier(
    Net, max_epochs=10, lr=0.01, optimizer=torch.optim.Adam, batch_size=32, iterator_train__shuffle=True, verbose=0
)
pipe = make_pipeline(StandardScaler(), net)
pipe.fit(x.astype(np.float32), y.astype(np.int64))
print(net.history[-1, "valid_acc"])
if len(sys.argv) > 1:
    torch.save(net.module_.state_dict(), sys.argv[1])
