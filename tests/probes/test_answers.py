"""What the probes answer on runs whose truth is known."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gradwise.probes.bench import Bench
from gradwise.probes.collection import find_probe
from gradwise.probes.probe import Abstain, Answer
from gradwise.probes.stopwatch import Stopwatch
from gradwise.trace.captured import Captured
from tests.probes.recorded import blobs, cross_entropy, mlp, train


def ask(captured: Captured, name: str, seconds: float = 5.0) -> Answer:
    bench = Bench(captured)
    bench.watch = Stopwatch(seconds)
    return find_probe(name).run(bench)


def trained(rate: float, scale: float = 1.0, steps: int = 20) -> Captured:
    model = mlp(4, 16, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    return train(model, blobs(scale=scale), cross_entropy, optimizer=optimizer, steps=steps)


def test_a_rate_far_too_high_wants_a_lower_one():
    answer = ask(trained(300.0), "rate")
    assert answer.verdict == "lower"
    assert answer.data["now"]["best"] < 1


def test_a_rate_far_too_low_wants_a_higher_one():
    answer = ask(trained(1e-3), "rate")
    assert answer.verdict == "higher"
    assert answer.data["now"]["after"]["10"] < answer.data["now"]["after"]["1"]


def test_a_rate_a_thousand_times_too_low_wants_a_higher_one_still():
    answer = ask(trained(1e-6), "rate", 60)
    assert (answer.verdict, answer.data["now"]["best"]) == ("higher", 1000.0)


def test_a_rate_that_fits():
    assert ask(trained(3.0), "rate").verdict == "fits"


def test_rates_are_tried_from_the_very_same_state():
    captured = trained(0.5)
    one, two = ask(captured, "rate", 60), ask(captured, "rate", 60)
    assert one == two


class Rateless(torch.optim.Optimizer):
    """Finds its step by itself, and has no rate to be multiplied."""

    def step(self, closure=None):
        del closure
        with torch.no_grad():
            for p in self.param_groups[0]["params"]:
                p -= 0.1 * p.grad


def test_an_optimizer_without_a_rate_makes_rate_abstain():
    model = mlp(4, 6, 2)
    captured = train(model, blobs(), cross_entropy, optimizer=Rateless(model.parameters(), {}), steps=12)
    with pytest.raises(Abstain, match="Rateless has no rate"):
        ask(captured, "rate")


def test_an_optimizer_with_a_closure_and_accumulation_make_rate_abstain():
    model = mlp(4, 6, 2)

    def closure(model, optimizer, number):
        x, y = blobs()(number)

        def value():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        optimizer.step(value)

    searcher = torch.optim.LBFGS(model.parameters(), max_iter=2)
    captured = train(model, blobs(), cross_entropy, optimizer=searcher, step=closure, steps=8)
    with pytest.raises(Abstain):
        ask(captured, "rate")

    def twice(model, optimizer, number):
        optimizer.zero_grad()
        for part in range(2):
            x, y = blobs()(2 * number + part)
            (F.cross_entropy(model(x), y) / 2).backward()
        optimizer.step()

    with pytest.raises(Abstain, match="2 backward passes"):
        ask(train(mlp(4, 6, 2), blobs(), cross_entropy, step=twice, steps=8), "rate")


def uneven() -> Captured:
    """The feature that counts is a hundredth, the three others are a hundred."""
    model = mlp(4, 16, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    batch = blobs(scale=torch.tensor([0.01, 100.0, 100.0, 100.0]))
    return train(model, batch, cross_entropy, optimizer=optimizer, steps=20)


def test_raw_inputs_are_told_from_a_high_rate():
    raw = ask(uneven(), "standardised-input")
    assert raw.verdict == "helps"
    assert raw.data["weights"] == "kept"
    assert ask(trained(300.0), "standardised-input").verdict != "helps"


def test_weights_that_were_not_kept_are_drawn_anew_and_it_says_so():
    from dataclasses import replace

    answer = ask(replace(uneven(), initial=None), "standardised-input")
    assert answer.data["weights"] == "drawn anew"
    assert "drawn anew" in answer.text


def test_a_net_learns_a_batch_by_heart():
    answer = ask(trained(0.1), "overfit-one-batch")
    assert answer.verdict == "can"
    assert answer.data["present"] < 0.1


def test_a_linear_net_cannot_learn_xor():
    corners = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])

    def batch(_number):
        return corners, torch.tensor([0, 1, 1, 0])

    torch.manual_seed(0)
    answer = ask(train(nn.Sequential(nn.Linear(2, 2)), batch, cross_entropy), "overfit-one-batch")
    assert answer.verdict == "cannot"
    assert answer.data["constant"] == pytest.approx(0.6931, abs=1e-3)


def test_a_net_whose_units_died_can_from_new_weights_only():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    with torch.no_grad():
        model[0].bias.fill_(-100.0)
    answer = ask(train(model, blobs(), cross_entropy), "overfit-one-batch")
    assert answer.verdict == "lost"


class Last(nn.Module):
    def __init__(self, kind=nn.LSTM, **options):
        super().__init__()
        self.embed = nn.Embedding(9, 3) if options.pop("ids", False) else nn.Identity()
        self.body, self.head = kind(3, 8, **options), nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.body(self.embed(x))[0][:, -1])


def sequences(ids=False, samples=16, steps=5):
    def batch(number):
        torch.manual_seed(number)
        x = torch.randint(0, 9, (samples, steps)) if ids else torch.randn(samples, steps, 3)
        return x, torch.randint(0, 2, (samples,))

    return batch


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("ids", [False, True])
def test_a_missing_batch_first_is_found_where_it_begins(kind, ids):
    torch.manual_seed(0)
    wrong = ask(train(Last(kind, ids=ids), sequences(ids), cross_entropy, steps=6), "sample-mixing")
    assert (wrong.verdict, wrong.data["module"], wrong.data["inside"]) == ("mixed", "body", True)
    assert wrong.data["batch_first"] is False
    right = Last(kind, ids=ids, batch_first=True)
    assert ask(train(right, sequences(ids), cross_entropy, steps=6), "sample-mixing").verdict == "apart"


def test_the_share_agrees_with_a_jacobian_by_hand():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(4, 2)

        def forward(self, x):
            return self.line(x + 0.5 * x.roll(1, 0))

    torch.manual_seed(0)
    answer = ask(train(Mixed(), blobs(8), cross_entropy, steps=6), "sample-mixing")
    assert answer.data["share"] == pytest.approx(0.5 / 1.5, abs=1e-6)
    assert (answer.data["module"], answer.data["inside"]) == ("line", False)


def test_time_major_on_purpose_is_apart():
    class Major(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = nn.LSTM(3, 8), nn.Linear(8, 2)

        def forward(self, x):
            return self.head(self.body(x)[0][-1])

    def batch(number):
        x, y = sequences()(number)
        return x.transpose(0, 1), y

    answer = ask(train(Major(), batch, cross_entropy, steps=6), "sample-mixing")
    assert (answer.verdict, answer.data["axis"]) == ("apart", 1)


def test_attention_and_convolution_are_apart():
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
            self.conv, self.head = nn.Conv1d(4, 4, 3, padding=1), nn.Linear(4, 2)

        def forward(self, x):
            x = self.layer(x)
            return self.head(self.conv(x.transpose(1, 2)).mean(2))

    def batch(number):
        torch.manual_seed(number)
        return torch.randn(8, 5, 4), torch.randint(0, 2, (8,))

    assert ask(train(Attending(), batch, cross_entropy, steps=6), "sample-mixing").verdict == "apart"


def test_a_graph_is_seen_to_be_one():
    class Graph(nn.Module):
        def __init__(self):
            super().__init__()
            self.line = nn.Linear(4, 2)

        def forward(self, x, a):
            return a @ self.line(x)

    torch.manual_seed(0)
    x, a, y = torch.randn(12, 4), torch.rand(12, 12), torch.randint(0, 2, (12,))

    def step(model, optimizer, number):
        optimizer.zero_grad()
        F.cross_entropy(model(x, a), y).backward()
        optimizer.step()

    answer = ask(train(Graph(), blobs(), cross_entropy, step=step, steps=6), "sample-mixing")
    assert answer.verdict == "mixed"
    assert answer.data["relations"] and answer.data["repeated"]


def test_equally_many_samples_and_steps_make_it_abstain():
    with pytest.raises(Abstain, match="equally many"):
        ask(train(Last(), sequences(samples=5), cross_entropy, steps=6), "sample-mixing")


def test_tiny_batches_cost_more_per_sample():
    captured = train(mlp(4, 32, 32, 2), blobs(2), cross_entropy, steps=8)
    answer = ask(captured, "batch-size", 2.0)
    assert answer.data["samples"] == 2
    assert set(answer.data["seconds"]) == {"1", "2", "4", "8"}


def test_layout_abstains_without_images():
    with pytest.raises(Abstain, match="no 2-d convolution"):
        ask(trained(0.1), "layout")
