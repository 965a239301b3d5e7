"""Cut the data once, so that no sample is on both sides.

What it does
    Divides the samples by their numbers, once and with a fixed seed, into parts that
    share none.

When
    Samples of the validation set stand in the training set too: cut twice with
    different shuffles, ranges that overlap, or copies made before cutting.

When not
    Samples belong together (frames of a film, visits of a patient): cut by group then,
    or the copy leaks in another dress.

Grade
    changes-data: other samples are trained on, and the score gets worse and right.

The edit
    One call in place of two. Remove copies, and oversample, after cutting and on the
    training part alone.

References
    Kaufman and others, Leakage in data mining, ACM TKDD 2012.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="re-split",
    grade="changes-data",
    summary="cut the data once, so that no sample is on both sides",
    edit=Edit(
        before="""\
train_set, _ = random_split(data, [0.8, 0.2])
_, valid_set = random_split(data, [0.8, 0.2])
""",
        after="""\
generator = torch.Generator().manual_seed(0)
train_set, valid_set = random_split(data, [0.8, 0.2], generator=generator)
""",
    ),
    unable="which samples belong to which set is decided where the script makes its data",
)
