"""Convolutions over time, on series of numbers and on texts.

What it is
    Filters slide along a sequence, and what they answered is pooled over all steps to one number each, so
    that a pattern counts wherever it stands.  On numbers this is the fully convolutional net of Wang and
    others, a strong baseline on the UCR archive; on words it is Kim's: windows of several widths over learnt
    vectors.

Also called
    cnn-1d, fcn, textcnn, text-cnn

Formula
    - numbers: three times ``φ(norm(W ∗ x))``, then the mean over the valid steps and a linear layer
    - words: ``max over t of relu(W_k ∗ vectors)`` for k = 3, 4, 5 words, side by side, and a linear layer

Shapes
    series (N, T, F) or tokens (N, T), and lengths (N,) -> (N, outputs).  Padding at the end is set to zero
    before every block and left out of mean and maximum.

Defaults
    numbers: 128, 256, 128 filters over 7, 5 and 3 steps (the paper has 8, 5, 3: an even width needs a padded
    copy), ReLU, batch-norm; `gradwise fit` takes fewer filters on few rows.  Words: 100 filters for each
    window of 3, 4 and 5 words, dropout 0.5 (Kim, section 3.1), vectors of 100 numbers.

When
    - a class shows in a pattern of a few steps, wherever it is
    - long sequences: all steps are computed at once
    - texts, where the words next to each other tell most

When not
    - the order of things far apart decides: a unit sees 13 steps of a series, and 5 words
    - the steps at the end matter more than the others, as in forecasts: `lstm`

Confused with
    - `cnn`: over the two axes of an image
    - causal convolutions, which see no later step

Example
    On words: 3 windows of 2 filters each feed the output.

    >>> from gradwise import nets
    >>> nets.make("cnn1d", outputs=2, vocabulary=50, units=2).head
    Linear(in_features=6, out_features=2, bias=True)

Claims
    - weight sharing and locality: fewer weights than a dense net, wherever the pattern stands

References
    Wang, Yan, Oates, Time Series Classification from Scratch with Deep Neural Networks, arXiv 1611.06455.
    Kim, Convolutional Neural Networks for Sentence Classification, arXiv 1408.5882.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.nets import norms
from gradwise.nets.activations import activation as make_activation
from gradwise.nets.lengths import all_full, valid_steps
from gradwise.nets.net import Net
from gradwise.nets.norms.norm import SERIES

KERNELS = (7, 5, 3)  # steps; arXiv 1611.06455, section II-B, has 8, whose even width costs a padded copy


class SeriesCNN(nn.Module):
    """Blocks of convolution over time, norm and activation, averaged over the valid steps.

    Padding is set to zero before every block, so that no prediction depends on how much of it there is.

    Args:
        outputs: numbers per example.
        features: numbers per step.
        units: filters of the first and last block; the blocks between have twice as many.
        depth: blocks; kernels of 7, 5 and then 3 steps.
        dropout: share of the averaged features dropped before the output.
        activation: by name.
        norm: of every convolution, before the activation, by name.
    """

    def __init__(
        self,
        outputs: int,
        features: int,
        *,
        units: int = 128,
        depth: int = 3,
        dropout: float = 0.0,
        activation: str = "relu",
        norm: str = "batch-norm",
    ) -> None:
        super().__init__()
        self.norm = norm
        self.blocks = nn.ModuleList()
        before = features
        for number in range(depth):
            filters = units if number in (0, depth - 1) else 2 * units
            kernel = KERNELS[min(number, len(KERNELS) - 1)]
            self.blocks.append(
                nn.Sequential(
                    nn.Conv1d(before, filters, kernel, padding="same", bias=norms.needs_bias(norm)),
                    *norms.layers(norm, filters, axes=SERIES),  # (N, filters, T)
                    make_activation(activation),
                )
            )
            before = filters
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.head = nn.Linear(before, outputs)

    def forward(self, series: Tensor, lengths: Tensor) -> Tensor:
        """(N, T, F) float, (N,) int64 -> (N, outputs).

        Raises:
            UsageError: series of unequal length, and a norm that would average their padding too.
        """
        x = series.transpose(1, 2)  # (N, F, T)
        if all_full(lengths, series.shape[1]):
            for block in self.blocks:
                x = block(x)
            return self.head(self.dropout(x.mean(dim=2)))
        self._refuse_padding()
        valid = valid_steps(lengths, series.shape[1]).unsqueeze(1)  # (N, 1, T)
        for block in self.blocks:
            x = block(x.where(valid, 0.0))
        mean = x.where(valid, 0.0).sum(dim=2) / valid.sum(dim=2)  # (N, filters)
        return self.head(self.dropout(mean))

    def _refuse_padding(self) -> None:
        found = norms.find(self.norm)
        if found is not None and found.over_time:
            raise UsageError(
                f"norm {found.name!r} averages over time, padding included, and these series differ in "
                "length; take layer-norm or batch-norm."
            )


class WordCNN(nn.Module):
    """Windows of several widths over learnt vectors of words, the strongest answer of each filter.

    Args:
        outputs: numbers per example.
        vocabulary: words, padding (0) and unknown (1) included.
        embedding: numbers per word.
        units: filters per window.
        windows: widths in words.
        dropout: share of the answers dropped before the output; Kim's is 0.5.
    """

    def __init__(
        self,
        outputs: int,
        vocabulary: int,
        *,
        embedding: int = 100,
        units: int = 100,
        windows: Sequence[int] = (3, 4, 5),
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=0)
        self.windows = nn.ModuleList(nn.Conv1d(embedding, units, k, padding=k // 2) for k in windows)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.head = nn.Linear(units * len(windows), outputs)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """(N, T) int64, (N,) int64 -> (N, outputs)."""
        words = self.embedding(tokens).transpose(1, 2)  # (N, E, T); padding is zero there
        full = all_full(lengths, tokens.shape[1])
        valid = None if full else valid_steps(lengths, tokens.shape[1]).unsqueeze(1)  # (N, 1, T)
        strongest = []
        for window in self.windows:
            answers = torch.relu(window(words)[..., : tokens.shape[1]])  # (N, units, T), zero or more
            answers = answers if valid is None else answers.where(valid, 0.0)
            strongest.append(answers.amax(dim=2))  # (N, units)
        return self.head(self.dropout(torch.cat(strongest, dim=1)))


NETS = (
    Net(
        "cnn1d",
        {"series": SeriesCNN, "text": WordCNN},
        "convolutions over time",
        aliases=("cnn-1d", "fcn", "textcnn", "text-cnn"),
    ),
)
