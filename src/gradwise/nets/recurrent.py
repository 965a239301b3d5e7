"""Recurrent nets read a sequence step by step and carry a state along: vanilla RNN, LSTM and GRU.

What it is
    One cell reads every step together with the state that the step before left behind, so that the same
    weights serve sequences of any length.  The LSTM keeps a second state that is changed by adding to it and
    guarded by gates; the GRU does the same with one state and two gates.  Layers are stacked, and may read in
    both directions.  A linear layer reads the state at the last step, or at every step.

    - classify, or forecast: one answer for a sequence.  A forecast takes windows of a series and the next
      value or values as numbers to predict: a table with a list in each cell and one target or several, or an
      .npz of ``series`` (N, T, F) and ``y`` (N, K).  Windows overlap: name the column of their moments by
      ``--time``, so that validation rows are later ones.
    - tag: with ``each_step`` one answer for every step.  A data file of `gradwise fit` has one target for a
      sequence, so this is for `gradwise.train` in Python, with a loss that flattens outputs and target.

Also called
    rnn, vanilla-rnn, lstm, gru

Formula
    - rnn: ``h ← tanh(W x + U h + b)``
    - lstm: ``c ← f ⊙ c + i ⊙ g`` and ``h ← o ⊙ tanh(c)``, where ``i, f, o = σ(W x + U h + b)`` and
      ``g = tanh(W x + U h + b)``, each with weights of its own
    - gru: ``h ← (1 − z) ⊙ n + z ⊙ h``, where ``r, z = σ(W x + U h + b)`` and
      ``n = tanh(W x + b + r ⊙ (U h + b'))``
    - a layer has 1 (rnn), 4 (lstm), 3 (gru) times ``units · (inputs + units + 2)`` weights, as torch has two
      biases

Shapes
    series (N, T, F) or words (N, T), lengths (N,) -> (N, outputs), or (N, T, outputs) with ``each_step``,
    zero behind the end of a sequence.  Padding stands at the end and changes nothing: a forward pass never
    sees what comes later, and the backward one reads each sequence turned, so that no packing is needed.

Defaults
    128 units (`gradwise fit` takes 32 or 64 on few rows), 1 layer, one direction, no dropout, vectors of 100
    numbers for words.  The forget gate of an LSTM starts with a bias of 1 (Jozefowicz and others, section 2).
    `gradwise fit` clips the norm of the gradient at 5.

When
    - the order of the steps tells, and sequences are at most some hundred steps long
    - ``bidirectional``: the whole sequence is there before an answer is needed
    - ``lstm`` first; ``gru`` has a quarter fewer weights and is often as good

When not
    - long sequences: steps come one after the other, and what is far back fades; take `cnn1d`
    - forecasts with ``each_step`` and ``bidirectional``: the second direction has seen what is to be told
    - ``rnn`` beyond a few dozen steps, except to see it forget

Confused with
    - dropout within the recurrence: here it acts between layers and before the output
    - hidden states kept from batch to batch: here every sequence starts from zero

Example
    A tag for every step of two sequences, the second of which is three steps long.

    >>> import torch
    >>> from gradwise import nets
    >>> net = nets.make("lstm", outputs=2, features=1, bidirectional=True, each_step=True)
    >>> tags = net(torch.randn(2, 5, 1), torch.tensor([5, 3]))
    >>> tags.shape, tags[1, 3:].abs().sum().item()
    (torch.Size([2, 5, 2]), 0.0)

Claims
    - LSTM and GRU remember where a vanilla RNN forgets: the adding problem by lag
    - a larger forget bias helps over long lags
    - recurrent nets need their gradient clipped
    - both directions help tagging

References
    Elman, Finding Structure in Time, Cognitive Science, 1990.
    Hochreiter, Schmidhuber, Long Short-Term Memory, Neural Computation, 1997.
    Cho and others, Learning Phrase Representations using RNN Encoder-Decoder, arXiv 1406.1078.
    Schuster, Paliwal, Bidirectional Recurrent Neural Networks, IEEE Transactions on Signal Processing, 1997.
    Jozefowicz, Zaremba, Sutskever, An Empirical Exploration of Recurrent Network Architectures, ICML 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.nets.lengths import blank, last_step, turned
from gradwise.nets.net import Net

CELLS: dict[str, Callable[..., nn.Module]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
FORGET_BIAS = 1.0  # Jozefowicz, Zaremba, Sutskever 2015, section 2: "always initialize to 1"


class Recurrent(nn.Module):
    """Recurrent layers read by a linear output at the last valid step, or at each.

    Args:
        outputs: numbers per example.
        features: numbers per step.
        cell: ``rnn``, ``lstm`` or ``gru``.
        units: of every layer and direction.
        depth: stacked layers.
        dropout: share dropped between layers and before the output.
        bidirectional: whether every layer reads in both directions.
        forget_bias: of an LSTM's forget gate at the start; other cells have none.
        each_step: an answer for every step, zero behind the end of a sequence.

    Raises:
        UsageError: no such cell, or no layer.
    """

    def __init__(  # noqa: PLR0913 -- a parameter for each setting
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
        each_step: bool = False,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise UsageError(f"a recurrent cell is one of {', '.join(CELLS)}, not {cell!r}.")
        if depth < 1:
            raise UsageError(f"net {cell!r} takes depth, its stacked layers, from 1 on, not {depth}.")
        make = CELLS[cell]
        ways = 2 if bidirectional else 1
        widths = [features, *[ways * units] * (depth - 1)]
        self.each_step = each_step
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
        """(N, T, F) float, (N,) int64 -> (N, outputs), or (N, T, outputs) with ``each_step``."""
        states = series
        top = len(self.forwards) - 1
        for number, onwards in enumerate(self.forwards):
            ahead, back = onwards(states)[0], None  # (N, T, H)
            if self.backwards:
                back = self.backwards[number](turned(states, lengths))[0]  # (N, T, H), first step last
            if number == top and not self.each_step:
                return self.head(self.dropout(_last(ahead, back, lengths)))
            states = self.dropout(_all(ahead, back, lengths))
        return blank(self.head(states), lengths)


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
        forget_bias: of an LSTM's forget gate at the start; other cells have none.
        each_step: an answer for every word, zero behind the end of a text.
    """

    def __init__(  # noqa: PLR0913 -- a parameter for each setting
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
        forget_bias: float = FORGET_BIAS,
        each_step: bool = False,
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
            forget_bias=forget_bias,
            each_step=each_step,
        )

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """(N, T) int64, (N,) int64 -> (N, outputs), or (N, T, outputs) with ``each_step``."""
        return self.recurrent(self.embedding(tokens), lengths)  # (N, T, E)


