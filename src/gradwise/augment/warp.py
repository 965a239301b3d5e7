"""All motions of a batch at once: by indexing where pixels land on pixels, else by one interpolation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from gradwise.augment.augmentation import Frame, Motion, as_floats, unmoved

# Bytes of pixels, places and result that each thread handles in one call of grid_sample: more leave a CPU's
# caches, and it waits for memory (measured on 32 x 3 x 224 x 224: half the time in pieces of 1 to 3 MiB).
PIECE = 3 << 20
LATTICE = 1e-9  # pixels: nearer to a whole number than float64 rounds in a chain of motions


def composed(
    motions: Sequence[Motion], rows: int, size: tuple[int, int], generator: torch.Generator | None
) -> tuple[Tensor, tuple[int, int]]:
    """(N, 2, 3) float64 from where each point of the result comes, and the result's height and width.

    The first motion is the first that the image undergoes.
    """
    back = unmoved(rows)
    for number, motion in enumerate(motions):
        one = motion.back(Frame(rows, size, generator))
        if number:
            one, before = back[:, :, :2] @ one, back[:, :, 2]
            one[:, :, 2] += before
        back, size = one, motion.size(size)
    return back, size


def moved(pixels: Tensor, back: Tensor, size: tuple[int, int], fill: str, *, rounded: bool = False) -> Tensor:
    """(N, C, H, W) -> (N, C, *size); memory layout stays.

    Args:
        pixels: bytes or floats.
        back: as `composed` gives it.
        size: height and width of the result.
        fill: of `gradwise.augment.augmentation.FILLS`.
        rounded: bytes come out as bytes, even where they were interpolated.

    Returns:
        The dtype of ``pixels`` where every pixel lands on a pixel (flips, whole shifts, quarter turns), and
        not one value is changed; else floats, interpolated bilinearly, which ``rounded`` makes bytes again.
    """
    parts = _lattice(back, pixels.shape[-2:], size)
    if parts is not None:
        return _indexed(pixels, *parts, fill)
    return _warped(pixels, back, size, fill, pixels.dtype if rounded else as_floats(pixels[:0]).dtype)


def as_before(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Floats from 0 to 255 as bytes, rounded, where ``dtype`` is not theirs; the floats are used up."""
    return values if values.dtype == dtype else values.add_(0.5).to(dtype)


def _warped(
    pixels: Tensor, back: Tensor, size: tuple[int, int], fill: str, result_dtype: torch.dtype
) -> Tensor:
    height, width = pixels.shape[-2:]
    extent = torch.tensor([width, height], dtype=torch.float64)
    # grid_sample counts from -1 to 1 between the outer edges (align_corners=False): 2 c / extent.
    scaled = (back * (2 / extent).view(1, 2, 1)).float().to(pixels.device)
    down, right = (_middle(length, pixels.device) for length in size)
    dtype = as_floats(pixels[:0]).dtype
    layout, copied = _layout(pixels), pixels.device.type == "cpu"
    shape = (*pixels.shape[:2], *size)

    def piece(part: Tensor, theta: Tensor) -> Tensor:
        # A copy brings the pixels into a CPU's cache line by line; grid_sample, which jumps, waits for each.
        along = (theta[:, :, :1] * right).mT.unsqueeze(1)  # (n, 1, w, 2)
        across = (theta[:, :, 1:2] * down + theta[:, :, 2:]).mT.unsqueeze(2)  # (n, h, 1, 2)
        places = (across + along).to(dtype)
        near = part.to(dtype, copy=copied)
        found = functional.grid_sample(near, places, padding_mode=fill, align_corners=False)
        return as_before(found, result_dtype)

    count = _piece_rows(pixels, size)
    if count >= len(pixels):
        return piece(pixels, scaled).contiguous(memory_format=layout)
    result = torch.empty(shape, dtype=result_dtype, device=pixels.device, memory_format=layout)
    for part, theta, into in zip(pixels.split(count), scaled.split(count), result.split(count), strict=True):
        into.copy_(piece(part, theta))
    return result


