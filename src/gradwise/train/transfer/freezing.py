"""Fine-tuning: layers that were trained elsewhere stay as they are, and only the last ones learn.

What it is
    The weights of all but the last stages of a net get no gradient and no step.  Their batch-norms apply the
    means and variances that they brought along, also in training, since new ones would change what the layers
    after them were trained on.  A stage is a layer with weights, a block, or a row of equal blocks.

Also called
    fine-tuning, feature-extraction

Formula
    - of stages 1 to S, ``W_s ← W_s`` for ``s ≤ S − n``; the others learn as always

Defaults
    ``--freeze all`` leaves the last layer to learn, ``--freeze all-but-3`` the last three stages; without it
    everything learns.  `gradwise fit` lists which learn, and says so where nothing was loaded before.

When
    - few examples, and weights from much data of a similar kind (``--weights``)
    - every step shall be cheap: nothing flows back into frozen layers

When not
    - enough data of one's own: everything may learn, the first layers more slowly (`discriminative-rates`)
    - the images are of quite another kind than those before: what the last body layers look for is not there

Confused with
    - ``--weights`` alone, after which everything goes on learning
    - dropout: silent for a batch, not for good

Example
    The last layer of three learns: 4 · 2 + 2 weights.

    >>> import torch
    >>> from gradwise.train.transfer import Freezing
    >>> net = torch.nn.Sequential(*(torch.nn.Linear(4, size) for size in (4, 4, 2)))
    >>> Freezing(net, "all").settle(epoch=0)
    >>> sum(weight.numel() for weight in net.parameters() if weight.requires_grad)
    10

Claims
    - fine-tuning the last layers wins with little data

References
    Yosinski, Clune, Bengio, Lipson, How Transferable Are Features in Deep Neural Networks?, arXiv 1411.1792.
"""

from __future__ import annotations

import re

from torch import nn

from gradwise.errors import UsageError
from gradwise.train.transfer.gradual_unfreezing import thawed
from gradwise.train.transfer.stages import stages

NONE = "none"
_FORM = re.compile(r"all(?:-but-([1-9][0-9]*))?")
_HELP = "--freeze takes none, all (the last layer learns) or all-but-3 (the last three stages learn)"


def last_ones(word: str) -> int | None:
    """How many of the last stages learn; None: all.

    Raises:
        UsageError: not written so.

    >>> last_ones("all"), last_ones("all-but-3"), last_ones("none")
    (1, 3, None)
    """
    plain = word.strip().lower()
    if plain == NONE:
        return None
    found = _FORM.fullmatch(plain)
    if found is None:
        more = f"; write all-but-{plain} if the last {plain} shall learn" if plain.isdecimal() else ""
        raise UsageError(f"{_HELP}, not {word!r}{more}.")
    return int(found[1] or 1)


class Freezing:
    """Which stages of a net learn, from epoch to epoch.

    Args:
        net: whose weights and batch-norms are frozen and thawed.
        word: ``all`` or ``all-but-3``.
        every: epochs after which one more stage learns, from the end; None: never.

    Raises:
        UsageError: not written so, or the net has no stage left to freeze.
    """

    def __init__(self, net: nn.Module, word: str, every: int | None = None) -> None:
        self.stages = stages(net)
        self.learning = last_ones(word) or len(self.stages)
        self.every = every
        names = ", ".join(stage.name for stage in self.stages)
        if self.learning >= len(self.stages):
            count = f"{len(self.stages)} stage{'s' * (len(self.stages) != 1)}"
            raise UsageError(
                f"--freeze {word} leaves nothing to freeze: this net has {count} ({names}); freeze fewer, or "
                "leave it out."
            )
        self._names = {module: name for name, module in net.named_modules()}

    def learning_in(self, epoch: int) -> int:
        """How many of the last stages learn in an epoch, counted from 0."""
        return thawed(self.learning, self.every, epoch, len(self.stages))

    def settle(self, epoch: int) -> None:
        """Freeze and thaw what is due in this epoch; the net is in training mode otherwise.

        Call it after ``net.train()``, which wakes frozen batch-norms too.
        """
        first = len(self.stages) - self.learning_in(epoch)
        for number, stage in enumerate(self.stages):
            for weight in stage.parameters:
                weight.requires_grad_(number >= first)
                if number < first:
                    weight.grad = None  # of an epoch before, after a search for the rate
        for module in self._norms(first):
            module.eval()

    def frozen_norms(self, epoch: int) -> set[str]:
        """Names of batch-norms that keep their means in this epoch."""
        first = len(self.stages) - self.learning_in(epoch)
        return {self._names[module] for module in self._norms(first)}

    def _norms(self, first: int) -> list[nn.Module]:
        """Modules with running averages in the stages before ``first``."""
        modules = (
            part for stage in self.stages[:first] for module in stage.modules for part in module.modules()
        )
        return [
            part
            for part in modules
            if any(name.startswith("running_") for name, _ in part.named_buffers(recurse=False))
        ]

    def told(self, epochs: int) -> str:
        """What learns and what does not, as a clause."""
        first = len(self.stages) - self.learning
        frozen, learning = self.stages[:first], self.stages[first:]
        all_ = sum(stage.size for stage in self.stages)
        some = sum(stage.size for stage in learning)
        text = (
            f"{_list([stage.name for stage in learning])} learn{'s' * (len(learning) == 1)}, "
            f"{some:,} of {all_:,} weights; {_list([stage.name for stage in frozen])} "
            f"stay{'s' * (len(frozen) == 1)}"
        )
        if self.every is None:
            return text
        last = self.learning_in(epochs - 1)
        whole = self.every * (len(self.stages) - self.learning) + 1
        end = (
            f"all learn from epoch {whole} on"
            if last == len(self.stages)
            else f"{last} of {len(self.stages)} stages learn in the last epoch"
        )
        each = "every epoch" if self.every == 1 else f"every {self.every} epochs"
        return f"{text}; one more thaws {each}, {end}"


def _list(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{names[0]} ... {names[-1]}"
