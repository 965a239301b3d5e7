"""Choose the loss that fits outputs and targets.

What it does
    Puts together what belongs together: raw scores of exclusive classes and
    class ids with `cross_entropy`, log-probabilities and class ids with
    `nll_loss`, raw scores of yes/no questions with
    `binary_cross_entropy_with_logits`, numbers on a scale with a distance such
    as `mse_loss`.

When
    A loss for probabilities is fed raw scores, class ids are treated as numbers
    on a scale, several labels at once are forced into one distribution, or a
    single unit is given a softmax.

When not
    The mismatch is meant: ratings and counts are whole numbers and yet numbers,
    one-hot targets with a squared error are an old habit that works.

Grade
    changes-training: another function of the same outputs is minimised.

The edit
    Replace the loss, and give the last layer as many units as the new loss
    wants: C for C exclusive classes, one for each yes/no question.

    At run time another loss is computed where the loss alone can be exchanged:
    `nll_loss` on scores that are no log-probabilities becomes cross-entropy,
    `binary_cross_entropy` on scores outside 0 to 1 its form with logits, a distance
    between C outputs and class ids cross-entropy, cross-entropy with several labels in
    a row, or with one output, binary cross-entropy with logits, and what enters
    `kl_div` becomes log-probabilities. A softmax over one output, where the model puts
    it out, becomes a sigmoid. What an activation had been given is used where the new
    loss applies it itself. Undone, the script's losses are computed. Not reached: class
    ids that meet a single output, whose last layer has too few (it is told), losses
    written out by hand, compiled models.

References
    PyTorch documentation, `torch.nn` loss functions; Goodfellow, Bengio,
    Courville, Deep Learning, 2016, section 6.2.2 on output units.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="match-loss",
    grade="changes-training",
    summary="choose the loss that fits what the network puts out and what it is asked for",
    edit=Edit(
        before="""\
loss = F.nll_loss(model(x), y)
""",
        after="""\
loss = F.cross_entropy(model(x), y)
""",
    ),
    undo="exact",
)


OFF_LIMIT = 0.1  # |log of the sum of exp|; log-probabilities in bfloat16 are within 0.05
DISTANCES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
LEGACY = ("size_average", "reduce")  # older words for the reduction
WORDS = ("weight", "ignore_index", "reduction")  # that mean the same in the loss that is put in

Given = dict[str, Any]


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Compute the loss that fits outputs and targets."""
    del dose
    import torch
    import torch.nn.functional as functional

    losses = _Losses(patient)
    choices: dict[str, Callable[[Given], Any]] = {
        "nll_loss": losses.likelihood,
        "binary_cross_entropy": losses.yes_or_no,
        "cross_entropy": losses.classes,
        "kl_div": losses.divergence,
        **dict.fromkeys(DISTANCES, losses.distance),
    }
    for name, choose in choices.items():
        names = tuple(inspect.signature(getattr(functional, name)).parameters)
        patient.around(functional, name, _led(patient.contained(choose), names, torch.compiler.is_compiling))

    def output(result: Any, _model: Any) -> Any:
        made = losses.recall.find(result)
        if made is None or made.name != "softmax" or made.raw.dim() != 2 or made.raw.shape[1] != 1:
            return None
        patient.did("a softmax over one output became a sigmoid")
        return torch.sigmoid(made.raw)

    patient.at("output", output)


def _led(
    choose: Callable[[Given], Any], names: tuple[str, ...], compiling: Callable[[], bool]
) -> Callable[[Callable[..., Any]], Any]:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def loss(*args: Any, **kwargs: Any) -> Any:
            if compiling():
                return original(*args, **kwargs)
            instead = choose(dict(zip(names, args, strict=False)) | kwargs)
            return original(*args, **kwargs) if instead is None else instead()

        return loss

    return make


