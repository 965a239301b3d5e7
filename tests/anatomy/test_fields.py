"""Receptive fields: against gradients of small nets, against published numbers, against hand calculation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.anatomy.measure import measure
from gradwise.anatomy.named import named


class Together(nn.Module):
    """Branches of one input, joined."""

    def __init__(self, join, *branches):
        super().__init__()
        self.join, self.branches = join, nn.ModuleList(branches)

    def forward(self, x):
        return self.join([branch(x) for branch in self.branches])


class Called(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def conv(before=1, after=1, kernel=3, **options):
    return nn.Conv2d(before, after, kernel, **options)


def residual(width=1):
    return Together(sum, nn.Identity(), nn.Sequential(conv(padding=1), nn.ReLU(), conv(padding=1)))


def by_gradient(net, size):
    """The widest stretch of the input, in either axis, that one position of the output depends on."""
    for weight in net.parameters():
        nn.init.ones_(weight)
    x = torch.ones(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    y = net.double()(x)
    widest = [0, 0]
    middle = [side // 2 for side in y.shape[-2:]]
    for row in range(middle[0] - 2, middle[0] + 3):
        for column in range(middle[1] - 2, middle[1] + 3):
            (slope,) = torch.autograd.grad(y[0, 0, row, column], x, retain_graph=True)
            touched = slope[0, 0].nonzero()
            spans = (touched.max(dim=0).values - touched.min(dim=0).values + 1).tolist()
            widest = [max(pair) for pair in zip(widest, spans, strict=True)]
    return tuple(widest)


NETS = {
    "chain": lambda: nn.Sequential(
        conv(kernel=5, stride=2, padding=2), nn.ReLU(), nn.AvgPool2d(3, 2, 1), conv()
    ),
    "dilated": lambda: nn.Sequential(conv(dilation=2, padding="same"), conv(dilation=3), conv(stride=2)),
    "oblong": lambda: nn.Sequential(nn.Conv2d(1, 1, (1, 7)), nn.AvgPool2d((3, 1), (2, 1)), nn.Conv2d(1, 1, (3, 2))),
    "residual": lambda: nn.Sequential(conv(stride=2, padding=1), residual(), nn.AvgPool2d(2), residual()),
    # branches whose windows are shifted against each other: the union is wider than either
    "shifted": lambda: Together(
        sum,
        nn.Sequential(nn.ZeroPad2d((4, 0, 4, 0)), conv(kernel=5)),
        nn.Sequential(nn.ZeroPad2d((0, 4, 0, 4)), conv(kernel=5)),
    ),
    "inception": lambda: nn.Sequential(
        Together(
            lambda parts: torch.cat(parts, 1),
            conv(kernel=1),
            nn.Sequential(conv(kernel=1), conv(padding=1)),
            nn.Sequential(conv(kernel=1), conv(kernel=5, padding=2)),
            nn.AvgPool2d(3, 1, 1),
        ),
        conv(4, 1, kernel=3, stride=2),
    ),
    "transposed": lambda: nn.Sequential(nn.AvgPool2d(2), nn.ConvTranspose2d(1, 1, 2, 2), conv(), conv()),
    "transposed wide": lambda: nn.Sequential(nn.AvgPool2d(2), nn.ConvTranspose2d(1, 1, 4, 2, 1)),
    "nearest": lambda: nn.Sequential(nn.AvgPool2d(2), nn.Upsample(scale_factor=2), conv()),
    "circular": lambda: nn.Sequential(conv(padding=1, padding_mode="circular"), conv(stride=2)),
    "functions": lambda: nn.Sequential(
        conv(), Called(lambda x: F.avg_pool2d(F.relu(x), 3, stride=2)), Called(lambda x: F.conv2d(x, torch.ones(1, 1, 3, 3).double()))
    ),
    "adaptive": lambda: nn.Sequential(conv(padding=1), nn.AdaptiveAvgPool2d(16)),
    "shuffled": lambda: nn.Sequential(nn.PixelUnshuffle(2), conv(4, 4), nn.PixelShuffle(2), conv()),
    "moved": lambda: nn.Sequential(
        conv(1, 4), Called(lambda x: x.permute(0, 2, 3, 1)),
        nn.Linear(4, 4), Called(lambda x: x.permute(0, 3, 1, 2)), conv(4, 1, stride=2), Called(lambda x: x[:, :1, ...])
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_fields_are_what_gradients_say(name):
    net = NETS[name]()
    expected = by_gradient(net, 64)
    found = measure(net, torch.ones(1, 1, 64, 64, dtype=torch.float64))
    assert found.field == expected


# Araujo, Norris, Sim, Distill 2019, table "receptive field of popular nets"; stages before the global average.
@pytest.mark.parametrize(
    ("net", "size"),
    [("alexnet", 195), ("vgg16", 212), ("inception-v2", 699), ("inception-v3", 1311), ("inception-v4", 2071)],
)
def test_published_fields(net, size):
    found = named(net, shape={}, outputs=None, batch=2).measured()
    fields = [layer.field[0] for layer in found.layers if isinstance(layer.field, tuple)]
    assert max(fields) == size


def bottlenecks(blocks, *, stride_last):
    """The 3 x 3 convolutions of a ResNet; its stages halve the map in their first block, or in their last."""
    layers = [conv(kernel=7, stride=2, padding=3), nn.MaxPool2d(3, 2, 1)]
    for stage, count in enumerate(blocks):
        for block in range(count):
            halves = block == count - 1 and stage < 3 if stride_last else block == 0 and stage > 0
            layers.append(conv(stride=2 if halves else 1, padding=1))
    return nn.Sequential(*layers)


# Distill's table was made with TF-slim, whose blocks halve at the end of a stage; torchvision's halve at its start.
@pytest.mark.parametrize(
    ("blocks", "stride_last", "size"),
    [
        ((3, 4, 6, 3), True, 483),
        ((3, 4, 23, 3), True, 1027),
        ((3, 8, 36, 3), True, 1507),
        ((3, 4, 6, 3), False, 427),  # 11 + 3·8 + (8 + 3·16) + (16 + 5·32) + (32 + 2·64)
    ],
)
def test_resnets_halve_at_either_end_of_a_stage(blocks, stride_last, size):
    found = measure(bottlenecks(blocks, stride_last=stride_last), torch.zeros(1, 1, 64, 64))
    assert found.layers[-1].field == (size, size)


def test_resnets_by_name():
    assert named("resnet18", shape={}, outputs=None, batch=2).measured().layer("layer4").field == (435, 435)
    found = named("resnet50", shape={}, outputs=None, batch=2).measured()
    assert found.layer("layer4").field == (427, 427)
    assert found.layer("layer4").jump == (32, 32)
    assert found.layer("maxpool").field == (11, 11)
    assert found.layer("avgpool").field == found.layer("fc").field == "all"


class Patches(nn.Module):
    """Patches as tokens, as in a vision transformer."""

    def __init__(self, attention):
        super().__init__()
        self.cut = nn.Conv2d(3, 8, 4, stride=4)
        self.dense = nn.Linear(8, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True) if attention else None

    def forward(self, x):
        x = self.dense(self.cut(x).flatten(2).transpose(1, 2))  # (N, 16, 8)
        return x if self.attention is None else self.attention(x, x, x)[0]


def test_tokens_keep_their_patch_until_they_attend():
    found = measure(Patches(attention=True), torch.zeros(2, 3, 16, 16))
    assert [layer.field for layer in found.layers] == [(4, 4), (4, 4), "all"]


@pytest.mark.parametrize(
    ("rest", "field"),
    [
        (Called(lambda x: x.mean((2, 3))), "all"),
        (Called(lambda x: x.softmax(-1)), "all"),
        (Called(lambda x: x.softmax(1)), (3, 3)),
        (Called(lambda x: x.amax(1)), (3, 3)),
        (Called(lambda x: x * x.mean((2, 3), keepdim=True).sigmoid()), "all"),
        (Called(lambda x: x @ x.transpose(2, 3)), "all"),
        (Called(lambda x: x.flip(3)), None),
        (Called(lambda x: x[..., ::2]), None),
        (Called(lambda x: x[:, :, 1:-1, None]), (3, 3)),
        (Called(lambda x: x.chunk(2, 1)[0]), (3, 3)),
        (Called(lambda x: torch.stack([x, x], 1)), (3, 3)),
        (Called(lambda x: x.reshape(2, 4, -1)), (3, 3)),
        (Called(lambda x: F.interpolate(x, (5, 5), mode="area")), None),
        (nn.AdaptiveAvgPool2d(4), None),
        (nn.Sequential(nn.Flatten(), nn.Linear(4 * 36, 3)), "all"),
    ],
)
def test_what_mixes_positions(rest, field):
    if isinstance(rest, Called) and field == (3, 3):
        rest = nn.Sequential(rest, nn.Identity())
    found = measure(nn.Sequential(conv(3, 4), rest), torch.rand(2, 3, 8, 8))
    assert found.layer("1").field == field
    assert found.notes == ()


def test_what_leaves_torch_is_unknown_and_not_narrow():
    leave = Called(lambda x: torch.from_numpy(x.detach().numpy() * 2))
    found = measure(nn.Sequential(conv(), leave, conv()), torch.rand(2, 1, 9, 9))
    assert [layer.field for layer in found.layers] == [(3, 3), None, None]
    assert measure(Together(sum, conv(padding=1), leave), torch.rand(2, 1, 9, 9)).field is None
