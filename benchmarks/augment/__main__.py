"""Augmentation beside kornia on two sizes, and its share of a training step; README.md says how it is measured."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.augment.pictures import differences
from benchmarks.augment.turns import CLOCKS, ratio, turns
from gradwise import augment
from gradwise.nets import make
from gradwise.train.augmenting import Augmenter
from gradwise.train.loop import step
from gradwise.train.training import Training

BAR_SPEED = 5.0  # times kornia
BAR_SHARE = 0.15  # of a step of ResNet-18
SHAPES = ((128, 3, 32, 32), (32, 3, 224, 224))
PIPELINES = {
    "flip, crop": "flip, crop:padding=4",
    "five motions": "flip, rotate:degrees=15, scale:factor=0.2, translate:share=0.1, crop:padding=4",
    "five motions, colour, cutout, mixup": (
        "flip, rotate:degrees=15, scale:factor=0.2, translate:share=0.1, crop:padding=4, colour, cutout, mixup"
    ),
}


def contestants(shape: tuple[int, int, int, int]) -> dict[str, Callable[[], object]]:
    """Calls that each augment one batch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kornia.augmentation as kornia
    count, _, height, width = shape
    padding = height // 8
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    floats = images.float() / 255
    flip = [kornia.RandomHorizontalFlip(p=0.5)]
    crop = [kornia.RandomCrop((height, width), padding=padding, p=1.0)]
    apart = [
        kornia.RandomRotation(15.0, p=1.0),
        kornia.RandomAffine(0.0, scale=(0.8, 1.2), p=1.0),
        kornia.RandomAffine(0.0, translate=(0.1, 0.1), p=1.0),
    ]
    one = [kornia.RandomAffine(15.0, translate=(0.1, 0.1), scale=(0.8, 1.2), p=1.0)]
    theirs = kornia.AugmentationSequential(*flip, *apart, *crop, data_keys=["input"])
    merged = kornia.AugmentationSequential(*flip, *one, *crop, data_keys=["input"])
    names = f"flip, rotate:degrees=15, scale:factor=0.2, translate:share=0.1, crop:padding={padding}"
    ours, target, generator = augment.make(names), torch.zeros(count), torch.Generator()
    return {
        "kornia floats": lambda: theirs(floats),
        "gradwise floats": lambda: ours(floats, target, generator),
        "kornia bytes": lambda: theirs(images.float().div_(255)),
        "gradwise bytes": lambda: ours(images, target, generator)[0].float(),
        "kornia merged floats": lambda: merged(floats),
    }


def beside(shape: tuple[int, int, int, int], options: argparse.Namespace) -> dict[str, Any]:
    """One size: the table's lines, and whether the bar holds."""
    print(f"\n{' x '.join(map(str, shape))}")
    spent = turns(contestants(shape), count=options.turns, seconds=options.seconds, clock=options.clock)
    for name, each in spent.items():
        print(f"  {name:24} {1000 * statistics.median(each):9.2f} ms   least {1000 * min(each):9.2f} ms")
    found: dict[str, Any] = {"shape": shape, "seconds": spent, "holds": True}
    for form in ("floats", "bytes"):
        middle, least, most = ratio(spent, f"kornia {form}", f"gradwise {form}")
        holds = middle >= BAR_SPEED
        found["holds"] &= holds
        found[form] = middle
        print(f"  {form:24} {middle:9.2f} x    {least:.2f}-{most:.2f}   {'holds' if holds else 'MISSED'}")
    middle, least, most = ratio(spent, "kornia merged floats", "gradwise floats")
    print(f"  {'merged':24} {middle:9.2f} x    {least:.2f}-{most:.2f}")
    return found


def shares(options: argparse.Namespace) -> dict[str, Any]:
    """Each pipeline's time over that of a step of ResNet-18, batch 128 of 32 x 32."""
    torch.manual_seed(0)
    model = make("resnet18", outputs=10, channels=3, height=32, width=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    training = Training(model, optimizer, torch.nn.CrossEntropyLoss())
    images = torch.randint(0, 256, SHAPES[0], dtype=torch.uint8)
    target = torch.randint(0, 10, SHAPES[0][:1])
    called: dict[str, Callable[[], object]] = {"step": lambda: step(training, (images,), target).item()}
    for name, names in PIPELINES.items():
        made = Augmenter(names, augment.make(names, classes=10))
        called[name] = lambda made=made: made((images,), target, epoch=0, batch=0)
    spent = turns(called, count=max(3, options.turns // 3), seconds=options.seconds, clock=options.clock)
    print(f"\nResNet-18, 128 x 3 x 32 x 32: a step takes {1000 * statistics.median(spent['step']):.0f} ms")
    found: dict[str, Any] = {"seconds": spent, "holds": True}
    for name in PIPELINES:
        share = 1 / ratio(spent, "step", name)[0]
        holds = share <= BAR_SHARE
        found["holds"] &= holds
        found[name] = share
        print(f"  {name:38} {100 * share:6.2f} % of it   {'holds' if holds else 'MISSED'}")
    return found


def main() -> int:
    """Measure, print; 0 when every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.augment", description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a contestant in one turn, about")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--quick", action="store_true", help="few turns, and no step of ResNet-18")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    if options.clock == "cpu":
        options.threads = 1
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    if options.quick:
        options.turns, options.seconds = 5, 0.05
    print(f"{options.clock} clock, torch {torch.__version__}, {torch.get_num_threads()} threads")
    found: dict[str, Any] = {"pictures": differences()}
    print("same pictures: " + ", ".join(f"{name} {off:.2g}" for name, off in found["pictures"].items()))
    found["sizes"] = [beside(shape, options) for shape in SHAPES]
    held = all(each["holds"] for each in found["sizes"])
    if not options.quick:
        found["shares"] = shares(options)
        held = held and found["shares"]["holds"]
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
