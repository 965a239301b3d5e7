"""Whether kornia and gradwise make the same picture of the same motion."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from gradwise import augment

SIDE = 64


def differences() -> dict[str, float]:
    """Largest difference of a pixel, from 0 to 255, by motion; kornia with pixel centres as torch's default."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from kornia.geometry import transform

    image = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 255
    centre = torch.full((1, 2), (SIDE - 1) / 2)
    one = torch.ones(1, 2)

    def affine(angle: float, factor: float) -> Tensor:
        matrix = transform.get_rotation_matrix2d(centre, torch.tensor([angle]), one * factor)
        return transform.warp_affine(image, matrix, (SIDE, SIDE), align_corners=False)

    pairs = {
        "rotate 30 degrees": ("rotate:degrees=(30,30)", affine(30.0, 1.0)),
        "scale by 1.3": ("scale:factor=(1.3,1.3)", affine(0.0, 1.3)),
        "flip": ("flip:p=1", transform.hflip(image)),
        "rotate, then scale": ("rotate:degrees=(30,30), scale:factor=(0.8,0.8)", affine(30.0, 0.8)),
    }
    target = torch.zeros(1)
    return {
        name: float((augment.make(names)(image, target)[0] - theirs).abs().max())
        for name, (names, theirs) in pairs.items()
    }
