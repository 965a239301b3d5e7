"""Draw the training samples in a new random order each epoch.

What it does
    Makes every batch a random sample of the training set, so that its gradient
    points, on average, where the gradient of the whole set does.

When
    Samples are stored class by class or in some other order and the loader keeps
    it: the network learns one class, forgets it while learning the next, and the
    loss rises and falls with the epoch.

When not
    Validation and test loaders, and a model that carries its hidden state from
    batch to batch, which needs consecutive stretches of one series.

Grade
    changes-training: the order of the samples changes, the samples do not.

The edit
    One argument of the training loader; for batches cut by hand, index with a fresh
    permutation.

References
    Bengio, Practical recommendations for gradient-based training of deep
    architectures, arXiv 1206.5533, section 3.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="shuffle",
    grade="changes-training",
    summary="draw the training samples in a new random order each epoch",
    edit=Edit(
        before="""\
loader = DataLoader(train_set, batch_size=32)
""",
        after="""\
loader = DataLoader(train_set, batch_size=32, shuffle=True)
""",
    ),
)
