"""A net that learns from what another one says of the same rows, beside the true answers.

What it is
    A trained net, the teacher, tells for every row how likely each class is.  That is more than the true
    class alone: a shirt that looks much like a coat says so.  Both nets' outputs are divided by a
    temperature, which brings out the small probabilities, and the student is drawn to the teacher's
    distribution.  The teacher sees the very batch that the student sees, changed by augmentation, and is
    itself not changed.

Also called
    knowledge-distillation, teacher-student

Formula
    - ``loss = w T² KL(softmax(t / T) ‖ softmax(s / T)) + (1 − w) · loss of the fit``, for outputs t of the
      teacher and s of the student; the mean over the rows
    - labels: the same of every label's ``σ(t / T)`` and ``σ(s / T)``, the mean over the labels
    - numbers: ``w · mean (t − s)² + (1 − w) · loss of the fit``, in units of the student's targets

Defaults
    ``temperature`` 4: of the 2.5 to 4 that worked best for a very small student in the paper (section 3);
    larger ones did as well with 8 and more.
    ``weight`` 0.9: the paper found "a considerably lower weight" on the true answers best.  T² keeps the two
    parts in proportion whatever the temperature (ibid., section 2).  Validation is by the fit's own loss.

When
    - a small, fast net is wanted, and a large one, or an average of several (``--runs``), does better
    - rows without noise in their answers are few, and the teacher has seen more

When not
    - the teacher is no better than the student would be alone
    - the teacher's outputs are no scores of classes (other classes, other preparation); they are refused

Confused with
    - ``--weights``, which copies weights and needs the same net
    - `label-smoothing`, which knows nothing of the row

Example
    The teacher is sure of nothing but that the two classes differ by 4 in their scores.

    >>> import torch
    >>> from gradwise.train.transfer import Distillation
    >>> distilling = Distillation("classes", temperature=4, weight=0.5)
    >>> student, teacher = torch.zeros(1, 2), torch.tensor([[4.0, 0.0]])
    >>> distilling(torch.tensor(1.0), student, teacher).round(decimals=3)
    tensor(1.3880)

Claims
    - distillation lifts a small net

References
    Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, arXiv 1503.02531.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.registry import Registry, Span, nearest

TEMPERATURE = 4.0  # Hinton, Vinyals, Dean, arXiv 1503.02531, section 3: 2.5 to 4 for small students
WEIGHT = 0.9  # ibid., section 2: a considerably lower weight on the correct targets
SPANS = {"temperature": Span(0, 1000, beyond=True), "weight": Span(0, 1, beyond=True)}

_NAMES = Registry[str]("distillation")
_NAMES.add("distillation", "the options of --distill stand behind it")


@dataclass(frozen=True, slots=True)
class Distillation:
    """The loss of a student that has a teacher.

    Args:
        kind: of the task.
        temperature: T; of classes and labels.
        weight: w of the teacher; 1: the true answers count for nothing.
    """

    kind: Literal["classes", "labels", "numbers"]
    temperature: float = TEMPERATURE
    weight: float = WEIGHT

    @classmethod
    def of(cls, word: str, kind: Literal["classes", "labels", "numbers"]) -> Distillation:
        """From ``temperature=4,weight=0.9``, or a part of it.

        Raises:
            UsageError: an option that there is not, or a value that it does not take.

        >>> Distillation.of("temperature=2", "classes")
        Distillation(kind='classes', temperature=2.0, weight=0.9)
        """
        options = read_options(word)
        if kind == "numbers" and "temperature" in options:
            raise UsageError(
                "--distill: temperature is for classes and labels, not for numbers; leave it out."
            )
        return cls(kind, **{name: float(value) for name, value in options.items()})

    def __call__(self, loss: Tensor, student: Tensor, teacher: Tensor) -> Tensor:
        """The two losses together.

        Args:
            loss: () of the student's outputs and the true answers.
            student: (N, K) outputs with a graph.
            teacher: (N, K) outputs without.
        """
        return self.weight * self.from_teacher(student.float(), teacher.float()) + (1 - self.weight) * loss

    def from_teacher(self, student: Tensor, teacher: Tensor) -> Tensor:
        """(N, K) each -> (): how far the student is from the teacher."""
        if self.kind == "numbers":
            return (student - teacher).square().mean()
        s, t = student / self.temperature, teacher / self.temperature
        if self.kind == "labels":  # log σ(z) and log σ(−z) as two classes
            s, t = (torch.stack([z, torch.zeros_like(z)], dim=-1) for z in (s, t))  # (N, K, 2)
        wanted = t.log_softmax(-1)
        apart = (wanted.exp() * (wanted - s.log_softmax(-1))).sum(-1).mean()
        return self.temperature**2 * apart

    @property
    def told(self) -> str:
        """Settings, for the user."""
        heat = "" if self.kind == "numbers" else f"temperature {self.temperature:g}, "
        return f"{heat}weight {self.weight:g}"


def read_options(word: str) -> dict[str, float]:
    """The options of ``temperature=4,weight=0.9``, checked; none of an empty word.

    Raises:
        UsageError: an option that there is not, or a value that it does not take.
    """
    try:
        _, options = _NAMES.parse(f"distillation:{word}")
    except UsageError as error:
        raise UsageError(
            f"--distill takes temperature=4,weight=0.9 or one of the two, not {word!r}."
        ) from error
    for name, value in options.items():
        if name not in SPANS:
            raise UsageError(
                f"--distill has no option {name!r}{nearest(name, SPANS)}; it takes {' and '.join(SPANS)}."
            )
        refused = SPANS[name].refuses(value)
        if refused:
            raise UsageError(f"--distill: {name} takes {refused}, not {value!r}.")
    return options


class Teacher:
    """A trained net that is asked about every batch.

    Args:
        model: from a batch's inputs to (N, K) outputs in the student's order and units; put in evaluation.
        distillation: what its answers are for.
    """

    def __init__(self, model: nn.Module, distillation: Distillation) -> None:
        self.model = model.eval()
        self.distillation = distillation
        for weight in model.parameters():
            weight.requires_grad = False

    def __call__(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """(B, ...) each -> (B, K); no random number is drawn, nothing is kept for a gradient."""
        with torch.inference_mode():
            answers: Tensor = self.model(*inputs)
        return answers.clone()  # an ordinary tensor, which a graph may hold
