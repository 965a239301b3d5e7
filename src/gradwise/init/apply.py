"""Drawing the weights of a whole model anew: `gradwise.init(model, "he")`."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.init.collection import read
from gradwise.init.drawing import Part, draw, left_out, parts_of, reset_norms
from gradwise.init.initialiser import Fans, Initialiser
from gradwise.init.outcome import Initialised, Row, some
from gradwise.init.scales import Scale, measure
from gradwise.init.seeing import Seen, see
from gradwise.init.tracing import call, untouched

UNIT = 1.0  # deviation of embeddings: what they put out then has the scale of standardised inputs


def apply(
    model: nn.Module, name: str, *, sample: Any = None, seed: int | None = None, **options: Any
) -> Initialised:
    """Draw the weights of a model anew; every layer gets the gain of the activation that follows it.

    Which one that is, is seen on the sample, else in the model's torch.fx graph, else by the order of its
    modules.  Where none of these tells, the model's most frequent activation is taken, and a note says so.
    Recurrent layers and attention are drawn gate by gate, with a gain of 1; so is the last layer.  Biases
    become 0, but an LSTM's forget gate keeps its own; norm layers scale by 1 and shift by 0; embeddings get
    unit variance, and padding stays 0.  Frozen weights and those of a model's own making are left as they
    are.

    Args:
        model: changed in place.
        name: a name or alias of `INITIALISERS`, with options after a colon: ``he:mode=fan-out``,
            ``sparse:sparsity=0.8``, ``forget-bias:value=1``, ``pretrained:path=weights.safetensors``.
        sample: a batch as the model takes it, a tuple of arguments, or a mapping of keyword arguments; with
            it the table holds the scale of outputs and gradients by depth, from one step forward and back.
        seed: of the draws, which then leave torch's random state alone; None: drawn from that state.
        **options: as after the colon, with ``_`` for ``-``; they win.

    Returns:
        A table of the layers; printed, it fits a terminal, and a notebook shows it as HTML.

    Raises:
        UnknownNameError: no initialiser is called so.
        UsageError: an option or a sample that cannot be used, or a model without weights.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> table = apply(net, "he", sample=torch.ones(16, 4))
    >>> [(row.name, row.activation, round(row.gain, 2)) for row in table.rows]
    [('0', 'tanh', 1.59), ('2', 'relu', 1.41), ('4', 'none', 1.0)]
    """
    if not isinstance(model, nn.Module):
        raise UsageError(f"init takes a torch.nn.Module, not {type(model).__name__}.")
    initialiser, given = read(name, options)
    if sample is not None:
        with untouched(model), torch.no_grad():
            call(model, sample)  # lazy layers get their shape; a sample that does not fit is told first
    parts = parts_of(model)
    if not parts:
        raise UsageError("init found no layer with weights in this model.")
    context = nullcontext() if seed is None else torch.random.fork_rng(devices=_devices(model))
    with context:
        if seed is not None:
            torch.manual_seed(seed)
        seen = see(model, parts, sample)
        if initialiser.whole is not None:
            notes = initialiser.whole(model, **given)
        else:
            notes = [seen.note] if seen.note and initialiser.takes_gain(given) else []
            notes += _draw(model, parts, initialiser, given, seen)
    return Initialised(_shown(initialiser, given), _rows(model, parts, seen, sample), tuple(notes))


def _draw(
    model: nn.Module,
    parts: list[Part],
    initialiser: Initialiser,
    given: dict[str, Any],
    seen: Seen,
) -> list[str]:
    """Draw everything; what was left."""
    assert initialiser.fill is not None
    fill = partial(initialiser.fill, **given)
    frozen, bound = [], []
    for part in parts:
        embedding = isinstance(part.module, nn.Embedding | nn.EmbeddingBag)
        own = _unit if embedding and not initialiser.everywhere else fill
        if not any(weight.requires_grad for weight in part.tensors()):
            frozen.append(part.name)
        elif not draw(part, own, seen.followers[part.name].gain):
            bound.append(part.name)
    reset_norms(model)
    others = list(left_out(model, parts))
    told = (
        ("frozen", frozen), ("computed from other weights", bound), ("of the model's own making", others)
    )  # fmt: skip
    return [f"left as they were, {why}: {some(names)}" for why, names in told if names]


def _rows(model: nn.Module, parts: list[Part], seen: Seen, sample: Any) -> tuple[Row, ...]:
    by_name = {part.name: part for part in parts}
    scales = {}
    if sample is not None:
        scales = measure(model, [(part.name, part.module) for part in parts], sample)
    rows = []
    for name, activation in seen.followers.items():
        part = by_name[name]
        weights = torch.cat([weight.detach().float().flatten() for weight in part.tensors()])
        scale = scales.get(name, Scale())
        row = Row(
            name,
            part.kind,
            tuple(part.tensors()[0].shape),
            activation.name,
            activation.gain,
            float(weights.std(unbiased=False)),
            *(scale.output, scale.spread, scale.gradient),
            last=name in seen.last,
        )
        rows.append(row)
    return tuple(rows)


def _unit(weight: Tensor, _fans: Fans) -> None:
    nn.init.normal_(weight, 0.0, UNIT)


def _shown(initialiser: Initialiser, given: dict[str, Any]) -> str:
    options = ",".join(f"{word.replace('_', '-')}={value}" for word, value in given.items())
    return f"{initialiser.name}:{options}" if options else initialiser.name


def _devices(model: nn.Module) -> list[int]:
    return sorted({weight.device.index or 0 for weight in model.parameters() if weight.is_cuda})
