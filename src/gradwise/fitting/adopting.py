"""Inputs prepared as earlier weights, or a teacher, were used to having them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from torch import Tensor

from gradwise import nets
from gradwise.data.examples import Choice, Encoder
from gradwise.data.image_encoder import ImageEncoder
from gradwise.data.opening import encoder_from
from gradwise.data.scaling import AUTO
from gradwise.data.table_encoder import TableEncoder
from gradwise.errors import UsageError
from gradwise.fitting.origins import PIXELS, Origin
from gradwise.nets.pixels import BYTE
from gradwise.nets.published import published_input
from gradwise.train.config import FitConfig

Made = TypeVar("Made", bound=Encoder)

# Choices that tell how inputs were fitted, which is then not how they are prepared.
FITTED = (
    "scale",
    "missing",
    "categories",
    "rare-categories",
    "columns-left-out",
    "constant-columns",
    "padding",
)
SHOWN = 5  # columns in a message
NOT_INPUTS = ("target", "choices")  # parts of the state of an encoder


def adopt(encoder: Encoder, config: FitConfig) -> Encoder:
    """The encoder with its inputs prepared as the weights, or the teacher, know them; the target is its own.

    Images keep their size, and get mean and deviation of the weights: those of the run or of the file that
    they are from, else those that published weights of the net were trained with.  Tables, series and texts
    are prepared by the run altogether.

    Args:
        encoder: fitted to the training rows.
        config: the user's settings.

    Raises:
        UsageError: data of another kind, or a scaling that was asked for beside that of a run.
    """
    if config.weights is not None:
        origin = Origin.find(config.weights, "--weights")
        encoder = (
            _of_file(encoder, origin, config) if origin.record is None else _of_run(encoder, origin, config)
        )
    if config.teacher is not None:
        encoder = _of_teacher(encoder, Origin.find(config.teacher, "--teacher", run=True), config)
    return encoder


def _of_file(encoder: Encoder, origin: Origin, config: FitConfig) -> Encoder:
    if not isinstance(encoder, ImageEncoder) or config.scale != AUTO or config.net == "auto":
        return encoder
    state = origin.weights()
    scale = next((value for name, value in state.items() if name.endswith(f"{PIXELS}scale")), None)
    shift = next((value for name, value in state.items() if name.endswith(f"{PIXELS}shift")), None)
    if scale is not None and shift is not None:
        found, whose = _moments(scale, shift), f"those that {origin.name} was trained with"
    else:
        published = published_input(config.net)
        if published is None:
            return encoder
        found, whose = published, f"those that published weights of {nets.NETS.name(config.net)} expect"
    if len(found[0]) != encoder.channels:
        return encoder  # the first layer does not fit either, which is told with its shape
    return _scaled(encoder, *found, whose)


def _of_run(encoder: Encoder, origin: Origin, config: FitConfig) -> Encoder:
    """As a run prepared its inputs."""
    assert origin.record is not None
    theirs = encoder_from(origin.record.encoder)
    if nets.input_kind(theirs.shape()) != nets.input_kind(encoder.shape()) or type(theirs) is not type(
        encoder
    ):
        raise UsageError(
            f"{origin.flag} {origin.name} was trained on {_kind(theirs)}, and this data is {_kind(encoder)}; "
            "give a fit of the same kind of data."
        )
    if config.scale != AUTO:
        raise UsageError(
            f"{origin.flag} {origin.name} brings along how its inputs were scaled; leave --scale "
            f"{config.scale} out."
        )
    if isinstance(encoder, ImageEncoder) and isinstance(theirs, ImageEncoder):
        if encoder.channels != theirs.channels:
            raise UsageError(
                f"{origin.flag} {origin.name} was trained on images of {theirs.channels} channels, and these "
                f"have {encoder.channels}."
            )
        made = replace(encoder, span=theirs.span, contrast=theirs.contrast)
        return _scaled(made, theirs.mean, theirs.std, f"those of {origin.name}")
    state = {**theirs.state(), "target": encoder.state()["target"]}
    spare: tuple[str, ...] = ()
    if isinstance(encoder, TableEncoder) and isinstance(theirs, TableEncoder):
        spare = tuple(name for name in encoder.names() if name not in theirs.names())
    told = [Choice("inputs", f"as in {origin.name}", "same columns, scaling and codes as its weights know")]
    if spare:
        told.append(
            Choice("columns-left-out", str(len(spare)), f"{_some(spare)}: {origin.name} had none such")
        )
    return _with(encoder_from(state), _kept(encoder, told))


def _of_teacher(encoder: Encoder, origin: Origin, config: FitConfig) -> Encoder:
    """As a teacher takes its inputs; images need nothing, since its net scales them itself."""
    assert origin.record is not None
    theirs = encoder_from(origin.record.encoder)
    if isinstance(encoder, ImageEncoder) and isinstance(theirs, ImageEncoder):
        for what, mine, its in (
            ("channels", encoder.channels, theirs.channels),
            ("pixels", f"{encoder.height}×{encoder.width}", f"{theirs.height}×{theirs.width}"),
            ("values from black to white", _span(encoder.span), _span(theirs.span)),
        ):
            if mine != its:
                raise UsageError(
                    f"{origin.flag} {origin.name} takes images of {its} {what}, and these have {mine}; give "
                    "a teacher of the same images."
                )
        return encoder
    if type(theirs) is type(encoder) and _inputs(theirs) == _inputs(encoder):
        return encoder
    if config.weights is not None and Origin.find(config.weights, "--weights").record is not None:
        raise UsageError(
            f"{origin.flag} {origin.name} and --weights had their inputs prepared in different ways; give "
            "runs of the same data and seed."
        )
    return _of_run(encoder, origin, config)


def _scaled(
    encoder: ImageEncoder, mean: tuple[float, ...], std: tuple[float, ...], whose: str
) -> ImageEncoder:
    shown = "mean " + " ".join(f"{value:.3g}" for value in mean)
    shown += "; deviation " + " ".join(f"{value:.3g}" for value in std)
    name = "each image by itself" if encoder.contrast is not None else shown
    made = replace(encoder, mean=mean, std=std)
    return _with(made, _kept(encoder, [Choice("scale", name, whose)]))


def _kept(encoder: Encoder, more: list[Choice]) -> tuple[Choice, ...]:
    return (*(choice for choice in encoder.choices if choice.name not in FITTED), *more)


def _with(encoder: Made, choices: tuple[Choice, ...]) -> Made:
    made: Any = encoder
    return replace(made, choices=choices)


def _moments(scale: Tensor, shift: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of every channel from the two buffers of a net's entrance."""
    std = (1 / (BYTE * scale.double())).flatten()
    mean = (-shift.double().flatten() * std).round(decimals=6)
    return tuple(mean.tolist()), tuple(std.round(decimals=6).tolist())


def _inputs(encoder: Encoder) -> Mapping[str, Any]:
    return {name: value for name, value in encoder.state().items() if name not in NOT_INPUTS}


def _kind(encoder: Encoder) -> str:
    return str(encoder.state()["kind"]).replace("array-table", "an array").replace("table", "a table")


def _span(span: tuple[float, float]) -> str:
    return " to ".join(f"{value:g}" for value in span)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:SHOWN]) + (" ..." if len(names) > SHOWN else "")
