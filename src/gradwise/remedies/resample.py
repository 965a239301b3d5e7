"""Draw rare classes more often.

What it does
    Draws training samples with a probability that is higher for rare classes, so that
    every batch holds some of them.

When
    A rare class is missing from many batches, or hardly ever predicted.

When not
    There are only a handful of its samples: seeing each of them hundreds of times is
    learning by heart. Never resample what is evaluated.

Grade
    changes-training: the same samples in other proportions; probabilities shift as with class weights.

The edit
    A sampler for the training loader, in place of ``shuffle=True``.

    At run time the DataLoader that is gone through with gradients wanted and no model
    in evaluation mode draws by weights, and gets its own sampler back where no backward
    pass follows. Classes are read from a TensorDataset, or from a data set's `targets`
    or `labels`; data sets that would have to be read sample by sample are left, and so
    are batches that the script cuts by hand. The script's random numbers are used, as
    they are with the edit. Undone, the next epoch has the old order.

References
    He and Garcia, Learning from imbalanced data, IEEE TKDE 2009.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="resample",
    grade="changes-training",
    summary="draw rare classes more often",
    edit=Edit(
        before="""\
loader = DataLoader(train_set, batch_size=64, shuffle=True)
""",
        after="""\
weights = 1.0 / torch.bincount(y_train)[y_train]
sampler = WeightedRandomSampler(weights, num_samples=len(y_train))
loader = DataLoader(train_set, batch_size=64, sampler=sampler)
""",
    ),
    doses=(
        Dose("power", "of the inverse counts; 1 draws all classes equally often", 1.0, 0.1, 1.0, (1.0, 0.5)),
    ),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Give the loader of the training data a weighted sampler."""
    import torch
    from torch.utils.data import WeightedRandomSampler

    from gradwise.remedies.patient.sampling import labels_of, sample

    def choose(loader: Any) -> WeightedRandomSampler | None:
        labels = labels_of(loader.dataset)
        if labels is None:
            patient.could_not("the classes of the data set cannot be read without reading all samples")
            return None
        weights = (1.0 / torch.bincount(labels)[labels]) ** dose["power"]
        return WeightedRandomSampler(weights.tolist(), len(labels), generator=loader.generator)

    sample(patient, choose, "epochs of the training loader were drawn by class")
