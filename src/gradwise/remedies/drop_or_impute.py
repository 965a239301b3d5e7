"""Remove samples with missing values, or fill the gaps.

What it does
    Takes NaN and infinite values out of the inputs before they reach the network:
    drops the rows that hold them, or puts the training set's median of the column
    in their place.

When
    A batch holds values that are not finite. One of them makes the loss NaN, and
    the next step makes every weight NaN.

When not
    The gap itself says something: add a column that marks it before filling it.

Grade
    changes-data: samples are left out or get made-up values.

The edit
    Once, right after the data is read; take the median from the training part
    alone.

    At run time numbers in a model's input that are not finite are replaced by the mean
    of their column (of their channel in images) over the training batches so far, or
    over the whole data set where the batch comes from a DataLoader over a
    TensorDataset; the same in evaluation. Where a target of mse_loss, l1_loss,
    smooth_l1_loss or huber_loss is not finite, the loss is taken of the others. Undone,
    the next input is the script's own; a model that is saved still wants filled input.
    Where NaN stands for something, this hides it; distances written by hand are not
    reached.

References
    Little and Rubin, Statistical Analysis with Missing Data, 3rd edition, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="drop-or-impute",
    grade="changes-data",
    summary="remove samples with missing values, or fill the gaps",
    edit=Edit(
        before="""\
x_train = torch.tensor(table_train, dtype=torch.float32)
""",
        after="""\
middle = np.nanmedian(table_train, axis=0)
x_train = torch.tensor(np.where(np.isfinite(table_train), table_train, middle), dtype=torch.float32)
""",
    ),
    doses=(
        Dose(
            "batches",
            "training batches whose means are taken, where the data set is not known",
            100,
            1,
            1e6,
            whole=True,
        ),
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Fill gaps with the means of their columns."""
    import torch

    from gradwise.remedies.patient.entering import Entry, at_entries
    from gradwise.remedies.patient.learning import arguments_of
    from gradwise.remedies.patient.predicting import DISTANCES

    def change(entry: Entry, value: torch.Tensor) -> torch.Tensor | None:
        fits = value.isfinite()
        if bool(fits.all()):
            return None
        entry.kept = entry.kept or patient.did(f"gaps in the input of {entry.name} were filled", 0)
        entry.kept.times += 1
        return torch.where(fits, value, entry.columns.shaped(entry.columns.mean, value).expand_as(value))

    def known_targets(call: tuple[Any, Any], name: str) -> tuple[Any, Any] | None:
        if name not in DISTANCES:
            return None
        bound = arguments_of(name, *call)
        prediction, target = bound.arguments["input"], bound.arguments["target"]
        fits = target.isfinite()
        whole = bound.arguments.get("reduction", "mean") != "none" and prediction.shape == target.shape
        if not whole or bool(fits.all()) or not bool(fits.any()):
            return None
        patient.did(f"targets of {name} that are not finite were left out")
        bound.arguments.update(input=prediction[fits], target=target[fits])
        return bound.args, bound.kwargs

    at_entries(patient, int(dose["batches"]), change)
    patient.at("loss", known_targets)
