"""The copy repeats what was captured to the last bit, or says why it cannot."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gradwise.probes.bench import Bench
from gradwise.probes.probe import Abstain
from gradwise.probes.replica import Replica
from gradwise.trace.captured import Captured
from tests.probes.recorded import blobs, cross_entropy, mlp, train


def admitted(captured: Captured) -> str:
    bench = Bench(captured)
    assert bench.replica is not None
    return bench.admitted


def refused(captured: Captured) -> str:
    """Why a copy of model and optimizer cannot repeat it; a tape may (`test_taped`)."""
    with pytest.raises(Abstain) as reason:
        Replica(captured).admit()
    return str(reason.value)


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.3)
        )
        self.head = nn.Linear(4 * 36, 2)

    def forward(self, x):
        return self.head(self.body(x).flatten(1))


def images(number):
    torch.manual_seed(number)
    x = torch.randn(16, 1, 8, 8)
    return x, (x.mean((1, 2, 3)) > 0).long()


def test_dropout_and_batch_norm_are_repeated_to_the_last_bit():
    torch.manual_seed(0)
    model = Conv()
    assert admitted(train(model, images, cross_entropy)) == "to the last bit"


def test_numpy_noise_inside_the_model_is_repeated():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(4, 2)

        def forward(self, x):
            return self.line(x + torch.from_numpy(np.random.standard_normal(x.shape).astype("float32")))

    assert admitted(train(Noisy(), blobs(), cross_entropy)) == "to the last bit"


def test_squeezed_prediction_and_named_arguments():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(4, 1)

        def forward(self, *, features):
            return {"logits": self.line(features), "rest": None}

    def step(model, optimizer, number):
        x, y = blobs()(number)
        optimizer.zero_grad()
        out = model(features=x)["logits"].squeeze(1)
        F.binary_cross_entropy_with_logits(out, y.float()).backward()
        optimizer.step()

    captured = train(Named(), blobs(), cross_entropy, step=step)
    assert admitted(captured) == "to the last bit"


def test_a_sequence_flattened_over_its_steps():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.gru = nn.Embedding(9, 6), nn.GRU(6, 8, batch_first=True)
            self.head = nn.Linear(8, 9)

        def forward(self, ids):
            return self.head(self.gru(self.embed(ids))[0])

    def step(model, optimizer, number):
        torch.manual_seed(number)
        ids = torch.randint(0, 9, (5, 7))
        optimizer.zero_grad()
        F.cross_entropy(model(ids)[:, :-1].reshape(-1, 9), ids[:, 1:].reshape(-1)).backward()
        optimizer.step()

    assert admitted(train(Tagger(), blobs(), cross_entropy, step=step)) == "to the last bit"


def test_a_loss_written_by_hand_is_repeated_to_rounding():
    torch.manual_seed(0)
    captured = train(mlp(4, 8, 1), blobs(), lambda out, y: ((out.squeeze(1) - y.float()) ** 2).mean())
    assert captured.batches[-1].by_hand
    assert admitted(captured) in ("to rounding", "to the last bit")


def test_autocast_is_repeated():
    def step(model, optimizer, number):
        x, y = blobs()(number)
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    captured = train(mlp(4, 8, 2), blobs(), cross_entropy, step=step)
    assert captured.batches[-1].autocast == {"cpu": torch.bfloat16}
    assert admitted(captured).startswith("to ")


def test_a_factor_before_the_loss_is_kept_in_the_gradients():
    def step(model, optimizer, number):
        x, y = blobs()(number)
        optimizer.zero_grad()
        (F.cross_entropy(model(x), y) / 4).backward()
        optimizer.step()

    bench = Bench(train(mlp(4, 8, 2), blobs(), cross_entropy, step=step))
    assert bench.replica.factor == pytest.approx(0.25)


def test_repeated_steps_give_the_weights_of_the_run():
    """From the captured state over the captured batch: the very weights that the script came to."""
    model = mlp(4, 8, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    after: dict[int, list[torch.Tensor]] = {}

    def step(model, optimizer, number):
        x, y = blobs()(number)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        after[number] = [p.detach().clone() for p in model.parameters()]

    captured = train(model, blobs(), cross_entropy, optimizer=optimizer, step=step)
    bench = Bench(captured)
    replica, batch = bench.replica, captured.batches[-1]
    replica.load("captured")
    replica.gradients(replica.loss(batch))
    replica.optimizer.step()
    wanted = after[batch.step]
    assert all(torch.equal(p, q) for p, q in zip(replica.model.parameters(), wanted, strict=True))


def test_the_first_weights_are_kept():
    model = mlp(4, 8, 2)
    first = [p.detach().clone() for p in model.parameters()]
    captured = train(model, blobs(), cross_entropy)
    replica = Bench(captured).replica
    replica.load("initial")
    assert all(torch.equal(p, q) for p, q in zip(replica.model.parameters(), first, strict=True))


def test_outside_state_that_changed_is_refused():
    outside = {"scale": 1.0}

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(4, 2)

        def forward(self, x):
            outside["scale"] += 0.1
            return self.line(x) * outside["scale"]

    said = refused(train(Scaled(), blobs(), cross_entropy))
    assert "not what the model puts out" in said


def test_a_closure_over_the_users_own_layer_is_refused_and_left_alone():
    class Closed(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(4, 2)
            self.norm = nn.BatchNorm1d(4)
            self.call = lambda x: self.line(self.norm(x))

        def forward(self, x):
            return self.call(x)

    model = Closed()
    captured = train(model, blobs(), cross_entropy)
    before = [t.detach().clone() for t in (*model.parameters(), *model.buffers())]
    said = refused(captured)
    # The lambda runs the present weights, so either sign of it may be met first.
    assert "weights of the model itself" in said or "not what the model puts out" in said
    assert all(
        torch.equal(a, b) for a, b in zip(before, (*model.parameters(), *model.buffers()), strict=True)
    )


def test_a_penalty_by_hand_is_refused():
    def loss(out, y):
        return F.cross_entropy(out, y)

    def step(model, optimizer, number):
        x, y = blobs()(number)
        optimizer.zero_grad()
        (loss(model(x), y) + 0.01 * sum(p.square().sum() for p in model.parameters())).backward()
        optimizer.step()

    said = refused(train(mlp(4, 8, 2), blobs(), cross_entropy, step=step))
    assert "descends more than" in said


def test_two_losses_and_two_calls_are_refused():
    def two_losses(model, optimizer, number):
        x, y = blobs()(number)
        optimizer.zero_grad()
        out = model(x)
        (F.cross_entropy(out, y) + F.mse_loss(out, torch.zeros_like(out))).backward()
        optimizer.step()

    def two_calls(model, optimizer, number):
        x, y = blobs()(number)
        optimizer.zero_grad()
        F.cross_entropy(model(x) + model(-x), y).backward()
        optimizer.step()

    assert "2 loss functions" in refused(train(mlp(4, 8, 2), blobs(), cross_entropy, step=two_losses))
    assert "runs 2 times" in refused(train(mlp(4, 8, 2), blobs(), cross_entropy, step=two_calls))


def test_hooks_of_the_script_are_not_called_on_the_copy():
    seen: list[torch.Tensor] = []
    model = mlp(4, 8, 2)
    model[0].register_forward_hook(lambda module, given, out: seen.append(out))
    captured = train(model, blobs(), cross_entropy)
    count = len(seen)
    assert admitted(captured) == "to the last bit"
    assert len(seen) == count
    assert len(model[0]._forward_hooks) == 1
