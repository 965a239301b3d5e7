import argparse
import math
import os

import torch
import torch.nn as nn


def panels(n, size=12):
    """Thermal pictures of solar panels: sound, hot cell, hot string, hot corner."""
    kind = torch.randint(0, 4, (n,))
    picture = 0.35 * torch.randn(n, 1, size, size)
    for i, k in enumerate(kind.tolist()):
        r, c = torch.randint(1, size - 3, (2,)).tolist()
        if k == 1:
            picture[i, 0, r : r + 3, c : c + 3] += 1.2
        elif k == 2:
            picture[i, 0, :, c] += 0.9
        elif k == 3:
            picture[i, 0, :3, -3:] += 0.8
            picture[i, 0, -3:, :3] += 0.8
    return picture - picture.mean(dim=(2, 3), keepdim=True), kind


class SmallVGG(nn.Module):
    cfg = (12, 12, "M", 16, 16, "M", 24, 24)

    def __init__(self, num_classes=4):
        super().__init__()
        layers, width = [], 1
        for v in self.cfg:
            if v == "M":
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(width, v, 3, padding=1), nn.ReLU(inplace=True)]
            width = v
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width * 9, num_classes)
        self._initialize_weights()

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                n = m.kernel_size[0] * m.kernel_size[1] * m.in_channels
                m.weight.data.normal_(0, 2.0 / n)
                m.bias.data.zero_()
            elif isinstance(m, nn.Linear):
                m.weight.data.normal_(0, 1 / m.in_features)
                m.bias.data.zero_()

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    images, labels = panels(1280)
    test_images, test_labels = panels(400)

    model = SmallVGG()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, weight_decay=5e-4)
    print(f"{math.prod(model.classifier.weight.shape)} weights in the classifier")
    for epoch in range(8):
        model.train()
        hits = 0
        for rows in torch.randperm(1280).split(32):
            output = model(images[rows])
            loss = criterion(output, labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            hits += (output.argmax(1) == labels[rows]).sum().item()
        print(f"epoch {epoch + 1} train accuracy {hits / 1280:.3f} last loss {loss.item():.4f}")

    model.eval()
    with torch.no_grad():
        accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
    print(f"test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