def _piece_rows(pixels: Tensor, size: tuple[int, int]) -> int:
    """Images in one call."""
    if pixels.device.type != "cpu":
        return len(pixels)
    channels, height, width = pixels.shape[1:]
    numbers = channels * height * width + (channels + 2) * size[0] * size[1]
    return torch.get_num_threads() * max(1, PIECE // (4 * numbers))


def _lattice(
    back: Tensor, before: Sequence[int], after: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor] | None:
    """Where every pixel lands on a pixel: (N, h) what y tells, (N, w) what x tells, (N, 1) whether turned.

    Turned: y tells the column and x the row, as after a quarter turn.
    """
    linear = back[:, :, :2]
    rounded = linear.round()
    middle = torch.tensor([before[1] - 1, before[0] - 1], dtype=torch.float64) / 2
    corner = torch.tensor([[after[1] - 1], [after[0] - 1]], dtype=torch.float64) / 2
    shift = back[:, :, 2] + middle - (rounded @ corner).squeeze(2)  # (N, 2) index of the first pixel's source
    off = torch.maximum((linear - rounded).abs().amax(), (shift - shift.round()).abs().amax())
    if off > LATTICE or bool((rounded.abs().sum(1) != 1).any() | (rounded.abs().sum(2) != 1).any()):
        return None
    rounded, shift = rounded.long(), shift.round().long()
    turned = rounded[:, :1, 0] == 0  # (N, 1)
    from_y = rounded[:, :, 1].sum(1, keepdim=True)  # (N, 1) +1 or -1
    from_x = rounded[:, :, 0].sum(1, keepdim=True)
    first_y = torch.where(turned, shift[:, :1], shift[:, 1:])
    first_x = torch.where(turned, shift[:, 1:], shift[:, :1])
    return (
        first_y + from_y * torch.arange(after[0]),
        first_x + from_x * torch.arange(after[1]),
        turned,
    )


def _indexed(pixels: Tensor, by_y: Tensor, by_x: Tensor, turned: Tensor, fill: str) -> Tensor:
    height, width = pixels.shape[-2:]
    y_extent, x_extent = (
        torch.where(turned, torch.tensor(one), torch.tensor(other))
        for one, other in ((width, height), (height, width))
    )
    rows, row_inside = _inside(by_y, y_extent, fill)
    columns, column_inside = _inside(by_x, x_extent, fill)
    places = torch.where(turned, rows, rows * width).unsqueeze(2) + torch.where(
        turned, columns * width, columns
    ).unsqueeze(1)  # (N, h, w)
    places = places.to(pixels.device).flatten(1).unsqueeze(1).expand(-1, pixels.shape[1], -1)
    result = pixels.flatten(2).gather(2, places).unflatten(2, (by_y.shape[1], by_x.shape[1]))
    if fill == "zeros" and not bool(row_inside.all() & column_inside.all()):
        inside = row_inside.unsqueeze(2) & column_inside.unsqueeze(1)
        result.mul_(inside.unsqueeze(1).to(pixels.device))
    return result.contiguous(memory_format=_layout(pixels))


def _inside(index: Tensor, extent: Tensor, fill: str) -> tuple[Tensor, Tensor]:
    """Indices brought into the image, and which of them were inside."""
    if fill == "reflection":  # about the edge, as grid_sample does: ... 1 0 | 0 1 2
        index = index.remainder(2 * extent)
        index = torch.minimum(index, 2 * extent - 1 - index)
    clamped = index.clamp(min=0).minimum(extent - 1)
    return clamped, clamped == index


def _middle(length: int, device: torch.device) -> Tensor:
    """(length,) pixels from the middle."""
    return torch.arange(length, dtype=torch.float32, device=device) - (length - 1) / 2


def _layout(pixels: Tensor) -> torch.memory_format:
    last = pixels.is_contiguous(memory_format=torch.channels_last) and not pixels.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format
