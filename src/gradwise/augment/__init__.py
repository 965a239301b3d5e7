"""Augmentations by their usual names, one per file, on batches of tensors.

>>> import torch
>>> from gradwise import augment
>>> pipeline = augment.make("flip:p=1")
>>> pixels = torch.tensor([[[[1, 2, 3]]]], dtype=torch.uint8)
>>> pipeline(pixels, torch.tensor([0]))[0].flatten().tolist()
[3, 2, 1]
"""

from gradwise.augment.augmentation import Augmentation
from gradwise.augment.collection import AUGMENTATIONS, augmentations_for, make, proper
from gradwise.augment.pipeline import Pipeline
from gradwise.augment.seeding import generator_for

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "Pipeline",
    "augmentations_for",
    "generator_for",
    "make",
    "proper",
]
