"""Runs whose output activation reaches the targets, or does not."""

import pytest

from gradwise.rules.bounded_output import check
from tests.cases.build import build, decay, fact, learning, noisy

REACH = {"sigmoid": [0.0, 1.0], "softmax": [0.0, 1.0], "tanh": [-1.0, 1.0], "relu": [0.0, None]}


def call(place, activation, module="net.5", classes=None, reach=None):
    """A loss call as the watcher tells it; ``reach`` where constants scale and shift the activation."""
    bounded = activation in REACH
    return fact(
        "loss-call",
        place,
        function=place,
        producer="Add" if reach else activation,
        producer_module="" if reach else module,
        classes=classes,
        bounded_by=activation if bounded else "",
        bounding_module=module if bounded else "",
        reach=reach or REACH.get(activation),
    )


def regression(activation, outside, low, high, std, end=0.6, place="mse_loss", module="net.5", reach=None):
    tables = {
        "outside_share": {place: outside},
        "target_min": {place: low},
        "target_max": {place: high},
        "target_std": {place: std},
    }
    trivial = std**2
    return build(
        loss=decay(2 * trivial, end * trivial),
        tables=tables | learning(place, trivial=trivial, end=end * trivial),
        facts=[call(place, activation, module, reach=reach)],
    )


def scores(activation, low, high, classes, place="cross_entropy", reach=None):
    tables = {"output_min": {place: low}, "output_max": {place: high}}
    return build(
        tables=tables | learning(place, end=1.7), facts=[call(place, activation, "head", classes, reach)]
    )


def test_sick_sigmoid_for_prices():
    (finding,) = check(regression("sigmoid", noisy(0.95, 0.02), -1.0, 9.0, 2.1, end=3.0))
    assert finding.where == ("net.5",)
    assert finding.value == pytest.approx(0.95, abs=0.02)
    assert "[0, 1]" in finding.message
    assert finding.cures == ("linear-output",)


def test_sick_relu_for_standardised_targets():
    (finding,) = check(regression("relu", 0.52, -1.6, 2.3, 1.0, module=""))
    assert finding.where == ("mse_loss",)
    assert "0 and above" in finding.message


def test_sick_tanh_for_a_wider_swing():
    assert len(list(check(regression("tanh", 0.6, -3.8, 3.8, 2.2, place="smooth_l1_loss")))) == 1


def test_sick_sigmoid_scores():
    (finding,) = check(scores("sigmoid", 0.01, 0.99, 10))
    assert finding.value == pytest.approx(2.71828 / (2.71828 + 9), abs=1e-4)
    assert "at most 0.23" in finding.message


def test_sick_tanh_scores_of_two_classes():
    (finding,) = check(scores("tanh", -1.0, 1.0, 2))
    assert finding.value == pytest.approx(0.8808, abs=1e-3)


def test_sick_relu_before_a_binary_loss_on_scores():
    (finding,) = check(scores("relu", 0.0, 6.0, None, "binary_cross_entropy_with_logits"))
    assert finding.value == pytest.approx(0.5)


def test_sick_scaled_sigmoid_that_still_falls_short():
    """20 + 30 * sigmoid for prices of 18 to 95."""
    (finding,) = check(regression("sigmoid", 0.4, 18.0, 95.0, 17.0, reach=[20.0, 50.0]))
    assert finding.where == ("net.5",)
    assert "net.5 (sigmoid), scaled, reaches [20, 50] but the targets of mse_loss run" in finding.message


def test_sick_negated_relu():
    (finding,) = check(regression("relu", 0.5, -2.0, 2.0, 1.0, reach=[None, 0.0]))
    assert "net.5 (relu), scaled, reaches 0 and below but" in finding.message


def test_sick_scores_of_a_tanh_stretched_too_little():
    (finding,) = check(scores("tanh", -1.9, 1.9, 20, reach=[-2.0, 2.0]))
    assert finding.value == pytest.approx(2.71828**4 / (2.71828**4 + 19), abs=1e-3)


