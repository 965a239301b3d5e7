"""Let the output layer reach every target.

What it does
    Removes the activation that bounds the output, so that the network can put out
    any number the targets hold.

When
    Targets lie outside what the last activation can give: above 1 behind a sigmoid,
    beyond -1 and 1 behind a tanh, below 0 behind a ReLU. Those targets cannot be
    reached whatever the weights are.

When not
    The bound is part of the task, such as a probability or a pixel in 0..1. Then
    scale the targets into the range instead.

Grade
    changes-model: the range of the output becomes unbounded.

The edit
    Delete the activation after the last layer.

    At run time a model that the script calls puts out what its last activation
    (sigmoid, tanh, ReLU, softplus and the hard ones) was given, in training and in
    evaluations, whether a module or a function computed it. Where the script has
    several models, only those whose outputs reach a loss of torch's, from the second
    call on. `binary_cross_entropy` needs probabilities: it gets them, and that model is
    left from then on. Undone, the output is bounded again. Not reached: bounds that the
    script puts around the model's output itself, compiled models.

References
    Goodfellow, Bengio, Courville, Deep Learning, 2016, section 6.2.2 on output
    units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="linear-output",
    grade="changes-model",
    summary="let the output layer reach every target",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
""",
        after="""\
model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 1))
""",
    ),
    undo="exact",
)


BOUNDING = ("sigmoid", "tanh", "relu", "softplus", "relu6", "hardtanh", "hardsigmoid", "logsigmoid")
PROBABILITIES = ("binary_cross_entropy",)  # losses that a bound belongs to


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Have models put out what their last activation was given."""
    del dose
    recall = patient.recall(BOUNDING)
    held: dict[int, Any] = {}  # models that were called, by id
    bounded: set[int] = set()  # of those, the ones that are left
    asked: set[int] = set()  # those whose outputs a loss was given
    latest: dict[int, tuple[Any, Any]] = {}  # by model: what it puts out and what it would have

    def freed(result: Any, model: Any) -> Any:
        key = id(model)
        if key not in held and next(model.parameters(), None) is None:
            return None  # a loss, or a transform of data
        held[key] = model
        made = recall.find(result)
        recall.clear()
        if made is None or key in bounded:
            latest.pop(key, None)
            return None
        if len(held) > 1 and key not in asked:
            latest[key] = (result, result)
            return None
        latest[key] = (made.raw, result)
        patient.did(f"{type(model).__name__} put out what went into {made.name}")
        return made.raw

    def compared(call: Any, loss: str) -> Any:
        args, kwargs = call
        given = args[0] if args else kwargs.get("input")
        for key, (out, before) in latest.items():
            if not _same(given, out):
                continue
            asked.add(key)
            if loss in PROBABILITIES and before is not out:
                bounded.add(key)
                model = type(held[key]).__name__
                patient.could_not(f"{loss} takes probabilities; {model} goes on to give them")
                asked_for = before.reshape(given.shape)
                return ((asked_for, *args[1:]), kwargs) if args else (args, {**kwargs, "input": asked_for})
        return None

    patient.at("output", freed)
    patient.at("loss", compared)


def _same(given: Any, out: Any) -> bool:
    """Whether a loss is given an output, perhaps in another shape."""
    if given is out:
        return True
    alike = getattr(given, "numel", None) is not None and given.numel() == out.numel()
    return alike and given.data_ptr() == out.data_ptr()
