"""What a model is made of, as a table for a terminal and as JSON."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from gradwise.anatomy.facts import Anatomy, Arithmetic, Field, Layer, Shape
from gradwise.report.words import clean, count

SCHEMA = 1  # raised when a field changes its meaning or goes; new fields do not raise it
ROWS = 40  # rows that a table has at most where no depth is asked for: a screen
NAME, KIND = 30, 18  # columns of a name and of a class at most
NARROWEST = 12  # columns of a name at least
GAP = "  "
FORMULA = "(n + 2p − k)/s + 1"
MOST_UNUSED = 5  # modules spelled out

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def render_anatomy(
    found: Anatomy, *, width: int = 80, colour: bool = False, depth: int | None = None, equal: int = 1
) -> str:
    """A model as a table of its layers, with totals below.

    Args:
        found: what one forward pass showed.
        width: columns; below 60 it is taken as 60.
        colour: whether to emit ANSI colours.
        depth: levels of modules that are shown; 0: all; None: as many as fit on a screen.
        equal: models that are just like it, itself included.

    Returns:
        Lines joined by newlines, ending with one.
    """
    width = max(width, 60)
    deepest = max((layer.depth for layer in found.layers), default=1)
    shown = fitting_depth(found) if depth is None else depth or deepest
    layers = [layer for layer in found.layers if layer.depth <= shown]
    lines = [*_wrapped(_title(found, equal), width), ""]
    lines += _Table(found, layers, shown).lines(width, colour)
    lines += ["", *_totals(found, width, colour)]
    if shown < deepest:
        hidden = f"{shown} of {deepest} levels; --depth 0 shows all {len(found.layers)} layers"
        lines += _labelled("folded", hidden, width, colour)
    return "\n".join(lines) + "\n"


def fitting_depth(found: Anatomy) -> int:
    """The most levels whose rows fit on a screen, 1 at least."""
    counts = Counter(layer.depth for layer in found.layers)
    total, depth = 0, 0
    for level in sorted(counts):
        total += counts[level]
        if total > ROWS and depth:
            break
        depth = level
    return max(depth, 1)


def anatomy_json(found: Anatomy, equal: int = 1) -> dict[str, Any]:
    """A model as plain data: every layer, whatever the table folds."""
    document = asdict(found)
    document["layers"] = [
        {**asdict(layer), "depth": layer.depth, "formula": [formula(step) for step in layer.arithmetic]}
        for layer in found.layers
    ]
    weights = {**asdict(found.weights), "frozen": found.weights.frozen}
    return {**document, "weights": weights, "flops_per_example": found.flops_each, "equal_models": equal}


def formula(step: Arithmetic) -> str:
    """The size of an output, written out.

    >>> formula(Arithmetic("window", 224, 112, kernel=7, stride=2, padding=(3, 3)))
    '⌊(224 + 2·3 − 7)/2⌋ + 1 = 112'
    >>> formula(Arithmetic("window", 32, 28, kernel=3, dilation=2))
    '(32 − 2·(3 − 1) − 1)/1 + 1 = 28'
    >>> formula(Arithmetic("transposed", 7, 14, kernel=4, stride=2, padding=(1, 1)))
    '(7 − 1)·2 − 2·1 + 4 = 14'
    """
    if step.kind == "adaptive" or step.computed != step.result:
        return f"{step.size} → {step.result}"
    before, after = step.padding
    sign = "−" if step.kind == "transposed" else "+"
    pads = f" {sign} 2·{before}" if before else ""
    if before != after:
        pads = f" {sign} {before} {sign} {after}"
    kernel = str(step.kernel) if step.dilation == 1 else f"{step.dilation}·({step.kernel} − 1)"
    if step.kind == "transposed":
        more = step.extra + (step.dilation > 1)
        return f"({step.size} − 1)·{step.stride}{pads} + {kernel}{f' + {more}' * (more > 0)} = {step.result}"
    rest = "" if step.dilation == 1 else " − 1"
    inner = f"({step.size}{pads} − {kernel}{rest})/{step.stride}"
    span = step.dilation * (step.kernel - 1) + 1
    if (step.size + before + after - span) % step.stride:
        inner = f"⌈{inner}⌉" if step.ceil else f"⌊{inner}⌋"
    return f"{inner} + 1 = {step.result}"


def short(number: float) -> str:
    """A number with its thousands as a letter, three digits.

    >>> short(0), short(9408), short(4_089_184_256), short(999_999)
    ('0', '9.41 k', '4.09 G', '1 M')
    """
    for letter in ("", " k", " M", " G", " T", " P"):
        if abs(number) < 999.5 or letter == " P":
            return f"{number:.3g}{letter}"
        number /= 1000
    raise AssertionError


def shape_text(shape: Shape, batch: int | None) -> str:
    """A shape with N for the batch: ``N×64×56×56``."""
    sizes = ["N" if place == 0 and size == batch else str(size) for place, size in enumerate(shape)]
    return "×".join(sizes) or "1 number"


class _Table:
    """Rows of layers, laid out for a width.

    Args:
        found: the model.
        layers: those that are shown.
        depth: levels that are shown.
    """

    def __init__(self, found: Anatomy, layers: Sequence[Layer], depth: int) -> None:
        self.found, self.layers, self.depth = found, layers, depth
        self.slides = any(layer.arithmetic for layer in found.layers)
        self.inner = {layer.name.rpartition(".")[0] for layer in layers}

    def lines(self, width: int, colour: bool) -> Iterator[str]:
        """The table, with the arithmetic in a column of its own where it fits, else below each row."""
        heads = ["layer", "type", "output", "parameters", "FLOPs"] + ["field"] * self.slides
        rows = [self._cells(layer) for layer in self.layers]
        sums = [self._sums(layer) for layer in self.layers]
        folded = [self._folded(layer) for layer in self.layers]
        sizes = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        beside = max(len(text) for several in (*sums, folded) for text in several or [""])
        wide = self.slides and sum(sizes) + len(GAP) * len(sizes) + max(beside, len(FORMULA)) <= width
        self._shrink(sizes, width)
        head = _row(heads, sizes) + (GAP + FORMULA if wide else "")
        yield _paint(head.rstrip(), _BOLD, colour)
        for layer, cells, texts, hidden in zip(self.layers, rows, sums, folded, strict=True):
            first = hidden or "".join(texts[:1])
            yield (_row(cells, sizes) + (GAP + first) * wide).rstrip()
            margin = sum(sizes) + len(GAP) * len(sizes) if wide else 2 * layer.depth
            for text in texts[1:] if wide else texts:
                yield " " * margin + _paint(text, _DIM, colour)

    def _shrink(self, sizes: list[int], width: int) -> None:
        """Cut names and classes, and take from names and classes in turn what does not fit."""
        sizes[0], sizes[1] = min(sizes[0], NAME), min(sizes[1], KIND)
        while sum(sizes) + len(GAP) * (len(sizes) - 1) > width and max(sizes[:2]) > NARROWEST:
            sizes[0 if sizes[0] >= sizes[1] else 1] -= 1

    def _cells(self, layer: Layer) -> list[str]:
        found = self.found
        name = clean(layer.name.rpartition(".")[2])
        times = f" ×{layer.calls}" if layer.calls > 1 else ""
        label = "  " * (layer.depth - 1) + (f"{name}()" if layer.function else name) + times
        outputs = shape_text(layer.outputs[0], found.batch) if layer.outputs else ""
        more = f" +{len(layer.outputs) - 1}" if len(layer.outputs) > 1 else ""
        weights = f"{layer.parameters:,}" if layer.parameters else "" if layer.function else "0"
        if layer.shared:
            weights = f"= {clean(layer.shared)}"
        cells = [label, clean(layer.kind), outputs + more, weights, short(layer.flops / (found.batch or 1))]
        return cells + [_field_text(layer.field)] * self.slides

    def _sums(self, layer: Layer) -> list[str]:
        """The arithmetic of a layer, one line where all axes are alike."""
        if layer.arithmetic:
            texts = [formula(step) for step in layer.arithmetic]
            return list(dict.fromkeys(texts))
        return []

    def _folded(self, layer: Layer) -> str:
        """What a layer holds that is not shown: ``3 Bottleneck with 10 convolutions or poolings``."""
        if layer.depth != self.depth or layer.windows < 2 or layer.name in self.inner:
            return ""
        inside = f"{layer.windows} convolutions or poolings"
        if len(set(layer.children)) != 1:
            return inside
        return f"{len(layer.children)} {clean(layer.children[0])} with {inside}"


def _title(found: Anatomy, equal: int) -> str:
    name = clean(found.name) + (f" ({clean(found.kind)})" if found.kind != found.name else "")
    mode = "training" if found.training else "evaluation"
    given = ", ".join(
        shape_text(shape, found.batch) + ("" if kind == "float32" else f" {kind}")
        for shape, kind in found.inputs
    )
    gives = ", ".join(shape_text(shape, found.batch) for shape in found.outputs)
    batch = f", N = {found.batch}" if found.batch is not None else ""
    alike = f", {equal} alike" if equal > 1 else ""
    return f"{name}{alike}: {given or 'nothing'} → {gives or 'nothing'}{batch}, in {mode} mode"


def _totals(found: Anatomy, width: int, colour: bool) -> Iterator[str]:
    weights = found.weights
    kinds = f"{weights.trainable:,} trainable, {weights.frozen:,} frozen"
    all_ = "all trainable" if not weights.frozen else kinds if weights.trainable else "all frozen"
    buffers = f"; buffers {weights.buffers:,}, {_bytes(weights.buffer_bytes)}" if weights.buffers else ""
    text = f"{weights.parameters:,}, {all_}, {_bytes(weights.parameter_bytes)}{buffers}"
    yield from _labelled("parameters", text, width, colour)
    each = found.flops_each
    text = (
        f"{short(each)} for one example forward = 2 × {short(each / 2)} multiply-adds of convolutions, "
        "linear layers, matrix products and attention; norms, activations and poolings not counted"
    )
    yield from _labelled("FLOPs", text, width, colour)
    if found.kept_bytes is not None and found.batch:
        text = (
            f"{_bytes(found.kept_bytes)} kept for the backward pass of {count(found.batch, 'example')}, "
            f"{_bytes(found.kept_bytes / found.batch)} each"
        )
        yield from _labelled("activations", text, width, colour)
    if any(layer.arithmetic for layer in found.layers):
        text = (
            "receptive field: positions of the input that one output sees, the most over all paths; "
            "all: the whole input; —: not known"
        )
        yield from _labelled("field", text, width, colour)
    if found.unused:
        shown = [
            f"{clean(part.name)} ({clean(part.kind)}, {count(part.parameters, 'parameter')})"
            for part in found.unused[:MOST_UNUSED]
        ]
        more = f" and {len(found.unused) - MOST_UNUSED} more" if len(found.unused) > MOST_UNUSED else ""
        yield from _labelled("not used", ", ".join(shown) + more, width, colour)
    for note in found.notes:
        yield from _labelled("note", clean(note), width, colour)


def _field_text(field: Field) -> str:
    """One number where all axes are alike.

    >>> _field_text((7, 7)), _field_text((7, 1)), _field_text("all"), _field_text(None)
    ('7', '7×1', 'all', '—')
    """
    if field is None:
        return "—"
    if isinstance(field, str):
        return field
    return str(field[0]) if len(set(field)) == 1 else "×".join(map(str, field))


def _bytes(number: float) -> str:
    return f"{short(number)}B" if number >= 1000 else f"{number:.0f} B"


def _row(cells: Sequence[str], sizes: Sequence[int]) -> str:
    """Text left, numbers right; what is too long is cut."""
    parts = [
        _cut(cell, size).ljust(size) if place < 3 else cell.rjust(size)
        for place, (cell, size) in enumerate(zip(cells, sizes, strict=True))
    ]
    return GAP.join(parts)


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def _paint(text: str, style: str, colour: bool) -> str:
    return f"{style}{text}{_RESET}" if colour and text else text


def _wrapped(text: str, width: int, margin: str = "  ") -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )


def _labelled(label: str, text: str, width: int, colour: bool) -> list[str]:
    """``text`` behind its label, continued under itself."""
    blank = " " * 13
    lines = _wrapped(blank + text, width, blank)
    return [_paint(f"{label:<11}", _DIM, colour) + GAP + lines[0].lstrip(), *lines[1:]]