def test_healthy_scaled_sigmoid_that_covers_the_targets():
    assert not list(check(regression("sigmoid", 0.0, 18.0, 95.0, 17.0, reach=[0.0, 100.0])))


def test_healthy_near_miss_scaled_sigmoid_a_little_short():
    assert not list(check(regression("sigmoid", 0.03, 18.0, 54.0, 17.0, reach=[20.0, 50.0])))
    assert list(check(regression("sigmoid", 0.03, 18.0, 54.3, 17.0, reach=[20.0, 50.0])))


def test_healthy_linear_output():
    assert not list(check(build(facts=[call("mse_loss", "linear")], tables=learning("mse_loss"))))


def test_healthy_sigmoid_decoder_of_pixels():
    assert not list(check(regression("sigmoid", 0.0, 0.0, 1.0, 0.38, end=0.3)))


def test_healthy_tanh_commands():
    assert not list(check(regression("tanh", 0.0, -1.0, 1.0, 0.7, end=0.01)))


def test_healthy_relu_output_for_counts():
    assert not list(check(regression("relu", 0.0, 0.0, 17.0, 3.0, end=0.4)))


def test_healthy_noisy_targets_at_the_ends_that_are_learnt():
    """A fifth of the targets lies just outside, by noise; the rest is fitted."""
    assert not list(check(regression("tanh", 0.2, -1.3, 1.3, 0.7, end=0.02)))


def test_healthy_clipped_attention_scores():
    """tanh times ten, and a product that nobody could tell the reach of."""
    assert not list(check(scores("tanh", -9.0, 9.0, 20, reach=[-10.0, 10.0])))
    assert not list(check(scores("Mul", -10.0, 10.0, 20)))
    assert not list(check(scores("tanh", -10.0, 10.0, 20)))


def test_healthy_relu_scores_of_classes():
    assert not list(check(scores("relu", 0.0, 14.0, 10)))


def test_healthy_near_miss_few_targets_outside():
    assert not list(check(regression("sigmoid", 0.019, -2.0, 1.0, 0.4)))
    assert list(check(regression("sigmoid", 0.021, -2.0, 1.0, 0.4)))


def test_healthy_near_miss_targets_just_beyond():
    assert not list(check(regression("tanh", 0.1, -1.2, 1.2, 0.9)))
    assert list(check(regression("tanh", 0.1, -1.3, 1.3, 0.9)))


def test_healthy_look_alike_softmax_twice():
    assert not list(check(scores("softmax", 0.0, 1.0, 10)))


def test_healthy_look_alike_unnormalized_target():
    """A linear output can reach any target, however far away it is."""
    trace = build(
        tables={"target_min": {"mse_loss": 2e4}, "target_max": {"mse_loss": 9e5}}
        | learning("mse_loss", trivial=1e9, end=9e8),
        facts=[call("mse_loss", "linear")],
    )
    assert not list(check(trace))


def relu_scores(silent, end=1.0):
    fact_of = call("cross_entropy", "relu", "Net", 10)
    fact_of.data["lineage"] = [
        {"operation": "relu", "module": "Net"},
        {"operation": "linear", "module": "fc", "out": 10},
    ]
    tables = {
        "output_min": {"cross_entropy": 0.0},
        "output_max": {"cross_entropy": 9.0},
        "silent_share": {"fc": silent},
    }
    return build(loss=decay(2.3, end), tables=tables | learning(end=end), facts=[fact_of])


def test_sick_relu_on_class_scores_silences_classes():
    (finding,) = check(relu_scores(0.3))
    assert (
        finding.value == pytest.approx(3)
        and "3 of 10 class scores of cross_entropy at zero" in finding.message
    )


def test_healthy_relu_on_class_scores_that_all_speak():
    assert not list(check(relu_scores(0.0)))


def test_healthy_near_miss_silent_class_that_hardly_occurs():
    assert not list(check(relu_scores(0.1, end=0.1)))