def _last(ahead: Tensor, back: Tensor | None, lengths: Tensor) -> Tensor:
    """(N, T, H) of each direction -> (N, H) or (N, 2 H): the states that have read the whole sequence."""
    last = last_step(ahead, lengths)
    return last if back is None else torch.cat([last, last_step(back, lengths)], dim=1)


def _all(ahead: Tensor, back: Tensor | None, lengths: Tensor) -> Tensor:
    """(N, T, H) of each direction -> (N, T, H) or (N, T, 2 H): both at the same step side by side."""
    return ahead if back is None else torch.cat([ahead, turned(back, lengths)], dim=2)


def _remember(layer: nn.Module, bias: float) -> None:
    """Sets the forget gate's bias, second quarter of the gates i, f, g, o; it stands in two vectors."""
    for name, value in layer.named_parameters():
        if name.startswith("bias"):
            gate = slice(len(value) // 4, len(value) // 2)
            value.data[gate] = bias if name.startswith("bias_ih") else 0.0


def _net(cell: str, summary: str, aliases: tuple[str, ...] = ()) -> Net:
    fixed: dict[str, Any] = {"cell": cell}
    if cell != "lstm":
        fixed["forget_bias"] = FORGET_BIAS  # no option of theirs: they have no such gate
    makers: dict[str, Callable[..., nn.Module]] = {
        "series": partial(Recurrent, **fixed),
        "text": partial(WordRecurrent, **fixed),
    }
    return Net(cell, makers, summary, aliases)


NETS = (
    _net("lstm", "long short-term memory"),
    _net("gru", "gated recurrent unit"),
    _net("rnn", "vanilla recurrent net", aliases=("vanilla-rnn",)),
)
