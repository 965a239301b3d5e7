"""Rows, columns and answers of watched runs against plain Python and float64 NumPy."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset, WeightedRandomSampler

from gradwise.watch.bad_inputs import bad_places
from gradwise.watch.columns import MAX_COLUMNS, Columns, column_parts
from gradwise.watch.guesses import binary_scores, class_scores
from gradwise.watch.prints import MAX_WIDTH, _weights, decoded, row_prints
from tests.watch.watching import at, trace_of, watched

TRAIN, VALID, SHARED, BATCH, EPOCHS = 48, 32, 12, 16, 2


def prints(x):
    return decoded(row_prints(x).numpy().reshape(-1))


def by_hand(row):
    """One print in Python's own integers."""
    weights = [int(w) for w in _weights(len(row), torch.device("cpu"))]
    words = np.asarray(row).view(np.int32).tolist()
    total = sum(word * weight for word, weight in zip(words, weights, strict=True)) % 2**64
    return total - 2**64 if total >= 2**63 else total


def test_a_print_is_the_weighted_sum_of_the_bits():
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(1))
    assert prints(x).tolist() == [by_hand(row.numpy()) for row in x]


@pytest.mark.parametrize(
    "dtype",
    [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool],
)
def test_equal_rows_have_equal_prints_and_no_others(dtype):
    x = torch.randn(40, 3, 20, generator=torch.Generator().manual_seed(2)) * 3
    x = x > 0 if dtype == torch.bool else x.to(dtype)
    order = torch.randperm(40)
    known = prints(x)
    assert len(np.unique(known)) == 40
    assert (prints(x[order]) == known[order.numpy()]).all()
    assert (prints(x.flip(2)) != known).all()  # the order within a row counts
    assert (prints(x.transpose(1, 2).contiguous().transpose(1, 2)) == known).all()  # strides do not


def test_the_last_bit_of_one_number_counts():
    x = torch.rand(1, 30)
    other = x.clone()
    other[0, 17] = torch.nextafter(other[0, 17], torch.tensor(2.0))
    assert prints(x) != prints(other)


def test_wide_rows_are_thinned():
    x = torch.randn(3, 3 * MAX_WIDTH + 1)
    assert len(np.unique(prints(x))) == 3
    assert (prints(x) == prints(x.clone())).all()


@pytest.mark.parametrize("shape", [(50, 6), (20, 9, 4), (8, 3, 5, 5)])
def test_columns_over_batches(shape):
    random = np.random.default_rng(3)
    batches = [(random.normal(1e4, 3.0, shape)).astype(np.float32) for _ in range(4)]
    columns = Columns()
    for batch in batches:
        parts = column_parts(torch.from_numpy(batch))
        assert parts is not None
        columns.add(parts.numpy(), len(batch))
    axis = 1 if len(shape) == 4 else len(shape) - 1
    flat = np.moveaxis(np.concatenate(batches).astype(np.float64), axis, -1).reshape(-1, shape[axis])
    told = columns.told()
    assert told["mean"] == pytest.approx(flat.mean(0), rel=1e-6)
    assert told["std"] == pytest.approx(flat.std(0), rel=1e-3)
    assert told["low"] == pytest.approx(flat.min(0)) and told["high"] == pytest.approx(flat.max(0))


def test_columns_of_wide_inputs_and_of_ids():
    parts = column_parts(torch.randn(10, 5 * MAX_COLUMNS + 3))
    assert parts is not None and len(parts) <= 4 * MAX_COLUMNS
    assert column_parts(torch.zeros(10, 5, dtype=torch.long)) is None


def test_scores_of_classes():
    scores, truth = torch.randn(6, 3).double(), torch.tensor([0, 2, 1, -100, 1, 0])
    flat = class_scores("cross_entropy", scores.float(), truth, -100)
    assert flat is not None
    labels, own, top, guess = flat.reshape(4, -1).numpy()
    chances = np.exp(scores.numpy()) / np.exp(scores.numpy()).sum(1, keepdims=True)
    assert labels.tolist() == [0, 2, 1, -1, 1, 0]
    seen = [0, 1, 2, 4, 5]
    assert own[seen] == pytest.approx(chances[seen, truth.numpy()[seen]], rel=1e-5)
    assert top == pytest.approx(chances.max(1), rel=1e-5)
    assert guess.tolist() == chances.argmax(1).tolist()


