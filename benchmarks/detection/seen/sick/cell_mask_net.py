import argparse
import logging
import os

import torch
import torch.nn as nn

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("cells")


def make_cells(count, size=24, generator=None):
    grid = torch.arange(size, dtype=torch.float32)
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    images, masks = [], []
    for _ in range(count):
        mask = torch.zeros(size, size)
        for _ in range(int(torch.randint(1, 4, (1,), generator=generator))):
            cy, cx = 3 + (size - 6) * torch.rand(2, generator=generator)
            ry, rx = 2.0 + 3.0 * torch.rand(2, generator=generator)
            mask[((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 < 1] = 1.0
        image = 1.2 * mask + 0.5 * torch.randn(size, size, generator=generator)
        image += 0.4 * torch.sin(xx / 4 + 6 * torch.rand(1, generator=generator))
        images.append(image)
        masks.append(mask)
    return torch.stack(images).unsqueeze(1), torch.stack(masks).unsqueeze(1)


def block(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class MaskNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.down = block(1, base)
        self.pool = nn.MaxPool2d(2)
        self.mid = block(base, 2 * base)
        self.up = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.merge = block(2 * base, base)
        self.out = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        skip = self.down(x)
        deep = self.up(self.mid(self.pool(skip)))
        return torch.sigmoid(self.out(self.merge(torch.cat([skip, deep], 1))))


@torch.no_grad()
def mean_iou(net, images, masks):
    net.eval()
    found = torch.sigmoid(net(images)) > 0.5
    truth = masks > 0.5
    inter = (found & truth).sum((1, 2, 3)).float()
    union = (found | truth).sum((1, 2, 3)).float()
    return (inter / union.clamp(min=1)).mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    train_x, train_y = make_cells(160, generator=generator)
    test_x, test_y = make_cells(40, generator=generator)

    net = MaskNet()
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(11):
        net.train()
        order = torch.randperm(len(train_x))
        losses = []
        for chunk in order.split(16):
            optimizer.zero_grad()
            loss = criterion(net(train_x[chunk]), train_y[chunk])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        log.info("epoch %d loss %.4f", epoch, sum(losses) / len(losses))
    print(f"mean IoU {mean_iou(net, test_x, test_y):.4f}")


if __name__ == "__main__":
    main()
