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

    At run time a DataLoader without shuffling gets a random sampler before it is first
    gone through with gradients wanted and no model in evaluation mode, and its own one
    back where no backward pass follows. The script's random numbers are used, as they
    are with the edit. Undone, the next epoch has the old order. Samplers that the
    script chose, streams, and batches that it cuts by hand are not reached.

References
    Bengio, Practical recommendations for gradient-based training of deep
    architectures, arXiv 1206.5533, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Give the loader of the training data a random sampler."""
    del dose
    from torch.utils.data import RandomSampler, SequentialSampler

    from gradwise.remedies.patient.sampling import sample

    def choose(loader: Any) -> RandomSampler | None:
        if type(loader.sampler) is not SequentialSampler or len(loader.dataset) < 2:
            return None
        return RandomSampler(loader.dataset, generator=loader.generator)

    sample(patient, choose, "epochs of the training loader were shuffled")