class _Losses:
    """Which loss fits what a loss is given; each method gives it as a call, or None for the script's own."""

    def __init__(self, patient: Patient) -> None:
        import torch.nn.functional as functional

        self.patient, self.functional = patient, functional
        self.recall = patient.recall(["softmax", "log_softmax", "sigmoid"])
        self.several = False  # whether rows with several labels were met
        self.looked = False  # whether targets of a single output were looked at

    def likelihood(self, given: Given) -> Any:
        """For ``nll_loss``: cross-entropy where it is given no log-probabilities."""
        value = given["input"]
        made = self.recall.find(value)
        if value.dim() < 2 or (made is not None and made.name == "log_softmax"):
            return None
        if not bool((value.detach().logsumexp(1).abs() > OFF_LIMIT).any()):
            return None
        return self._instead(
            "nll_loss on scores became cross_entropy", "cross_entropy", self._scores(value), given
        )

    def yes_or_no(self, given: Given) -> Any:
        """For ``binary_cross_entropy``: its form with logits where scores lie outside of 0 to 1."""
        value, target = given["input"], given["target"]
        if bool((target > 1).any()):
            self.patient.could_not(
                "targets above 1 in a yes/no loss: the last layer needs an output for each class"
            )
        if not bool(((value < 0) | (value > 1)).any()):
            return None
        words = "binary_cross_entropy on scores became its form with logits"
        return self._instead(words, "binary_cross_entropy_with_logits", value, given)

    def classes(self, given: Given) -> Any:
        """For ``cross_entropy``: a yes/no loss for one output, and for several labels at once."""
        value, target = given["input"], given["target"]
        if value.dim() != 2 or given.get("weight") is not None:
            return None
        new = "binary_cross_entropy_with_logits"
        if value.shape[1] == 1 and target.numel() == value.numel():
            answers = target.reshape(value.shape).to(value.dtype)
            words = "cross_entropy over one output became binary cross-entropy with logits"
            return self._instead(words, new, self._scores(value), {**given, "target": answers})
        if target.shape != value.shape or value.shape[0] == value.shape[1]:
            return None
        binary = bool(((target == 0) | (target == 1)).all())
        self.several = self.several or (binary and bool((target.sum(1) > 1).any()))
        if not (binary and self.several):
            return None
        words = "cross_entropy with several labels became binary cross-entropy with logits"
        return self._instead(words, new, self._scores(value), {**given, "target": target.to(value.dtype)})

    def divergence(self, given: Given) -> Any:
        """For ``kl_div``: log-probabilities where it is given a softmax or raw scores."""
        value = given["input"]
        made = self.recall.find(value)
        if made is not None and made.name == "log_softmax":
            return None
        if (made is None or made.name != "softmax") and not bool((value.detach() > 0).any()):
            return None
        logs = self.functional.log_softmax(self._scores(value), -1)
        self.patient.did("kl_div was given log-probabilities")
        return partial(self.functional.kl_div, **{**given, "input": logs})

    def distance(self, given: Given) -> Any:
        """For distances: cross-entropy where class ids meet an output for each class."""
        value, target = given["input"], given["target"]
        rows = value.shape[0] if value.dim() else 0
        if (
            given.get("weight") is not None
            or target.numel() != rows
            or target.shape not in ((rows,), (rows, 1))
        ):
            return None
        classes = value.shape[1] if value.dim() == 2 else 1
        if classes < 2:
            self._told_of_ids(target)
            return None
        ids = target.reshape(-1)
        if not bool(((ids == ids.round()) & (ids >= 0) & (ids < classes)).all()):
            return None
        words = "a distance from class ids became cross_entropy"
        return self._instead(words, "cross_entropy", self._scores(value), {**given, "target": ids.long()})

    def _scores(self, value: Any) -> Any:
        """What the activation was given that the new loss applies itself."""
        made = self.recall.find(value)
        return value if made is None or (made.name == "sigmoid" and value.shape[-1] > 1) else made.raw

    def _told_of_ids(self, target: Any) -> None:
        """Say once that class ids meet a single output."""
        if self.looked:
            return
        self.looked = True
        kinds = target.detach().unique().tolist()
        whole = all(one == first for one, first in zip(kinds, itertools.count(int(kinds[0])), strict=False))
        if whole and kinds[0] in (0, 1) and 3 <= len(kinds) <= 64:
            self.patient.could_not(
                "class ids meet a single output: the last layer needs an output for each class"
            )

    def _instead(self, words: str, name: str, value: Any, given: Given) -> Any:
        if any(given.get(word) is not None for word in LEGACY):
            self.patient.could_not(f"{words}, but for its size_average or reduce")
            return None
        other = getattr(self.functional, name)
        takes = inspect.signature(inspect.unwrap(other)).parameters
        kept = {word: given[word] for word in WORDS if word in given and word in takes}
        self.patient.did(words)
        return partial(other, value, given["target"], **kept)
