"""A net by name on an input of a given shape, without memory: on torch's ``meta`` device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from gradwise import nets
from gradwise.anatomy.facts import Anatomy
from gradwise.anatomy.measure import measure, untouched
from gradwise.anatomy.memory import kept_bytes
from gradwise.data.examples import Choice
from gradwise.errors import UsageError

BATCH = 32  # examples; what autograd keeps is told for so many

ROOM = 500_000_000  # bytes of weights up to which a net is built with numbers

# Shapes on which nets were published, where nothing else is asked for: channels, height, width and classes.
IMAGENET = (3, 224, 224, 1000)
PUBLISHED: Mapping[str, tuple[int, int, int, int]] = {
    "lenet-5": (1, 28, 28, 10),  # MNIST; LeCun and others 1998
    "cnn": (3, 32, 32, 10),  # CIFAR-10
    "inception-v3": (3, 299, 299, 1000),  # arXiv 1512.00567, section 6
    "inception-v4": (3, 299, 299, 1000),  # arXiv 1602.07261, figure 9
    "densenet-bc-100-12": (3, 32, 32, 10),  # arXiv 1608.06993, table 2
    "resnext29-8x64d": (3, 32, 32, 10),  # arXiv 1611.05431, table 7
    "resnext29-32x4d": (3, 32, 32, 10),
}
OTHERS: Mapping[str, tuple[dict[str, Any], int, str]] = {
    "table": ({"numbers": 20}, 1, "--inputs 20"),
    "series": ({"features": 3, "length": 100}, 10, "--series 3x100"),
    "text": ({"vocabulary": 10_000, "length": 200}, 2, "--text 10000x200"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """A net with what it can be called with.

    Args:
        name: of the net, with its options.
        model: on the ``meta`` device.
        inputs: by position, for one batch.
        choices: what was not asked for, and why it is so.
    """

    name: str
    model: nn.Module
    inputs: tuple[Tensor, ...]
    choices: tuple[Choice, ...] = ()

    def measured(self, *, training: bool = False) -> Anatomy:
        """What it is made of; what autograd keeps is that of training, in any case."""
        found = measure(self.model, *self.inputs, training=training, name=self.name)
        if training:
            return found
        with untouched(self.model):
            return replace(found, kept_bytes=kept_bytes(self.model.train(), *self.inputs))


def named(word: str, *, shape: Mapping[str, Any], outputs: int | None, batch: int = BATCH) -> Example:
    """A net by name, on what it was published for where no shape is given.

    Args:
        word: name of a net, with options after a colon: ``mlp:units=64``.
        shape: of its input, see `gradwise.nets.make`; empty: its usual one.
        outputs: numbers for one example; None: as many as is usual.
        batch: examples.

    Raises:
        UnknownNameError: no net is called so.
        UsageError: it does not take such an input, or has no such option.
    """
    proper, _ = nets.NETS.parse(word)
    choices = []
    kind = nets.input_kind(shape) if shape else next(iter(nets.NETS[proper].makers))
    usual, count, option, why = _usual(proper, kind)
    if not shape:
        choices.append(Choice("input", option, why))
    if outputs is None:
        outputs = count if not shape or kind != "images" else _classes(shape)
        choices.append(Choice("outputs", f"--outputs {outputs}", why if not shape else "none were asked for"))
    full = {**(shape or usual)}
    with torch.device("meta"):
        model = nets.make(word, outputs=outputs, **full)
    if _slow_on_meta(model):
        with torch.random.fork_rng(devices=[]):
            model = nets.make(word, outputs=outputs, **full)
    inputs = example_inputs(kind, full, batch, meta=next(model.parameters()).is_meta)
    return Example(nets.NETS.proper(word), model, inputs, tuple(choices))


def fitted(name: str, model: nn.Module, shape: Mapping[str, Any], batch: int = BATCH) -> Example:
    """A fitted net, of which only shapes are kept.

    Args:
        name: of the net.
        model: the net; moved to the ``meta`` device unless it is recurrent.
        shape: of its input, as ``run.json`` keeps it.
        batch: examples.
    """
    meta = not _slow_on_meta(model)
    inputs = example_inputs(nets.input_kind(shape), shape, batch, meta=meta)
    return Example(name, model.to("meta") if meta else model, inputs)


def _slow_on_meta(model: nn.Module) -> bool:
    """Recurrent layers take a millisecond per step there, and far less with numbers, if these have room."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    return recurrent and sum(weight.nbytes for weight in model.parameters()) < ROOM


def example_inputs(
    kind: str, shape: Mapping[str, Any], batch: int, *, meta: bool = True
) -> tuple[Tensor, ...]:
    """What nets on this kind of input are called with; sequences are all of full length.

    Args:
        kind: ``table``, ``images``, ``series`` or ``text``.
        shape: as `gradwise.data.examples.Encoder.shape` gives it.
        batch: examples.
        meta: without memory; lengths have numbers in any case, since nets look at them.
    """
    device = "meta" if meta else "cpu"
    lengths = torch.full((batch,), shape.get("length", 1))
    if kind == "table":
        numbers = torch.zeros(batch, shape["numbers"], device=device)
        columns = len(shape.get("categories") or ())
        return (numbers, torch.zeros(batch, columns, dtype=torch.int64, device=device))[: 1 + bool(columns)]
    if kind == "images":
        sizes = (shape["channels"], shape["height"], shape["width"])
        return (torch.zeros(batch, *sizes, dtype=torch.uint8, device=device),)
    if kind == "series":
        return torch.zeros(batch, shape["length"], shape["features"], device=device), lengths
    return torch.zeros(batch, shape["length"], dtype=torch.int64, device=device), lengths


def _usual(name: str, kind: str) -> tuple[dict[str, Any], int, str, str]:
    """Shape, outputs, the shape as it is written, and whose shape it is."""
    if kind != "images":
        shape, outputs, option = OTHERS[kind]
        return dict(shape), outputs, option, "an example; give your own"
    channels, height, width, classes = PUBLISHED.get(name, IMAGENET)
    shape = {"channels": channels, "height": height, "width": width}
    return shape, classes, f"--image {channels}x{height}x{width}", "what the net was published for"


def _classes(shape: Mapping[str, Any]) -> int:
    """1000 for images as large as those of ImageNet nets, else 10."""
    return 1000 if min(shape["height"], shape["width"]) >= 128 else 10


def parse_sizes(option: str, text: str, words: str) -> tuple[int, ...]:
    """Whole numbers from 1 on with ``x`` between.

    Args:
        option: as it is called, for messages.
        text: what was given, e.g. ``"3x224x224"``.
        words: what is wanted, e.g. ``"CHANNELSxHEIGHTxWIDTH"``.

    Raises:
        UsageError: it is not written so.

    >>> parse_sizes("--image", "3x32x32", "CHANNELSxHEIGHTxWIDTH")
    (3, 32, 32)
    """
    parts = text.lower().replace("×", "x").split("x")
    wanted = words.count("x") + 1
    if len(parts) != wanted or not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(f"{option} takes {words}, {wanted} whole numbers from 1 on, not {text!r}.")
    return tuple(int(part) for part in parts)
