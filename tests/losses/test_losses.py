"""Losses by name: their formulas, gradients, large inputs, means, and what they refuse."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import LinearSVC
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.func import vmap

from gradwise import losses
from gradwise.errors import UnknownNameError, UsageError
from tests.losses.records import CASES, HEAD, IDS, LABELS, NUMBERS, OUTPUTS, TARGETS, Case

WEIGHTED = [
    case for case in CASES if "weights" not in case.given and not case.features and case.target != "numbers"
]
each_case = pytest.mark.parametrize("case", CASES, ids=str)


def value(case: Case, rows: Tensor, target: Tensor, head: Tensor = HEAD) -> Tensor:
    """Of (N, 3) outputs, or features of a net whose head has a bias of 0.25."""
    loss = losses.make(case.name, **case.given).to(rows.dtype)
    if losses.LOSSES[case.name].takes == "head":
        return loss(rows @ head.to(rows.dtype).T + 0.25, target, rows, head.to(rows.dtype))
    return loss(rows, target.to(rows.dtype) if target.is_floating_point() else target)


def test_every_loss_is_tried() -> None:
    assert {case.name for case in CASES} | {"center"} == set(losses.LOSSES)


@each_case
def test_it_is_the_published_formula(case: Case) -> None:
    target = TARGETS[case.target]
    assert value(case, OUTPUTS, target).item() == pytest.approx(
        case.by_hand(OUTPUTS.tolist(), target.tolist()), rel=1e-12
    )


@each_case
def test_its_gradient_is_that_of_its_value(case: Case) -> None:
    torch.manual_seed(0)
    rows = (OUTPUTS[::3] + 0.01 * torch.randn(13, 3, dtype=torch.float64)).requires_grad_()
    target = TARGETS[case.target][::3]
    assert gradcheck(lambda x: value(case, x, target), rows)
    if case.name == "large-margin":
        assert gradcheck(lambda w: value(case, rows.detach(), target, w), HEAD.clone().requires_grad_())


@each_case
@pytest.mark.parametrize("size", [1e4, 0.0])
def test_large_and_zero_inputs_have_finite_losses_and_gradients(case: Case, size: float) -> None:
    torch.manual_seed(0)
    rows = (size * torch.randn(36, 3).sign()).requires_grad_()  # many are equal, and many are opposite
    head = (HEAD.sign().float() * max(size, 1.0)).requires_grad_()
    loss = value(case, rows, TARGETS[case.target][:36], head)
    loss.backward()
    assert loss.isfinite() and rows.grad.isfinite().all()
    assert head.grad is None or head.grad.isfinite().all()


@pytest.mark.parametrize("case", WEIGHTED, ids=str)
def test_weights_divide_as_torch_does(case: Case) -> None:
    weights = (1.0, 2.0, 4.0)
    loss = partial(losses.make, case.name, **case.given)
    target = TARGETS[case.target]
    weighted = loss(weights=weights).double()(OUTPUTS, target)
    if case.target == "ids" and not getattr(loss(), "smoothing", 0):
        each = torch.stack([loss()(OUTPUTS[[i]], target[[i]]) for i in range(len(target))])
        share = torch.tensor(weights, dtype=torch.float64)[target]
        torch.testing.assert_close(weighted, (share * each).sum() / share.sum())
    if case.target == "ids":
        alike = loss(weights=(3.0, 3.0, 3.0)).double()(OUTPUTS, target)
        torch.testing.assert_close(alike, loss()(OUTPUTS, target))
    twice = loss(weights=weights).double()(OUTPUTS.repeat(2, 1), target.repeat(2, *[1] * (target.ndim - 1)))
    torch.testing.assert_close(twice, weighted)  # a mean, not a sum


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 9), classes=st.integers(2, 6))
def test_kinships(seed: int, rows: int, classes: int) -> None:
    torch.manual_seed(seed)
    z, y = 5 * torch.randn(rows, classes, dtype=torch.float64), torch.randint(classes, (rows,))
    labels, numbers = (
        torch.randint(2, (rows, classes)).double(),
        torch.randn(rows, classes, dtype=torch.float64),
    )
    weight, features = torch.randn(classes, 4, dtype=torch.float64), torch.randn(rows, 4, dtype=torch.float64)
    made, same = losses.make, torch.testing.assert_close
    plain = made("cross-entropy")(z, y)
    same(plain, nn.functional.cross_entropy(z, y))
    same(made("focal:gamma=0")(z, y), plain)
    same(made("focal:gamma=0")(z, labels), made("bce")(z, labels))
    same(made("label-smoothing")(z, y), nn.functional.cross_entropy(z, y, label_smoothing=0.1))
    same(made("label-smoothing:smoothing=0")(z, y), plain)
    same(made("huber:delta=1e6")(z, numbers), made("mse")(z, numbers) / 2)
    same(made("smooth-l1:beta=0")(z, numbers), made("mae")(z, numbers))
    same(made("huber:delta=0.7")(z, numbers), 0.7 * made("smooth-l1:beta=0.7")(z, numbers))
    same(made("multi-class-hinge")(z, y), nn.functional.multi_margin_loss(z, y))
    same(made("multi-class-hinge:power=2,margin=0.5")(z, y), nn.functional.multi_margin_loss(z, y, 2, 0.5))
    same(made("large-margin:margin=1")(z, y, features, weight), plain)
    same(made("cross-entropy")(z, nn.functional.one_hot(y, classes).double()), plain)
    same(made("bce")(z, y), made("bce")(z, nn.functional.one_hot(y, classes).double()))
    heavier = [
        made("large-margin", margin=m, ease=0)(features @ weight.T, y, features, weight) for m in (1, 2, 3, 4)
    ]
    assert heavier == sorted(heavier)
    assert made("focal")(z, y) <= plain


def test_center_loss_and_the_papers_centres() -> None:
    loss = losses.make("center", classes=3, features=3, strength=0.2).double()
    torch.manual_seed(0)
    start = torch.randn(3, 3, dtype=torch.float64)
    loss.centers.data.copy_(start.flatten())
    rows = OUTPUTS[::3].clone().requires_grad_()
    ids = IDS[::3]
    made = loss(rows, ids)
    by_hand = (
        0.1 * sum(((x - start[y]) ** 2).sum() for x, y in zip(rows.detach(), ids, strict=True)) / len(ids)
    )
    torch.testing.assert_close(made.detach(), by_hand)
    assert gradcheck(lambda x: loss(x, ids), rows)
    made.backward()
    optimizer = torch.optim.SGD(loss.parameters(), lr=0.5)
    optimizer.step()
    for j in range(3):
        mine = rows.detach()[ids == j]
        moved = start[j] - 0.5 * (start[j] - mine).sum(0) / (1 + len(mine))  # equation 4 with alpha 0.5
        torch.testing.assert_close(loss.centers.detach().view(3, 3)[j], moved)
    large = (1e4 * torch.ones(4, 3)).requires_grad_()
    loss.float()(large, torch.tensor([0, 1, 2, 2])).backward()
    assert large.grad.isfinite().all() and loss.centers.grad.isfinite().all()


@pytest.mark.parametrize("name", ["contrastive", "triplet", "triplet:mining=hard", "triplet:normalize=no"])
@pytest.mark.parametrize("ids", [[0], [0, 1], [2, 2, 2], [0, 1, 2]], ids=str)
def test_batches_without_pairs_to_compare_cost_nothing_wrong(name: str, ids: list[int]) -> None:
    rows = torch.randn(len(ids), 2).requires_grad_()
    loss = losses.make(name)(rows, torch.tensor(ids))
    loss.backward()
    assert loss.isfinite() and rows.grad.isfinite().all()
    if name != "contrastive":
        assert loss == 0


def test_metric_losses_order_real_embeddings() -> None:
    for name in ("contrastive", "triplet", "triplet:mining=hard"):
        loss = losses.make(name)
        mixed = loss(OUTPUTS, IDS[torch.randperm(len(IDS), generator=torch.Generator().manual_seed(0))])
        assert loss(OUTPUTS, IDS) < mixed


def test_a_linear_layer_trained_by_hinge_decides_like_linear_svc() -> None:
    rows = OUTPUTS / OUTPUTS.std(0)
    layer, loss = nn.Linear(3, 3).double(), losses.make("hinge:power=2")
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def gradient() -> Tensor:
        optimizer.zero_grad()
        made = loss(layer(rows), IDS) + layer.weight.square().sum() / (2 * 3 * len(IDS))
        made.backward()
        return made

    optimizer.step(gradient)
    machine = LinearSVC(C=1.0, intercept_scaling=100, tol=1e-8, max_iter=100_000).fit(
        rows.numpy(), IDS.numpy()
    )
    assert (torch.from_numpy(machine.predict(rows.numpy())) == layer(rows).argmax(1)).all()


@each_case
def test_outputs_that_are_no_numbers_make_a_loss_that_is_none(case: Case) -> None:
    rows = OUTPUTS.clone()
    rows[0] = torch.nan
    if case.name == "triplet":
        value(case, rows, TARGETS[case.target])  # a NaN is far from everything: it may be in no triplet
    else:
        assert value(case, rows, TARGETS[case.target]).isnan()


# torch has no rule for vmap over cross-entropy with weights and smoothing: such nets train one after another.
NO_RULE = [
    case for case in CASES if case.name in ("cross-entropy", "label-smoothing") and "weights" in case.given
]


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.features and case not in NO_RULE], ids=str
)
def test_several_nets_at_once(case: Case) -> None:
    loss = losses.make(case.name, **case.given).double()
    target = TARGETS[case.target]
    both = vmap(loss)(torch.stack([OUTPUTS, -OUTPUTS]), torch.stack([target, target]))
    torch.testing.assert_close(both, torch.stack([loss(OUTPUTS, target), loss(-OUTPUTS, target)]))


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.features and case.target == "ids"], ids=str
)
def test_bfloat16_outputs_lose_no_more_than_their_own_digits(case: Case) -> None:
    short = OUTPUTS.bfloat16()
    made = losses.make(case.name, **case.given)(short, IDS)
    assert made.item() == pytest.approx(value(case, short.double(), IDS).item(), rel=0.02)


IDS_ASKED = [name for name in losses.losses_for("classes") if losses.LOSSES[name].takes == "outputs"]


@pytest.mark.parametrize("name", [*IDS_ASKED, "contrastive", "triplet", "center"])
@pytest.mark.parametrize(
    ("target", "said"),
    [
        (IDS[:-1], "got int64 (37,)"),
        (IDS.int(), "got int32 (38,)"),
        (IDS - 1, "from 0"),
        (torch.zeros(38, 2, 2), r"got float32 (38, 2, 2)"),
    ],
)
def test_wrong_class_ids(name: str, target: Tensor, said: str) -> None:
    sizes = {"classes": 3, "features": 3} if name == "center" else {}
    with pytest.raises(UsageError) as caught:
        losses.make(name, **sizes)(OUTPUTS, target)
    assert said in str(caught.value) and name in str(caught.value) and "takes" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "outputs", "target", "said"),
    [
        ("cross-entropy", OUTPUTS, IDS + 1, "takes class ids from 0 to 2, got 1 to 3"),
        ("cross-entropy", OUTPUTS, IDS.float(), "takes class ids (38,) of dtype int64, got float32 (38,); give target.long()"),
        ("cross-entropy", OUTPUTS, LABELS * 2, "takes labels from 0 to 1, got 0 to 2"),
        ("cross-entropy", OUTPUTS[0], IDS[0], "takes outputs (rows, classes) of a float dtype, got float64 (3,)"),
        ("label-smoothing", OUTPUTS, IDS + 1, "'label-smoothing' takes class ids from 0 to 2"),
        ("focal", OUTPUTS[:, :1], IDS * 0, "takes outputs of 2 classes or more, got 1"),
        ("bce", OUTPUTS, -LABELS, "takes labels from 0 to 1, got -1 to -0"),
        ("bce", OUTPUTS, LABELS[:, :2], "takes labels of the outputs' shape (38, 3), got float64 (38, 2)"),
        ("bce", OUTPUTS, LABELS * torch.nan, "takes labels from 0 to 1, got nan to nan"),
        ("hinge", OUTPUTS, LABELS * 2 - 1, "takes labels from 0 to 1, got -1 to 1"),
        ("mse", OUTPUTS[:, :1], NUMBERS[:, 0], "takes numbers of the outputs' shape (38, 1), got float64 (38,)"),
        ("huber", OUTPUTS, IDS.repeat(3, 1).T, "takes numbers of a float dtype, got int64 (38, 3); give target.float()"),
        ("triplet", OUTPUTS[0], IDS, "takes features (rows, numbers) of a float dtype, got float64 (3,)"),
    ],
)  # fmt: skip
def test_wrong_targets(name: str, outputs: Tensor, target: Tensor, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        losses.make(name)(outputs, target)
    assert said in str(caught.value)


def test_shapes_that_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="takes 5 features per example, got 3"):
        losses.make("center", classes=3, features=5)(OUTPUTS, IDS)
    with pytest.raises(
        UsageError, match=r"features \(38, D\) and weight \(3, D\), got \(38, 3\) and \(2, 3\)"
    ):
        losses.make("large-margin")(OUTPUTS, IDS, OUTPUTS, HEAD[:2])
    for name in ("cross-entropy", "focal", "bce", "hinge", "multi-class-hinge"):
        with pytest.raises(UsageError, match="takes a weight for each of 3 outputs, got 2"):
            losses.make(name, weights=(1, 2))(OUTPUTS, IDS)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("mse", {"weights": (1, 2)}, "'mse' has no option weights; it takes none"),
        ("focal", {"gama": 1}, "it takes weights, gamma"),
        ("focal", {"gamma": -1.0}, "'focal' takes gamma from 0 on, got -1.0"),
        ("focal:gamma=much", {}, "'focal' takes gamma from 0 on, got 'much'"),
        ("huber", {"delta": 0}, "'huber' takes delta above 0, got 0"),
        ("smooth-l1", {"beta": -1}, "'smooth-l1' takes beta from 0 on, got -1"),
        ("hinge", {"power": 3}, "'hinge' takes power 1 or 2, got 3"),
        ("multi-class-hinge:margin=0", {}, "'multi-class-hinge' takes margin above 0, got 0"),
        ("triplet", {"mining": "soft"}, "'triplet' takes mining semi-hard or hard, got 'soft'"),
        ("triplet", {"margin": float("nan")}, "'triplet' takes margin above 0, got nan"),
        ("contrastive", {"strength": -1}, "'contrastive' takes strength from 0 on, got -1"),
        ("center", {}, "'center' needs classes, features"),
        ("center", {"classes": 0, "features": 2}, "'center' takes classes from 1 on, got 0"),
        ("large-margin", {"margin": 1.5}, "'large-margin' takes margin 1 or 2"),
        ("large-margin", {"ease": True}, "'large-margin' takes ease from 0 on, got True"),
        ("ce", {"weights": (1, 0)}, "weights above 0, got 1, 0"),
        ("ce", {"smoothing": 1.5}, "takes smoothing from 0 to 1, got 1.5"),
        ("label-smoothing:smoothing=-0.1", {}, "'label-smoothing' takes smoothing from 0 to 1, got -0.1"),
    ],
)
def test_wrong_settings(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        losses.make(name, **options)


def test_unknown_loss() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'huber'"):
        losses.make("hubert")


@each_case
def test_reductions_are_those_of_torch(case: Case) -> None:
    target, weighted = TARGETS[case.target], case.given.get("weights")
    kept = {word: option for word, option in case.given.items() if word != "reduction"}

    def reduced(reduction: str) -> Tensor:
        return value(
            Case(case.name, case.target, case.by_hand, {**kept, "reduction": reduction}, case.features),
            OUTPUTS,
            target,
        )

    mean, total, each = reduced("mean"), reduced("sum"), reduced("none")
    assert mean.ndim == total.ndim == 0 and each.ndim > 0
    torch.testing.assert_close(each.sum(), total)
    if case.name in ("triplet",):
        count = torch.count_nonzero(each)
        assert total / count >= mean > 0  # pairs without loss count, too
    elif weighted is not None and case.target == "ids" and each.ndim == 1:
        torch.testing.assert_close(mean, total / torch.tensor(weighted, dtype=torch.float64)[target].sum())
    else:
        torch.testing.assert_close(mean, total / each.numel())


@pytest.mark.parametrize(
    ("name", "theirs", "target"),
    [
        ("cross-entropy", nn.CrossEntropyLoss, IDS),
        ("bce", nn.BCEWithLogitsLoss, LABELS),
        ("mse", nn.MSELoss, NUMBERS),
        ("mae", nn.L1Loss, NUMBERS),
        ("huber", nn.HuberLoss, NUMBERS),
        ("smooth-l1", nn.SmoothL1Loss, NUMBERS),
        ("multi-class-hinge", nn.MultiMarginLoss, IDS),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_where_torch_has_the_loss_all_reductions_agree(name, theirs, target, reduction) -> None:
    target = target.double() if target.is_floating_point() else target
    ours = losses.make(name, reduction=reduction)(OUTPUTS, target)
    torch.testing.assert_close(ours, theirs(reduction=reduction)(OUTPUTS, target))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_centres_follow_alike_whatever_the_reduction(reduction: str) -> None:
    loss = losses.make("center", classes=3, features=3, reduction=reduction).double()
    loss(OUTPUTS, IDS).backward()
    usual = losses.make("center", classes=3, features=3).double()
    usual(OUTPUTS, IDS).backward()
    torch.testing.assert_close(loss.centers.grad, usual.centers.grad)
    each = losses.make("center", classes=3, features=3, reduction="none").double()(OUTPUTS, IDS)
    torch.testing.assert_close(each.mean(), usual(OUTPUTS, IDS))


def test_another_reduction_is_refused() -> None:
    with pytest.raises(UsageError, match="takes a reduction of mean, sum, none, not 'median'"):
        losses.make("mse", reduction="median")
