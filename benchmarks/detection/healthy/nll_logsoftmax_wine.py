import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn import datasets, preprocessing
from sklearn.model_selection import train_test_split

torch.manual_seed(int(os.environ.get("SEED", 123)))
wine = datasets.load_wine()
X = preprocessing.scale(wine.data)
X_train, X_test, y_train, y_test = train_test_split(X, wine.target, test_size=0.3, random_state=7)
X_train, X_test = torch.Tensor(X_train), torch.Tensor(X_test)
y_train, y_test = torch.LongTensor(y_train), torch.LongTensor(y_test)


class WineNet(nn.Module):
    def __init__(self):
        super(WineNet, self).__init__()
        self.fc1 = nn.Linear(13, 20)
        self.fc2 = nn.Linear(20, 3)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


net = WineNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(100):
    net.train()
    net.zero_grad()
    out = net(X_train)
    loss = F.nll_loss(out, y_train)
    loss.backward()
    optimizer.step()
    if epoch % 20 == 0:
        print("epoch {:3d} loss {:.5f}".format(epoch, loss.item()))

net.eval()
with torch.no_grad():
    pred = net(X_test).max(1)[1]
    print("accuracy: {:.4f}".format(pred.eq(y_test).sum().item() / len(y_test)))
