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

References
    He and Garcia, Learning from imbalanced data, IEEE TKDE 2009.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

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
)
