"""How a loop is connected: order of clipping, reach of gradients, schedules."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.watch.watching import at, trace_of, watched


def data(rows=24):
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(0, 3, (rows,), generator=generator)
    return torch.randn(rows, 4, generator=generator) + y[:, None], y


def make():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU())
    return nn.Sequential(body, nn.Dropout(0.5), nn.Linear(6, 3))


def step(model, optimizer):
    x, y = data()
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


def last(trace, kind):
    return trace.facts_of(kind)[-1].data


# ---- clipping -----------------------------------------------------------------------


def clipped(folder, order, steps=12, limit=0.05):
    """Steps in which the letters of ``order`` are done: backward, clip, step, zero_grad."""
    norms = []
    with watched(folder):
        model = make().double()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = data()
        does = {
            "z": lambda: optimizer.zero_grad(),
            "b": lambda: F.cross_entropy(model(x.double()), y).backward(),
            "c": lambda: norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), limit))),
            "s": lambda: optimizer.step(),
        }
        for _ in range(steps):
            for letter in order:
                does[letter]()
    return trace_of(folder), norms


@pytest.mark.parametrize("order", ["zbcs", "bcsz", "zbbcs"])
def test_clipping_before_the_step(order, tmp_path):
    trace, norms = clipped(tmp_path / "run", order)
    told = last(trace, "clip")
    assert (told["calls"], told["wasted"], told["max_norm"]) == (12, 0, 0.05)
    for i in range(10):
        assert at(trace, "clip_norm", "clip_grad_norm_", i) == pytest.approx(norms[i], rel=1e-6)
        assert at(trace, "clip_limit", "clip_grad_norm_", i) == pytest.approx(0.05)


@pytest.mark.parametrize("given", [list, iter], ids=["list", "generator"])
def test_clipping_by_value(given, tmp_path):
    before, after = [], []
    with watched(tmp_path / "run"):
        model = make().double()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = data()
        norm = lambda: torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()  # noqa: E731
        for _ in range(10):
            optimizer.zero_grad()
            F.cross_entropy(model(x.double()), y).backward()
            before.append(norm())
            nn.utils.clip_grad_value_(given(list(model.parameters())), 1e-3)
            after.append(norm())
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    for i in range(10):
        assert at(trace, "clip_norm", "clip_grad_value_", i) == pytest.approx(before[i], rel=1e-6)
        assert at(trace, "clip_limit", "clip_grad_value_", i) == pytest.approx(after[i], rel=1e-6)
    assert before[0] > 10 * after[0]


def test_clipping_before_an_update_by_hand_is_in_time(tmp_path):
    with watched(tmp_path / "run"):
        model = make()
        x, y = data()
        for _ in range(12):
            model.zero_grad()
            F.cross_entropy(model(x), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            with torch.no_grad():
                for p in model.parameters():
                    p.sub_(p.grad)
    told = last(trace_of(tmp_path / "run"), "clip")
    assert (told["calls"], told["wasted"]) == (12, 0)


@pytest.mark.parametrize(("order", "wasted"), [("zbsc", 11), ("zcbs", 12)])
def test_clipping_too_late_or_too_early(order, wasted, tmp_path):
    trace, _ = clipped(tmp_path / "run", order)
    told = last(trace, "clip")
    assert (told["calls"], told["wasted"], told["first_late"]) == (12, wasted, 1 if order == "zbsc" else 0)


def test_clipping_long_after_sampling_has_thinned(tmp_path):
    trace, _ = clipped(tmp_path / "run", "zbsc", steps=80)
    assert last(trace, "clip")["wasted"] == 79


def test_a_limit_that_only_measures_is_no_clipping(tmp_path):
    trace, _ = clipped(tmp_path / "run", "zbsc", limit=float("inf"))
    assert trace.facts_of("clip") == ()


def test_gradients_assigned_by_hand_and_clipped(tmp_path):
    with watched(tmp_path / "run"):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = data()
        for _ in range(12):
            loss = F.cross_entropy(model(x), y)
            for p, g in zip(model.parameters(), torch.autograd.grad(loss, model.parameters()), strict=True):
                p.grad = g
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    assert last(trace_of(tmp_path / "run"), "clip")["wasted"] == 0


# ---- reach --------------------------------------------------------------------------


class Split(nn.Module):
    """A body, a cut and a head."""

    def __init__(self, cut):
        super().__init__()
        self.body, self.head, self.cut = nn.Linear(4, 64), nn.Linear(64, 3), cut

    def forward(self, x):
        return self.head(self.cut(self.body, x))


def gradless(body, x):
    with torch.no_grad():
        return body(x)


def reach(folder, model, steps=10, prepare=lambda model: None):
    torch.manual_seed(0)
    with watched(folder):
        model = model()
        prepare(model)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(steps):
            step(model, optimizer)
    return trace_of(folder)


@pytest.mark.parametrize(
    "cut",
    [lambda body, x: body(x).detach(), lambda body, x: body(x).data.relu(), gradless],
    ids=["detach", "data", "no_grad"],
)
def test_where_the_graph_ends(cut, tmp_path):
    told = last(reach(tmp_path / "run", lambda: Split(cut)), "unreached")
    assert told["parameters"] == ["body.weight", "body.bias"]
    assert told["first"] and not told["whole"] and not told["loaded"] and not told["twins"]
    assert told["gradless"] == (["body"] if cut is gradless else [])
    assert told["before"] == "head"


class Twinned(nn.Module):
    """An embedding that is cut off, and an answer of the same name and shape that learns."""

    def __init__(self):
        super().__init__()
        self.embed, self.middle, self.answer = nn.Embedding(3, 4), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.answer(self.middle(self.embed(x.argmax(1) % 3).detach()))


def test_a_layer_of_another_class_is_no_twin(tmp_path):
    told = last(reach(tmp_path / "run", Twinned), "unreached")
    assert (told["parameters"], told["twins"]) == (["embed.weight"], False)


def test_everything_is_reached(tmp_path):
    trace = reach(tmp_path / "run", lambda: Split(lambda body, x: body(x)))
    assert trace.facts_of("unreached") == trace.facts_of("frozen") == trace.facts_of("unstepped") == ()


def test_weights_that_were_loaded(tmp_path):
    def load(model):
        model.body.load_state_dict(nn.Linear(4, 64).state_dict())

    assert last(reach(tmp_path / "run", lambda: Split(gradless), prepare=load), "unreached")["loaded"]


def test_a_loss_made_anew(tmp_path):
    with watched(tmp_path / "run"):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = data()
        for _ in range(5):
            F.cross_entropy(model(x), y).detach().requires_grad_().backward()
            optimizer.step()
    told = last(trace_of(tmp_path / "run"), "unreached")
    assert told["leaf_loss"] and told["whole"] and len(told["parameters"]) == 6


@pytest.mark.parametrize(("spread", "random"), [(1.0, True), (0.5, False)])
def test_a_frozen_embedding_is_random_where_it_is_as_torch_began_it(spread, random, tmp_path):
    with watched(tmp_path / "run"):
        torch.manual_seed(0)
        words, head = nn.Embedding(300, 12), nn.Linear(12, 2)
        nn.init.normal_(words.weight, std=spread)
        words.weight.requires_grad_(False)
        model = nn.Sequential(words, head)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(12):
            optimizer.zero_grad()
            model(torch.randint(0, 300, (8,))).square().mean().backward()
            optimizer.step()
    told = trace_of(tmp_path / "run").facts_of("frozen")[-1].data
    assert told["uniform"] == (["0.weight"] if random else [])


@pytest.mark.parametrize(
    "draw",
    [
        nn.init.kaiming_normal_,
        lambda w: nn.init.kaiming_normal_(w, mode="fan_out"),
        nn.init.xavier_normal_,
        lambda w: nn.init.normal_(w, std=0.02),
        lambda w: w.data.copy_(F.normalize(torch.randn_like(w), dim=1)).__getitem__(0).zero_(),  # directions
    ],
)
def test_frozen_parameters_of_other_initialisations(draw, tmp_path):
    def freeze(model):
        model.body.requires_grad_(False)
        draw(model.body.weight)

    told = last(reach(tmp_path / "run", lambda: Split(lambda body, x: body(x)), prepare=freeze), "frozen")
    assert told["uniform"] == ["body.weight"]


@pytest.mark.parametrize("learnt", [False, True])
def test_frozen_directions_are_random_unless_a_few_axes_carry_most(learnt, tmp_path):
    with watched(tmp_path / "run"):
        torch.manual_seed(0)
        spread = torch.linspace(0.1, 2.0, 16) if learnt else torch.ones(16)  # as of word vectors
        vectors = F.normalize(torch.randn(700, 16) * spread, dim=1)
        vectors[0] = 0.0  # padding
        model = nn.Sequential(nn.Embedding.from_pretrained(vectors), nn.Linear(16, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(12):
            optimizer.zero_grad()
            model(torch.randint(0, 700, (8,))).square().mean().backward()
            optimizer.step()
    told = trace_of(tmp_path / "run").facts_of("frozen")[-1].data
    assert told["uniform"] == ([] if learnt else ["0.weight"])


@pytest.mark.parametrize("uniform", [True, False])
def test_frozen_parameters_and_how_they_are_distributed(uniform, tmp_path):
    def freeze(model):
        model.body.requires_grad_(False)
        if not uniform:
            with torch.no_grad():
                model.body.weight.normal_(std=0.3)  # as trained weights may be

    told = last(reach(tmp_path / "run", lambda: Split(lambda body, x: body(x)), prepare=freeze), "frozen")
    assert told["parameters"] == told["held"] == ["body.weight", "body.bias"]
    assert told["uniform"] == (["body.weight"] if uniform else [])
    assert (told["numbers"], told["trainable"], told["last"]) == (320, 195, "head")


def test_gradients_cleared_before_the_step(tmp_path):
    with watched(tmp_path / "run"):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = data()
        for _ in range(6):
            F.cross_entropy(model(x), y).backward()
            optimizer.zero_grad()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert last(trace, "unstepped")["cause"] == "cleared"
    assert trace.facts_of("unreached") == ()


@pytest.mark.parametrize(("by_hand", "told"), [(False, True), (True, False)])
def test_an_optimizer_that_nobody_steps(by_hand, told, tmp_path):
    with watched(tmp_path / "run") as session:
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = data()
        for _ in range(12):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            if by_hand:
                with torch.no_grad():
                    for p in model.parameters():
                        p -= 0.1 * p.grad
        connections = session.sampler.connections
    assert connections.never_stepped is told
    facts = trace_of(tmp_path / "run").facts_of("unstepped")
    assert [(f.data["backwards"], f.data["training"], f.data["optimizers"]) for f in facts] == (
        [(12, 12, ["SGD"])] if told else []
    )


def test_the_second_of_two_optimizers_never_steps(tmp_path):
    with watched(tmp_path / "run"):
        model = make()
        optimizers = [torch.optim.SGD(part.parameters(), lr=0.1) for part in (model[0], model[2])]
        x, y = data()
        for _ in range(10):
            for optimizer in optimizers:
                optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizers[0].step()
    told = last(trace_of(tmp_path / "run"), "unstepped")
    assert (told["cause"], told["parameters"]) == ("idle", ["2.weight", "2.bias"])


def test_optimizers_of_earlier_folds_are_not_idle(tmp_path):
    kept = []
    with watched(tmp_path / "run"):
        for _ in range(3):
            model = make()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            kept.append((model, optimizer))
            for _ in range(12):
                step(model, optimizer)
    assert trace_of(tmp_path / "run").facts_of("unstepped") == ()


def test_an_optimizer_of_a_model_that_was_replaced(tmp_path):
    with watched(tmp_path / "run"):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model[2] = nn.Linear(6, 3)
        for _ in range(10):
            step(model, optimizer)
    told = last(trace_of(tmp_path / "run"), "stale-optimizer")
    assert (told["count"], told["trained"], told["running"]) == (2, 4, ["2.weight", "2.bias"])


def test_the_graph_is_counted(tmp_path):
    kept = []
    with watched(tmp_path / "run"):
        weight = nn.Linear(3, 1, bias=False)
        optimizer = torch.optim.SGD(weight.parameters(), lr=0.01)
        total = torch.zeros(())
        for _ in range(4):
            total = total + weight(torch.ones(2, 3)).square().mean()
            nodes, todo = set(), [total.grad_fn]
            while todo:
                node = todo.pop()
                if node is not None and node not in nodes:
                    nodes.add(node)
                    todo += [following for following, _ in node.next_functions]
            kept.append(len(nodes))
            optimizer.zero_grad()
            total.backward(retain_graph=True)
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert [at(trace, "graph_nodes", "backward", i) for i in range(4)] == kept
    assert kept[3] > 2 * kept[0]


# ---- schedules ----------------------------------------------------------------------


def scheduled(folder, make_schedule, per_batch, epochs=5, batches=4):
    with watched(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        schedule = make_schedule(optimizer)
        for _ in range(epochs):
            for _ in range(batches):
                step(model, optimizer)
                if per_batch:
                    schedule.step()
            if not per_batch:
                schedule.step()
    return trace_of(folder)
