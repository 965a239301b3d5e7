"""Images to uint8 batches of one size, with the mean and deviation by which a net shifts and scales them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradwise.data.answers import choices_from, choices_state, coded, fitted_coder
from gradwise.data.examples import Array, Choice, Examples, Source, Task
from gradwise.data.memory import gathered
from gradwise.data.pixels import BYTES, extremes, mean_and_deviation, span_of
from gradwise.data.scaling import AUTO, USUAL, Scale, Spread, choose
from gradwise.data.target_coder import TargetCoder
from gradwise.errors import UsageError

if TYPE_CHECKING:
    from gradwise.data.images import ImageSource

KIND = "images"
HOW = "put the images into one folder per class, or give a table of paths with --target."


@dataclass(frozen=True, slots=True)
class ImageEncoder:
    """What was fitted to the training images.

    Pixels stay uint8 all the way to the net, a quarter of the memory and traffic of float32; the net itself
    computes ``(pixels / 255 - mean) / std`` at its entrance, or scales each image by its own contrast.

    Args:
        coder: of the target.
        choices: what was chosen while reading and fitting.
        channels: of every image, 1 for grey and 3 for colours.
        height: in pixels.
        width: in pixels.
        mean: what is taken off every channel, in units of the full range (0..1); by default its mean over the
            training images.
        std: what is divided by, in the same units; by default the standard deviation of every channel, 1
            where it is constant.
        span: raw values that became 0 and 255, of arrays that were no bytes.
        contrast: None; else each image is scaled by its own mean and variance, the latter plus this squared,
            in the same units.
    """

    coder: TargetCoder
    choices: tuple[Choice, ...]
    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    span: tuple[float, float] = BYTES
    contrast: float | None = None

    @property
    def task(self) -> Task:
        """What is to be predicted."""
        return self.coder.task

    def shape(self) -> dict[str, Any]:
        """``channels``, ``height``, ``width``; for the net's entrance ``mean``, ``std`` and ``contrast``."""
        names = ["channels", "height", "width", "mean", "std"]
        names += ["contrast"] if self.contrast is not None else []
        return {name: getattr(self, name) for name in names}

    def transform(self, source: Source, rows: Array | None = None) -> Examples:
        """``pixels`` (N, channels, height, width) uint8; other sizes are resized, colours made grey.

        Raises:
            UsageError: the source holds no images, or images whose channels cannot be matched.
        """
        from gradwise.data.images import ImageSource

        if not isinstance(source, ImageSource):
            raise UsageError(f"the net was trained on images, but the data is a {source.kind}; give images.")
        raw = source.pixels.shape[1]
        if raw != self.channels and not (raw <= 4 and self.channels in (1, 3)):
            raise UsageError(
                f"the net was trained on images of {self.channels} channels, but these have {raw}; "
                "give images of the same kind."
            )
        span = self.span if self.span != BYTES else span_of(source.pixels)
        pixels = source.as_bytes(self.channels, self.height, self.width, span)
        return Examples({"pixels": gathered(pixels, rows)}, coded(self.coder, source.target, rows))

    def state(self) -> dict[str, Any]:
        """Everything above, as JSON can hold it."""
        numbers = {name: list(getattr(self, name)) for name in ("mean", "std", "span")}
        sizes = {name: getattr(self, name) for name in ("channels", "height", "width")}
        return {
            "kind": KIND,
            "target": self.coder.state(),
            "choices": choices_state(self.choices),
            **sizes,
            **numbers,
            "contrast": self.contrast,
        }


def fit(source: ImageSource, rows: Array, scale: str = AUTO) -> ImageEncoder:
    """An encoder fitted on these rows of ``source``.

    Raises:
        UsageError: no target, fewer than two classes, images that are all one colour, or no such scaling.
    """
    scaling = choose(scale, "images")
    coder = fitted_coder(source.target, rows, HOW)
    span = span_of(source.pixels)
    channels, height, width = source.pixels.shape[1], *(source.size or source.pixels.shape[2:])
    pixels = source.as_bytes(channels, height, width, span)
    mean, deviation = mean_and_deviation(pixels, rows)
    if not any(deviation):
        raise UsageError(
            f"all {len(rows):,} training images are one and the same colour, so there is nothing to "
            "learn from; look at the files."
        )
    shift, by = _scaled(scaling, pixels, rows, (mean, deviation))
    contrast = None if scaling.floor is None else scaling.floor * _overall(mean, deviation)
    what = f"{channels} channel{'s' * (channels > 1)}: {scaling.summary}"
    choices = (*source.choices, *_choices(source, span), Choice("scale", scaling.name, what))
    return ImageEncoder(coder, choices, channels, height, width, shift, by, span, contrast)


def _scaled(
    scale: Scale, pixels: Array, rows: Array, moments: tuple[tuple[float, ...], tuple[float, ...]]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Shift and scale of every channel, in units of the full range."""
    mean, deviation = moments
    if scale.scaling is None:
        return (0.0,) * len(mean), (1 / BYTES[1],) * len(mean)  # pixels come out as they are, 0 to 255
    nothing = (0.0,) * len(mean)
    by_ends = scale.name != USUAL and scale.floor is None  # else a look at every pixel is saved
    low, high = extremes(pixels, rows) if by_ends else (nothing, nothing)
    spreads = zip(mean, [value or 1.0 for value in deviation], low, high, strict=True)
    shift, by = zip(*(scale.affine(Spread(*channel)) for channel in spreads), strict=True)
    return shift, by


def _overall(mean: tuple[float, ...], deviation: tuple[float, ...]) -> float:
    """Standard deviation over all channels together."""
    middle = sum(mean) / len(mean)
    parts = [d**2 + (m - middle) ** 2 for m, d in zip(mean, deviation, strict=True)]
    return float((sum(parts) / len(parts)) ** 0.5)


def encoder_from(state: dict[str, Any]) -> ImageEncoder:
    """What `ImageEncoder.state` wrote."""
    coder, choices = TargetCoder.from_state(state["target"]), choices_from(state["choices"])
    sizes = (state["channels"], state["height"], state["width"])
    low, high = state["span"]
    places = (tuple(state["mean"]), tuple(state["std"]))
    return ImageEncoder(coder, choices, *sizes, *places, (low, high), state.get("contrast"))


def _choices(source: ImageSource, span: tuple[float, float]) -> tuple[Choice, ...]:
    if source.pixels.dtype == "uint8":
        return ()
    values = f"the {source.pixels.dtype} values {span[0]:g} to {span[1]:g}"
    reason = f"{values} become 0 to 255, which takes the least memory"
    return (Choice("pixels", "8 bits", reason),)
