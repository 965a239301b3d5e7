"""A long training that a test interrupts; says which step is done, and how it ended."""

import json
import sys
from pathlib import Path

from gradwise.train.callbacks import Callback, SaveCheckpoint, StopOnInterrupt
from gradwise.train.loop import fit
from tests.train.small import train_batches, training


class Tell(Callback):
    def on_step_end(self, training, /):
        print(training.progress.step, flush=True)


made = training()
fit(
    made,
    train_batches(),
    epochs=100_000,
    callbacks=[StopOnInterrupt(), SaveCheckpoint(Path(sys.argv[1])), Tell()],
)
print(json.dumps({"stop": made.stop, "step": made.progress.step}), flush=True)
