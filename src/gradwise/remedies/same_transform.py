"""Give all data the transform that was fitted on the training data.

What it does
    Uses one transform, with the numbers of the training set, wherever data enters the
    model: training, validation, use.

When
    Evaluated inputs have another mean or spread than those of training: a division by
    255 that stands in one place only, a scaler fitted or applied on one side.

When not
    Random augmentation, which belongs to training alone.

Grade
    changes-data: the model is judged on inputs of the scale that it learnt.

The edit
    ``fit`` once, on the training part; ``transform`` everywhere.

References
    Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 7.10.2.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="same-transform",
    grade="changes-data",
    summary="give all data the transform that was fitted on the training data",
    edit=Edit(
        before="""\
x_train = StandardScaler().fit_transform(x_train)
score = evaluate(model, x_test)
""",
        after="""\
scaler = StandardScaler().fit(x_train)
x_train = scaler.transform(x_train)
score = evaluate(model, scaler.transform(x_test))
""",
    ),
    unable="how inputs are prepared is decided where the script makes its data",
)
