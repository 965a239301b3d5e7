"""What published weights of a family expect of their inputs."""

from __future__ import annotations

import importlib

from gradwise.nets.collection import NETS, options

# Means and deviations of red, green and blue over ImageNet, from 0 to 1: torchvision's transforms.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

Moments = tuple[tuple[float, ...], tuple[float, ...]]


def published_input(net: str) -> Moments | None:
    """Mean and deviation of every channel in which published weights of a net were trained.

    Args:
        net: a name or alias of `NETS`, with or without options.

    Returns:
        Those of the family where it declares some (``PUBLISHED_INPUT``), else those of ImageNet for families
        with an ImageNet stem; None: none are published.

    Raises:
        UnknownNameError: no net is called so.

    >>> published_input("resnet18"), published_input("lenet-5")
    (((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), None)
    """
    name = NETS.name(net)
    makers = NETS[name].makers
    if "images" not in makers or "stem" not in options(name, "images"):
        return None
    maker = makers["images"]
    module = importlib.import_module(getattr(maker, "func", maker).__module__)
    declared: dict[str, Moments] = getattr(module, "PUBLISHED_INPUT", {})
    return declared.get(name, IMAGENET)
