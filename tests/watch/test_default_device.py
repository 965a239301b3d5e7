"""A default device, which torch sets by a mode for all of its functions, changes nothing in what is seen."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.watch.session import Session
from tests.watch.watching import watched


@pytest.mark.parametrize("device", [None, "cpu"])
def test_every_loss_is_told_of_once(device, tmp_path, monkeypatch):
    told = []
    original = Session.on_loss

    def on_loss(self, function, *rest):
        told.append(function)
        return original(self, function, *rest)

    monkeypatch.setattr(Session, "on_loss", on_loss)
    torch.set_default_device(device)
    try:
        with watched(tmp_path / "run"):
            model = nn.Linear(3, 2)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(8):
                optimizer.zero_grad()
                F.cross_entropy(model(torch.randn(6, 3)), torch.arange(6) % 2).backward()
                optimizer.step()
    finally:
        torch.set_default_device(None)
    assert told == ["cross_entropy"] * 8
