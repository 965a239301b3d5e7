"""How sure and how right the answers to rows were, against counting by hand; wrong labels in watched runs."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.rules.noisy_labels import SURER_AT, SURER_PER_LIFT, check
from gradwise.watch.guesses import FEWEST_JUDGED, quarters
from tests.watch.watching import trace_of, watched


def answers(rows, classes, *, width=1.0, seed=0):
    """Labels drawn from calibrated answers whose logits are normal: rows that are hard to different degrees."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, width, (rows, classes))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (chances.cumsum(1) > random.random((rows, 1))).argmax(1)
    return labels.astype(np.float32), chances[np.arange(rows), labels], chances.max(1)


def by_hand(labels, own, top):
    """One quarter in plain Python."""
    rows = [(float(y), float(p), float(q)) for y, p, q in zip(labels, own, top, strict=True)]
    good, bad = [r for r in rows if r[1] == r[2]], [r for r in rows if r[1] != r[2]]
    pairs = [(a[2] > b[2]) + (a[2] == b[2]) / 2 for a in good for b in bad]
    surest = sorted(rows, key=lambda r: r[2], reverse=True)[: len(rows) // 4]
    classes = {y: [r for r in rows if r[0] == y] for y in {r[0] for r in rows}}
    held = hit = 0
    for of in sorted(classes.values(), key=lambda of: sum(r in bad for r in of) / len(of)):
        if held < len(rows) / 2:
            held, hit = held + len(of), hit + sum(r in good for r in of)
    return {
        "rows": len(rows),
        "right": len(good),
        "classes": len(classes),
        "common": max(map(len, classes.values())),
        "confidence": sum(r[2] for r in rows) / len(rows),
        "surer": sum(pairs) / len(pairs),
        "surest": len(surest),
        "surest_right": sum(r in good for r in surest),
        "easier": held,
        "easier_right": hit,
        "left": sum(r[1] / (1 - r[2]) for r in bad) / len(bad),
    }


@pytest.mark.parametrize(("rows", "classes"), [(400, 2), (403, 5)])
def test_each_quarter_is_counted_as_by_hand(rows, classes):
    labels, own, top = answers(rows, classes)
    own[3], top[3] = top[4], top[4]  # equal ones count half
    told = quarters(labels, own, top)
    parts = [np.array_split(values, 4) for values in (labels, own, top)]
    assert len(told) == 4
    for quarter, part in zip(told, zip(*parts, strict=True), strict=True):
        assert quarter == pytest.approx(by_hand(*part), abs=1e-9)


def test_ignored_rows_count_for_nothing():
    labels, own, top = answers(400, 3)
    holes = np.insert(labels, [7, 200], -1), np.insert(own, [7, 200], 0.5), np.insert(top, [7, 200], 0.5)
    assert quarters(*holes) == quarters(labels, own, top)


def test_nothing_is_told_of_few_rows_nor_of_what_is_no_probability():
    labels, own, top = answers(FEWEST_JUDGED, 3)
    assert quarters(labels, own, top)
    assert not quarters(labels[1:], own[1:], top[1:])
    for broken in (np.nan, 1.5):
        assert not quarters(labels, own, np.append(top[1:], broken))


def test_nothing_wrong_is_all_surer():
    ones = np.ones(FEWEST_JUDGED)
    assert {quarter["surer"] for quarter in quarters(np.arange(FEWEST_JUDGED) % 3, ones, ones)} == {1.0}


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("width", [0.8, 1.5, 3.0])
def test_rows_that_are_hard_to_different_degrees_lie_on_the_line_of_the_rule(classes, width):
    for quarter in quarters(*answers(80_000, classes, width=width)):
        lift = (quarter["right"] - quarter["common"]) / (quarter["rows"] - quarter["common"])
        assert quarter["surer"] > SURER_AT + SURER_PER_LIFT * lift - 0.045


def trained(folder, *, noise=0.0, spread=0.4):
    """Four groups of points in the plane, 400 steps; ``noise`` of the labels are those of other groups."""
    draw = torch.Generator().manual_seed(3)
    y = torch.arange(2000) % 4
    x = torch.stack((y % 2 * 2.0 - 1, y // 2 * 2.0 - 1), 1) + spread * torch.randn(2000, 2, generator=draw)
    other = (y + torch.randint(1, 4, y.shape, generator=draw)) % 4
    labels = torch.where(torch.rand(2000, generator=draw) < noise, other, y)
    torch.manual_seed(0)
    with watched(folder):
        model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 4))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(400):
            rows = torch.randint(0, 2000, (64,), generator=draw)
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), labels[rows]).backward()
            optimizer.step()
    return trace_of(folder)


def test_wrong_labels_are_named_that_make_a_network_unsure_of_all(tmp_path):
    (finding,) = check(trained(tmp_path / "run", noise=0.3))
    assert finding.unit == "share of pairs"
    assert finding.value > finding.threshold > 0


def test_wrong_labels_are_named_that_a_sure_network_holds_against(tmp_path):
    (finding,) = check(trained(tmp_path / "run", noise=0.1))
    assert finding.unit == "share of the late rows"


@pytest.mark.parametrize("spread", [0.4, 0.8, 1.2])
def test_groups_that_overlap_are_not_wrong_labels(spread, tmp_path):
    trace = trained(tmp_path / "run", spread=spread)
    assert len(trace.facts_of("rows")[-1].data["quarters"]) == 4
    assert not list(check(trace))
