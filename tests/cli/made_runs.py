"""Run directories as a fit leaves them, with random weights: nothing needs to be trained to be used."""

from __future__ import annotations

import numpy as np
import torch
from safetensors.torch import save_file

from gradwise import nets
from gradwise.data.opening import open_source
from gradwise.fitting.record import Record


def made_run(directory, data, net="mlp", target=None, options=None, **reading):
    """A finished run on ``data``; what it predicts is arbitrary, and always the same."""
    source = open_source(data, target=target, **reading)
    encoder = source.encoder(np.arange(len(source)))
    torch.manual_seed(0)
    options = options or {}
    model = nets.make(net, outputs=encoder.task.outputs, **encoder.shape(), **options)
    targets = [target] if isinstance(target, str) else target
    record = Record(data={"paths": [str(data)], "options": {**reading, "target": targets}}, config={})
    record.recipe = {"net": net, "options": options}
    record.encoder, record.shape, record.status = encoder.state(), dict(encoder.shape()), "finished"
    directory.mkdir()
    record.write(directory)
    save_file(model.state_dict(), directory / "model.safetensors")
    return directory
