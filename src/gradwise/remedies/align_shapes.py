"""Give prediction and target the same shape before the loss.

What it does
    Removes the axis of length one from the prediction, or adds it to the target, so
    that every prediction is compared with its own target and with no other.

When
    A prediction of shape (N, 1) meets a target of shape (N,): broadcasting compares
    all pairs, N x N of them, and the network learns the mean of the targets for
    every input.

When not
    Shapes that differ because they must, such as class scores (N, C) with class ids
    (N,). `CrossEntropyLoss` and `NLLLoss` expect exactly that.

Grade
    changes-training: the loss compares other pairs than before.

The edit
    Prefer `squeeze(1)` or `unsqueeze(1)` to a bare `squeeze()`, which also drops
    the batch axis of a last batch that holds one sample.

    At run time a prediction whose shape differs from that of the target by axes of
    length one takes the target's shape where a distance of torch's compares them, in
    training and in evaluations, and where the script itself subtracts one from the
    other. Undone, they broadcast again. Not reached: predictions that something was
    computed of before a hand-written loss subtracts them, comparisons by other
    functions of the script.

References
    PyTorch documentation, broadcasting semantics; `torch.nn.MSELoss`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="align-shapes",
    grade="changes-training",
    summary="give prediction and target the same shape before the loss",
    edit=Edit(
        before="""\
loss = nn.functional.mse_loss(model(x), y)              # (N, 1) with (N,)
""",
        after="""\
loss = nn.functional.mse_loss(model(x).squeeze(1), y)   # (N,) with (N,)
""",
    ),
    undo="exact",
)


DISTANCES = (
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
)  # fmt: skip


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Shape predictions like their targets before they are compared."""
    del dose
    import torch

    latest: list[Any] = []  # a weak reference to what the model has put out
    running, compiling = patient.run.models.running, torch.compiler.is_compiling

    def aligned(call: Any, loss: str) -> Any:
        args, kwargs = call
        given = dict(zip(("input", "target"), args, strict=False)) | kwargs
        if loss not in DISTANCES or not _paired(given.get("input"), given.get("target")):
            return None
        shaped = given["input"].reshape(given["target"].shape)
        patient.did(f"{loss} was given a prediction shaped like its target")
        return ((shaped, *args[1:]), kwargs) if args else (args, {**kwargs, "input": shaped})

    def put_out(result: Any, _model: Any) -> None:
        latest[:] = [weakref.ref(result)] if isinstance(result, torch.Tensor) else []

    def compared(one: Any, other: Any) -> tuple[Any, Any]:
        out = latest[0]()
        if out is None or not (one is out or other is out) or not _paired(one, other):
            return one, other
        patient.did("a prediction was shaped like its target before they were subtracted")
        return (one.reshape(other.shape), other) if one is out else (one, other.reshape(one.shape))

    def led(original: Callable[..., Any]) -> Callable[..., Any]:
        def __sub__(self: Any, other: Any) -> Any:  # noqa: N807
            if not compiling() and latest and not running:
                self, other = compared(self, other)
            return original(self, other)

        return __sub__

    patient.at("loss", aligned)
    patient.at("output", put_out)
    patient.around(torch.Tensor, "__sub__", led)
    patient.later(latest.clear)


def _paired(one: Any, other: Any) -> bool:
    """Whether two tensors of as many values differ by axes of length one, so that all pairs are compared."""
    first, second = getattr(one, "shape", None), getattr(other, "shape", None)
    if first is None or second is None or len(first) == len(second):
        return False
    long = [size for size in first if size != 1]
    return long != [] and long == [size for size in second if size != 1]