def test_scores_of_one_logit():
    flat = binary_scores("binary_cross_entropy_with_logits", torch.tensor([[2.0], [-1.0]]), torch.ones(2, 1))
    assert flat is not None
    p = 1 / (1 + np.exp([-2.0, 1.0]))
    assert flat.reshape(4, -1)[1].numpy() == pytest.approx(p, rel=1e-6)
    assert flat.reshape(4, -1)[3].tolist() == [1.0, 0.0]


def test_where_an_input_is_broken():
    x = torch.zeros(6, 4)
    x[2, 1], x[5, 1], x[5, 3] = float("nan"), float("inf"), float("nan")
    places = bad_places({"input.0": torch.zeros(6, 4), "input.1": x})
    assert places["bad_rows"] == [2, 5] and places["bad_columns"] == [1, 3] and places["bad_values"] == 3
    assert bad_places({"target.0": x}) == {}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two epochs with an evaluation behind each; 12 of its 32 rows are training rows."""
    folder = tmp_path_factory.mktemp("rows") / "run"
    torch.manual_seed(5)
    x, y = torch.randn(TRAIN, 9), torch.arange(TRAIN) % 12 // 11  # one in twelve is of class 1
    x[:, 4] = 2.5
    other = torch.cat((x[:SHARED], torch.randn(VALID - SHARED, 9)))
    truth = {"x": x.numpy(), "other": other.numpy(), "labels": [], "guess": []}
    loader = DataLoader(TensorDataset(x, y), batch_size=BATCH, shuffle=True)
    with watched(folder):
        model = nn.Sequential(nn.Linear(9, 8), nn.Tanh(), nn.Linear(8, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(EPOCHS):
            model.train()
            for xb, yb in loader:
                optimizer.zero_grad()
                out = model(xb)
                truth["labels"].append(yb.numpy())
                truth["guess"].append(out.argmax(1).numpy())
                F.cross_entropy(out, yb).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                F.cross_entropy(model(other), torch.zeros(VALID, dtype=torch.long))
    return trace_of(folder), truth


def latest(trace, kind):
    return {fact.where: fact.data for fact in trace.facts_of(kind)}


def test_training_rows(run):
    trace, _ = run
    (data,) = latest(trace, "rows").values()
    steps = EPOCHS * TRAIN // BATCH
    assert (data["batches"], data["rows"], data["distinct"]) == (steps, EPOCHS * TRAIN, TRAIN)
    assert (data["source"], data["largest"], data["drawn"]) == (TRAIN, BATCH, steps)
    assert (data["twins"], data["same"], data["revisited"], data["relabelled"]) == (0, 0, TRAIN, 0)
    assert data["met"] >= data["regrouped"] >= 0.9 * data["met"] > 0  # drawn in another order each time
    assert data["pairs"] == steps * BATCH * (BATCH - 1) // 2
    assert not trace.facts_of("note")


def test_columns_of_training(run):
    trace, truth = run
    (data,) = latest(trace, "columns").values()
    x = truth["x"].astype(np.float64)
    assert data["mean"] == pytest.approx(x.mean(0), rel=1e-5)
    assert data["std"] == pytest.approx(x.std(0), rel=1e-5, abs=1e-6)
    assert data["low"][4] == data["high"][4] == 2.5


def test_evaluation_rows(run):
    trace, truth = run
    (data,) = latest(trace, "evaluation-rows").values()
    assert (data["batches"], data["distinct"], data["matched"]) == (EPOCHS, VALID, SHARED)
    assert (data["seen"], data["source"]) == (TRAIN, 0)  # no loader gave these
    assert data["mean"] == pytest.approx(truth["other"].astype(np.float64).mean(0), rel=1e-5, abs=1e-7)


def test_answers_and_recall(run):
    trace, truth = run
    counts = np.zeros(2)
    for step, (labels, guess) in enumerate(zip(truth["labels"], truth["guess"], strict=True)):
        counts += np.bincount(labels, minlength=2)
        assert at(trace, "guess_top_share", "cross_entropy", step) == pytest.approx(
            np.bincount(guess).max() / len(guess)
        )
        so_far = np.concatenate(truth["labels"][: step + 1]), np.concatenate(truth["guess"][: step + 1])
        rare = so_far[0] == 1 if 0 < 10 * counts[1] <= counts[0] else np.zeros(len(so_far[0]), bool)
        assert at(trace, "rare_rows", "cross_entropy", step) == rare.sum()
        assert at(trace, "rare_share", "cross_entropy", step) == pytest.approx(rare.sum() / counts.sum())
        if rare.any():
            recall = (so_far[0] == so_far[1])[rare].mean()
            assert at(trace, "rare_recall", "cross_entropy", step) == pytest.approx(recall)


def test_blank_rows(tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(40, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        ids = torch.randint(1, 9, (8, 10))
        ids[:3] = 0
        F.cross_entropy(model(ids), torch.zeros(8, dtype=torch.long)).backward()
        optimizer.step()
    assert at(trace_of(tmp_path / "run"), "input_blank_share", "Sequential", 0) == pytest.approx(3 / 8)


@pytest.mark.parametrize(("kind", "expected"), [("subset", 30), ("weighted", 40)])
def test_how_many_rows_a_loader_has(kind, expected, tmp_path):
    data = TensorDataset(torch.randn(40, 3), torch.randn(40, 1))
    sampler = (
        SubsetRandomSampler(range(30)) if kind == "subset" else WeightedRandomSampler(torch.ones(40), 16)
    )
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in DataLoader(data, batch_size=8, sampler=sampler):
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
    (found,) = latest(trace_of(tmp_path / "run"), "rows").values()
    assert found["source"] == expected


def test_an_evaluation_whose_model_puts_out_one_number_a_row(tmp_path):
    x = torch.randn(24, 3)
    with watched(tmp_path / "run"):
        model = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            model.train()
            optimizer.zero_grad()
            F.mse_loss(model(x[:12]), torch.ones(12)).backward()
            optimizer.step()
            model.eval()
            with torch.no_grad():
                F.mse_loss(model(x[6:]), torch.ones(18))
    (data,) = latest(trace_of(tmp_path / "run"), "evaluation-rows").values()
    assert (data["distinct"], data["matched"]) == (18, 6)


def test_passes_without_gradients_that_no_loss_judges_are_no_evaluation(tmp_path):
    """As a policy is asked before it is trained."""
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(5):
            x = torch.randn(12, 3)
            with torch.no_grad():
                model(x)
            optimizer.zero_grad()
            F.mse_loss(model(x), torch.zeros(12, 1)).backward()
            optimizer.step()
    assert not trace_of(tmp_path / "run").facts_of("evaluation-rows")


def test_an_evaluation_without_eval_is_seen_at_a_wished_sample(tmp_path):
    x, y = torch.randn(200, 3), torch.randn(200, 1)
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(5):
            for i in range(37):
                optimizer.zero_grad()
                F.mse_loss(model(x[i : i + 9]), y[i : i + 9]).backward()
                optimizer.step()
            with torch.no_grad():
                F.mse_loss(model(x[100:]), y[100:])
    (found,) = latest(trace_of(tmp_path / "run"), "evaluation-rows").values()
    assert found["distinct"] == 100


def test_a_new_model_gets_a_new_book(tmp_path):
    with watched(tmp_path / "run"):
        for _ in range(2):
            model = nn.Linear(3, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            for _ in range(6):
                optimizer.zero_grad()
                F.mse_loss(model(torch.randn(10, 3)), torch.zeros(10, 1)).backward()
                optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert max(fact.data["rows"] for fact in trace.facts_of("rows") if fact.step < 6) == 60
    assert max(fact.data["rows"] for fact in trace.facts_of("rows")) == 60  # not 120


def test_partners_in_the_batch_are_no_classes(tmp_path):
    """In-batch contrastive losses give every row the number of its place: it is another one in every epoch."""
    torch.manual_seed(0)
    x = torch.randn(TRAIN, 6)
    with watched(tmp_path / "run"):
        tower = nn.Linear(6, 8)
        optimizer = torch.optim.SGD(tower.parameters(), lr=0.1)
        for _ in range(3 * EPOCHS):
            for rows in torch.randperm(TRAIN).split(BATCH):
                code = F.normalize(tower(x[rows]), dim=1)
                loss = F.cross_entropy(code @ code.T / 0.1, torch.arange(BATCH))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    last = trace_of(tmp_path / "run").facts_of("rows")[-1].data
    assert last["revisited"] == 0 or last["relabelled"] == 0
    assert last["classes"] == 0
