"""Recurrent nets on sequences of numbers and of words: vanilla RNN, LSTM, GRU; stacked, in both directions.

Sequences are padded at their end. A forward pass never sees what comes later, so the state at the last valid
step is right with no packing; the backward pass of a net in both directions reads each sequence turned.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.nets.lengths import last_step, turned
from gradwise.nets.net import Net

CELLS: dict[str, Callable[..., nn.Module]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
FORGET_BIAS = 1.0  # Jozefowicz, Zaremba, Sutskever 2015, section 2: "always initialize to 1"


class Recurrent(nn.Module):
    """Recurrent layers read by a linear output at the last valid step.

    Args:
        outputs: numbers per example.
        features: numbers per step.
        cell: ``rnn``, ``lstm`` or ``gru``.
        units: of every layer and direction.
        depth: stacked layers.
        dropout: share dropped between layers and before the output.
        bidirectional: whether every layer reads in both directions.
        forget_bias: of an LSTM's forget gate at the start.

    Raises:
        UsageError: no such cell.
    """

    def __init__(
        self,
        outputs: int,
        features: int,
        *,
        cell: str,
        units: int = 128,
        depth: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        forget_bias: float = FORGET_BIAS,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise UsageError(f"a recurrent cell is one of {', '.join(CELLS)}, not {cell!r}.")
        make = CELLS[cell]
        ways = 2 if bidirectional else 1
        widths = [features, *[ways * units] * (depth - 1)]
        self.forwards = nn.ModuleList(make(width, units, batch_first=True) for width in widths)
        self.backwards = nn.ModuleList(
            make(width, units, batch_first=True) for width in (widths if bidirectional else ())
        )
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.head = nn.Linear(ways * units, outputs)
        if cell == "lstm":
            for layer in (*self.forwards, *self.backwards):
                _remember(layer, forget_bias)

    def forward(self, series: Tensor, lengths: Tensor) -> Tensor:
        """(N, T, F) float, (N,) int64 -> (N, outputs)."""
        states = series
        last = series
        for number, onwards in enumerate(self.forwards):
            ahead, _ = onwards(states)  # (N, T, H)
            last = last_step(ahead, lengths)  # (N, H)
            if self.backwards:
                back, _ = self.backwards[number](turned(states, lengths))  # (N, T, H), first step last
                last = torch.cat([last, last_step(back, lengths)], dim=1)  # (N, 2 H)
                ahead = torch.cat([ahead, turned(back, lengths)], dim=2)  # (N, T, 2 H)
            states = self.dropout(ahead) if number < len(self.forwards) - 1 else ahead
        return self.head(self.dropout(last))


class WordRecurrent(nn.Module):
    """A recurrent net on learnt vectors of words.

    Args:
        outputs: numbers per example.
        vocabulary: words, padding (0) and unknown (1) included.
        cell: ``rnn``, ``lstm`` or ``gru``.
        embedding: numbers per word.
        units: of every layer and direction.
        depth: stacked layers.
        dropout: share dropped between layers and before the output.
        bidirectional: whether every layer reads in both directions.
    """

    def __init__(
        self,
        outputs: int,
        vocabulary: int,
        *,
        cell: str,
        embedding: int = 100,
        units: int = 128,
        depth: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=0)
        self.recurrent = Recurrent(
            outputs,
            embedding,
            cell=cell,
            units=units,
            depth=depth,
            dropout=dropout,
            bidirectional=bidirectional,
        )

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """(N, T) int64, (N,) int64 -> (N, outputs)."""
        return self.recurrent(self.embedding(tokens), lengths)  # (N, T, E)


def _remember(layer: nn.Module, bias: float) -> None:
    """Sets the forget gate's bias, second quarter of the gates i, f, g, o; it stands in two vectors."""
    for name, value in layer.named_parameters():
        if name.startswith("bias"):
            gate = slice(len(value) // 4, len(value) // 2)
            value.data[gate] = bias if name.startswith("bias_ih") else 0.0


def _net(cell: str, summary: str, aliases: tuple[str, ...] = ()) -> Net:
    makers: dict[str, Callable[..., nn.Module]] = {
        "series": partial(Recurrent, cell=cell),
        "text": partial(WordRecurrent, cell=cell),
    }
    return Net(cell, makers, summary, aliases)


NETS = (
    _net("lstm", "long short-term memory"),
    _net("gru", "gated recurrent unit"),
    _net("rnn", "vanilla recurrent net", aliases=("vanilla-rnn",)),
)
