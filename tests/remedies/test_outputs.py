"""What models put out, and what their losses are given."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.heal.treatment import Cure
from tests.remedies.nets import CLASSES, CNN, MLP, NETS, RNN, SHAPES, could_not, did, same, treatment


class Ending(nn.Module):
    """A net with something computed of its output."""

    def __init__(self, kind, end):
        super().__init__()
        self.net, self.end = kind(), end

    def forward(self, x):
        return self.end(self.net(x))


def fitted(make, loss, targets, *cures, shape=(6,), steps=5, rate=0.1):
    """A net after a few steps, the run, and the losses."""
    with treatment(*cures) as run:
        torch.manual_seed(0)
        net = make()
        optimizer = torch.optim.SGD(net.parameters(), lr=rate)
        losses = []
        for _ in range(steps):
            x = torch.randn(12, *shape)
            value = loss(net(x), targets(x))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            losses.append(value.item())
    return net, run, losses


def ids(x):
    return (x.reshape(len(x), -1).sum(1) > 0).long() + (x.reshape(len(x), -1)[:, 0] > 0).long()


def numbers(x):
    return 3 * x.reshape(len(x), -1).sum(1)


def answers(x):
    return (x.reshape(len(x), -1)[:, :CLASSES] > 0).float()


def nothing(z):
    return z


def alike(make, loss, targets, cure, edited, edited_loss=None, **more):
    """See that a run with the cure is the run of the edited script."""
    healed, run, losses = fitted(make, loss, targets, Cure(cure), **more)
    wanted, _, wanted_losses = fitted(edited, edited_loss or loss, targets, **more)
    plain = fitted(make, loss, targets, **more)[0]
    assert not run.charts[0].idle
    assert same(healed, wanted)
    assert losses == wanted_losses
    assert not same(healed, plain)
    return run


ENDS = [nn.Softmax(1), lambda z: z.softmax(1), lambda z: F.softmax(z, dim=1), lambda z: torch.softmax(z, -1)]


@pytest.mark.parametrize("kind", NETS)
def test_softmax_before_cross_entropy(kind):
    run = alike(
        lambda: Ending(kind, nn.Softmax(1)),
        lambda z, y: F.cross_entropy(z, y),
        ids,
        "drop-activation",
        lambda: Ending(kind, nothing),
        shape=SHAPES[kind],
    )
    assert did(run) == {"cross_entropy was given what went into softmax": 5}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "loss", [F.cross_entropy, nn.CrossEntropyLoss(), lambda a, b: F.cross_entropy(a, target=b)]
)
def test_however_a_softmax_is_written(end, loss):
    written = (lambda a, b: F.cross_entropy(a, b)) if loss is F.cross_entropy else loss
    alike(lambda: Ending(MLP, end), written, ids, "drop-activation", lambda: Ending(MLP, nothing))


def test_a_softmax_in_the_loop_and_one_that_is_reshaped():
    def loop(z, y):
        return F.cross_entropy(torch.softmax(z, 1).unsqueeze(2).squeeze(2), y)

    alike(MLP, loop, ids, "drop-activation", MLP, lambda z, y: F.cross_entropy(z, y))


@pytest.mark.parametrize("kind", [MLP, RNN])
def test_sigmoid_before_logits_keeps_what_the_model_shows(kind):
    net, _, _ = fitted(
        lambda: Ending(kind, nn.Sigmoid()),
        lambda z, y: F.binary_cross_entropy_with_logits(z.squeeze(), y),
        answers,
        Cure("drop-activation"),
        shape=SHAPES[kind],
    )
    wanted = fitted(
        lambda: Ending(kind, nothing),
        lambda z, y: F.binary_cross_entropy_with_logits(z, y),
        answers,
        shape=SHAPES[kind],
    )[0]
    assert same(net, wanted)
    x = torch.randn(3, *SHAPES[kind])
    assert torch.equal(net(x), torch.sigmoid(wanted(x)))


def test_losses_that_want_the_activation_keep_it():
    for end, loss, targets in (
        (nn.LogSoftmax(1), lambda z, y: F.nll_loss(z, y), ids),
        (nn.Sigmoid(), lambda z, y: F.binary_cross_entropy(z, y), answers),
        (nn.Sigmoid(), lambda z, y: F.cross_entropy(z, y), ids),
    ):
        healed, run, _ = fitted(lambda end=end: Ending(MLP, end), loss, targets, Cure("drop-activation"))
        assert same(healed, fitted(lambda end=end: Ending(MLP, end), loss, targets)[0])
        assert run.charts[0].idle


# ---- linear-output ------------------------------------------------------------------


def column(kind, end):
    def make():
        net = kind()
        net.head = nn.Linear(net.head.in_features, 1)
        net.head.weight.data *= 10  # so that bounds are met
        return Ending(lambda: net, end)

    return make


def squared(z, y):
    return ((z.squeeze(1) - y) ** 2).mean()


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("end", [nn.Sigmoid(), torch.tanh, nn.ReLU(), nn.Softplus(), nn.Hardtanh()])
def test_a_bound_at_the_output_goes(kind, end):
    bound = (lambda z: torch.tanh(z)) if end is torch.tanh else end
    alike(
        column(kind, bound),
        squared,
        numbers,
        "linear-output",
        column(kind, nothing),
        shape=SHAPES[kind],
        rate=0.01,
    )


def test_hidden_activations_stay_and_so_do_probabilities_that_a_loss_wants():
    healed, run, _ = fitted(MLP, lambda z, y: F.mse_loss(z, y), answers, Cure("linear-output"))
    assert run.charts[0].idle
    assert same(healed, fitted(MLP, lambda z, y: F.mse_loss(z, y), answers)[0])
    for loss in (nn.BCELoss(), lambda z, y: F.binary_cross_entropy(z, y)):
        healed, run, _ = fitted(lambda: Ending(MLP, nn.Sigmoid()), loss, answers, Cure("linear-output"))
        assert same(healed, fitted(lambda: Ending(MLP, nn.Sigmoid()), loss, answers)[0])
        assert could_not(run) == ["binary_cross_entropy takes probabilities; Ending goes on to give them"]


def test_of_several_models_only_those_that_a_loss_judges():
    with treatment(Cure("linear-output")):
        torch.manual_seed(0)
        encoder, decoder = (
            nn.Sequential(nn.Linear(6, 4), nn.ReLU()),
            nn.Sequential(nn.Linear(4, 1), nn.Tanh()),
        )
        encoder(torch.ones(1, 6))
        for _ in range(3):
            code = encoder(torch.randn(8, 6))
            F.mse_loss(decoder(code), torch.full((8, 1), 5.0)).backward()
        assert (encoder(torch.randn(8, 6)) >= 0).all()
        wide = decoder(torch.full((1, 4), 1e3))
    assert wide.abs() > 1
    assert decoder(torch.full((1, 4), 1e3)).abs() <= 1


# ---- align-shapes -------------------------------------------------------------------

UNEVEN = pytest.mark.filterwarnings("ignore:Using a target size")


@UNEVEN
@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_a_column_meets_a_row(kind, name):
    run = alike(
        column(kind, nothing),
        lambda z, y: getattr(F, name)(z, y),
        numbers,
        "align-shapes",
        column(kind, nothing),
        lambda z, y: getattr(F, name)(z.squeeze(1), y),
        shape=SHAPES[kind],
        rate=0.01,
    )
    assert did(run) == {f"{name} was given a prediction shaped like its target": 5}


@pytest.mark.parametrize("turned", [False, True])
def test_a_subtraction_by_hand(turned):
    run = alike(
        column(MLP, nothing),
        lambda z, y: ((y - z if turned else z - y) ** 2).mean(),
        numbers,
        "align-shapes",
        column(MLP, nothing),
        lambda z, y: ((y - z.squeeze(1) if turned else z.squeeze(1) - y) ** 2).mean(),
        rate=0.01,
    )
    assert sum(did(run).values()) == 5


def test_other_pairs_are_left():
    with treatment(Cure("align-shapes")) as run:
        net = nn.Linear(2, 1)
        z = net(torch.ones(4, 2))
        assert (z - torch.ones(1, 4)).shape == (4, 4)
        assert (z - torch.ones(4, 1)).shape == (4, 1)
        assert (z - torch.ones(())).shape == (4, 1)
        assert (torch.ones(4, 1) - torch.ones(4)).shape == (4, 4)
        assert (z - 1).shape == (4, 1)
        assert F.cross_entropy(torch.randn(4, 3), torch.tensor([0, 1, 2, 0])).shape == ()
    assert run.charts[0].idle


# ---- match-loss ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", NETS)
def test_likelihood_of_raw_scores(kind):
    alike(
        kind,
        lambda z, y: F.nll_loss(z, y),
        ids,
        "match-loss",
        kind,
        lambda z, y: F.cross_entropy(z, y),
        shape=SHAPES[kind],
    )


def test_likelihood_of_probabilities_and_its_options():
    heavy = torch.tensor([1.0, 2.0, 3.0])
    alike(
        lambda: Ending(MLP, nn.Softmax(1)),
        nn.NLLLoss(weight=heavy, reduction="sum"),
        ids,
        "match-loss",
        lambda: Ending(MLP, nothing),
        nn.CrossEntropyLoss(weight=heavy, reduction="sum"),
        rate=0.001,
    )


def test_yes_or_no_on_raw_scores_runs_at_all():
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        fitted(MLP, nn.BCELoss(), answers)
    healed, run, _ = fitted(MLP, nn.BCELoss(), answers, Cure("match-loss"))
    assert same(healed, fitted(MLP, nn.BCEWithLogitsLoss(), answers)[0])
    assert did(run) == {"binary_cross_entropy on scores became its form with logits": 5}


@UNEVEN
def test_distances_from_class_ids():
    alike(
        MLP,
        lambda z, y: F.mse_loss(z, y.float().unsqueeze(1)),
        ids,
        "match-loss",
        MLP,
        lambda z, y: F.cross_entropy(z, y),
    )


def test_several_labels_in_one_distribution():
    alike(
        MLP,
        lambda z, y: F.cross_entropy(z, y),
        answers,
        "match-loss",
        MLP,
        lambda z, y: F.binary_cross_entropy_with_logits(z, y),
    )


def test_a_softmax_over_one_output():
    def loss(z, y):
        return F.binary_cross_entropy(z, (y > 0).float().unsqueeze(1))

    alike(column(MLP, nn.Softmax(1)), loss, numbers, "match-loss", column(MLP, nn.Sigmoid()))
    alike(
        column(MLP, nothing),
        lambda z, y: F.cross_entropy(z, (y > 0).float().unsqueeze(1)),
        numbers,
        "match-loss",
        column(MLP, nothing),
        lambda z, y: F.binary_cross_entropy_with_logits(z, (y > 0).float().unsqueeze(1)),
    )


def test_divergence_from_a_softmax():
    def target(x):
        return answers(x).softmax(1)

    alike(
        lambda: Ending(MLP, nn.Softmax(1)),
        lambda z, y: F.kl_div(z, y, reduction="batchmean"),
        target,
        "match-loss",
        lambda: Ending(MLP, nn.LogSoftmax(1)),
    )


@pytest.mark.parametrize(
    ("end", "loss", "targets"),
    [
        (nothing, lambda z, y: F.cross_entropy(z, y), ids),
        (nn.LogSoftmax(1), lambda z, y: F.nll_loss(z, y), ids),
        (nn.LogSoftmax(1), lambda z, y: F.kl_div(z, y.softmax(1), reduction="batchmean"), answers),
        (nn.Sigmoid(), lambda z, y: F.binary_cross_entropy(z, y), answers),
        (nothing, lambda z, y: F.mse_loss(z, y), answers),
        (nothing, lambda z, y: F.cross_entropy(z, F.one_hot(y, 3).float()), ids),
        (nothing, lambda z, y: F.mse_loss(z[:, 0], y), numbers),
    ],
)
def test_what_fits_is_left(end, loss, targets):
    healed, run, _ = fitted(lambda: Ending(MLP, end), loss, targets, Cure("match-loss"), rate=0.001)
    assert run.charts[0].idle
    assert could_not(run) == []
    assert same(healed, fitted(lambda: Ending(MLP, end), loss, targets, rate=0.001)[0])


def test_a_last_layer_with_too_few_outputs_is_told():
    _, run, _ = fitted(
        column(CNN, nothing),
        lambda z, y: F.mse_loss(z[:, 0], y.float()),
        ids,
        Cure("match-loss"),
        shape=SHAPES[CNN],
    )
    assert could_not(run) == ["class ids meet a single output: the last layer needs an output for each class"]


@pytest.mark.parametrize("cure", ["match-loss", "align-shapes", "drop-activation", "linear-output"])
def test_a_compiled_step_runs_as_it_is(cure):
    def step(net, x):
        return ((torch.sigmoid(net(x)) - 1) ** 2).mean() + F.mse_loss(net(x), x[:, :CLASSES])

    with treatment(Cure(cure)) as run:
        net, x = MLP(), torch.randn(4, 6)
        torch.testing.assert_close(torch.compile(step, backend="eager")(net, x), step(net, x))
    assert could_not(run) == []
