"""Runs whose batches are mixed, and runs whose batches come class after class."""

import numpy as np
import pytest

from gradwise.rules.not_shuffled import check
from tests.cases.build import build, fact, learning, sampled

PLACE = "cross_entropy"


def describe(labels, rows):
    """The four label tables that the watcher would write for these batches, at the sampled rows."""
    seen = np.zeros(labels.max() + 1)
    tables = {"label_top": [], "label_top_share": [], "label_kinds": [], "label_kinds_expected": []}
    for step in rows:
        counts = np.bincount(labels[step], minlength=len(seen))
        seen += counts
        size, shares = counts.sum(), seen / seen.sum()
        tables["label_top"].append(counts.argmax())
        tables["label_top_share"].append(counts.max() / size)
        tables["label_kinds"].append(np.count_nonzero(counts))
        tables["label_kinds_expected"].append((1 - (1 - shares) ** size).sum())
    return {signal: {PLACE: values} for signal, values in tables.items()}


def run(labels, facts=(), rows=None):
    """A trace of batches of labels, shape (steps, batch)."""
    rows = sampled(len(labels)) if rows is None else rows
    return build(steps=len(labels), sampled_steps=rows, tables=describe(labels, rows), facts=facts)


def in_class_order(classes, per_class, batch, epochs):
    """Batches as a loader without shuffling draws them, the last partial one dropped."""
    epoch = np.repeat(np.arange(classes), per_class)
    epoch = epoch[: len(epoch) // batch * batch].reshape(-1, batch)
    return np.tile(epoch, (epochs, 1))


def at_random(classes, batch, steps, shares=None, seed=0):
    return np.random.default_rng(seed).choice(classes, size=(steps, batch), p=shares)


def loader(sampler, samples, batches):
    return fact("sampler", sampler=sampler, batch_size=32, samples=samples, batches=batches)


def test_sick_image_folders():
    (finding,) = check(run(in_class_order(10, 130, 26, 8)))
    assert finding.where == (PLACE,)
    assert finding.value < 0.3
    assert "pairs of neighbouring batches have the same main class" in finding.message
    assert finding.cures == ("shuffle",)


def test_sick_three_classes_in_batches_of_ten():
    assert len(list(check(run(in_class_order(3, 40, 10, 30))))) == 1


def test_sick_two_classes():
    assert len(list(check(run(in_class_order(2, 400, 32, 10))))) == 1


def test_sick_a_batch_about_as_large_as_a_class():
    """The main class moves on at every step; the order tells it."""
    assert len(list(check(run(in_class_order(10, 140, 128, 20))))) == 1


def test_sick_two_batches_of_each_of_three_classes():
    assert len(list(check(run(in_class_order(3, 40, 20, 30))))) == 1


def test_sick_only_the_first_steps_were_sampled():
    assert len(list(check(run(in_class_order(5, 150, 25, 10), rows=range(15))))) == 1


def test_sick_a_single_epoch_of_a_sequential_loader():
    labels = in_class_order(2, 3200, 32, 1)
    assert len(list(check(run(labels, [loader("SequentialSampler", 6400, 200)])))) == 1


@pytest.mark.parametrize("seed", range(5))
def test_healthy_pure_batches_in_random_order(seed):
    """Each batch one class, drawn anew: nothing runs in order."""
    tops = np.random.default_rng(seed).integers(0, 3, 400)
    assert not list(check(run(np.repeat(tops[:, None], 16, axis=1))))


@pytest.mark.parametrize("seed", range(5))
def test_healthy_shuffled(seed):
    assert not list(check(run(at_random(10, 32, 400, seed=seed))))


def test_healthy_one_class_prevails():
    assert not list(check(run(at_random(3, 16, 400, [0.9, 0.05, 0.05]))))


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_healthy_very_small_batches(batch):
    assert not list(check(run(at_random(10, batch, 400))))


def test_healthy_whole_data_in_one_batch():
    assert not list(check(run(np.tile(np.repeat(np.arange(3), 50), (200, 1)))))


@pytest.mark.parametrize(("classes", "drawn"), [(10, 5), (10, 2), (6, 3), (8, 4)])
def test_healthy_balanced_batches_of_a_few_classes(classes, drawn):
    random = np.random.default_rng(classes)
    batches = [np.repeat(random.choice(classes, drawn, replace=False), 8) for _ in range(400)]
    assert not list(check(run(np.stack(batches))))


def test_healthy_tasks_learnt_one_after_another():
    """Two classes at a time, mixed within the task, never seen again: continual learning."""
    tasks = [2 * task + at_random(2, 32, 80, seed=task) for task in range(5)]
    assert not list(check(run(np.concatenate(tasks), [loader("RandomSampler", 2560, 80)])))


def test_healthy_last_loss_of_a_step_has_one_label():
    """Domain labels: class scores, then ones for the target domain, under the same loss."""
    labels = at_random(10, 32, 300)
    tables = describe(labels, sampled(300))
    tables["label_top"] = {PLACE: 1.0}
    tables["label_kinds"] = {PLACE: 1.0}
    assert not list(check(build(steps=300, tables=tables)))


def blocks_of(kinds, classes=10, steps=10):
    """Batches of a few classes, the same ones for a while, one of them prevailing."""
    batches = []
    for block in range(40):
        few = (np.arange(kinds) + 3 * block) % classes
        batches += [np.concatenate([np.repeat(few, 8), few[:1]])] * steps
    return np.stack(batches)


def test_healthy_near_miss_six_of_ten_classes_in_a_batch():
    assert not list(check(run(blocks_of(6))))
    assert list(check(run(blocks_of(5))))


def run_to(left, worst=None):
    """Three classes in order; ``left`` of the trivial loss at the end, ``worst`` of it in some steps."""
    labels = in_class_order(3, 40, 10, 30)
    rows = sampled(len(labels))
    loss = np.full(len(labels), left)
    loss[:40] = np.linspace(1, left, 40)
    loss[::12] = left if worst is None else worst  # as each class begins
    tables = describe(labels, rows) | learning(trivial=1.0) | {"criterion": {PLACE: loss[list(rows)]}}
    return build(steps=len(labels), loss=loss, sampled_steps=rows, tables=tables)


def test_healthy_order_that_can_have_cost_nothing():
    """Whatever order was drawn: hardly anything is left to win."""
    assert not list(check(run_to(0.01)))


def test_healthy_near_miss_little_left():
    assert not list(check(run_to(0.049)))
    assert list(check(run_to(0.051)))


def test_sick_little_loss_on_average_but_each_class_is_unlearnt():
    assert not list(check(run_to(0.001, worst=0.4)))
    assert list(check(run_to(0.001, worst=0.55)))


def test_healthy_look_alike_oscillating_loss():
    """The loss swings from step to step while the labels are mixed well."""
    rows = sampled(400)
    trace = build(
        loss=lambda steps: 1.5 + (-1.0) ** steps,
        sampled_steps=rows,
        tables=describe(at_random(10, 32, 400), rows),
    )
    assert not list(check(trace))


def rare(sort, seed=0):
    """Two classes, one of 4 %, in nine epochs of 32 batches."""
    labels = np.random.default_rng(seed).permutation(np.repeat([0, 1], [1966, 82]))
    labels = np.sort(labels) if sort else labels
    return np.tile(labels.reshape(-1, 64), (9, 1))


def test_sick_a_rare_class_at_the_end_of_a_sequential_loader():
    sequential = loader("SequentialSampler", 2048, 32)
    assert list(check(run(rare(sort=True), [sequential])))
    assert not list(check(run(rare(sort=False), [sequential])))


NUMBERS = "mse_loss"


def numbers(targets, *, shape=(40,), end=0.4):
    """A trace of batches of numbers, shape (steps, batch), whose loss ends at a share of the trivial one."""
    rows = list(sampled(len(targets)))
    tables = {
        "target_mean": {NUMBERS: targets.mean(axis=1)[rows]},
        "target_std": {NUMBERS: targets.std(axis=1)[rows]},
        **{name: {NUMBERS: values["cross_entropy"]} for name, values in learning(end=end).items()},
    }
    call = fact("loss-call", NUMBERS, function=NUMBERS, target_shape=list(shape))
    loss = learning(end=end)["criterion"]["cross_entropy"]
    return build(steps=len(targets), sampled_steps=rows, tables=tables, facts=[call], loss=loss)


def epochs(values, times=20, batch=40):
    return np.tile(values.reshape(-1, batch), (times, 1))


def test_sick_numbers_in_ascending_order():
    prices = np.random.default_rng(0).normal(size=1600)
    (finding,) = check(numbers(epochs(np.sort(prices))))
    assert finding.where == (NUMBERS,)
    assert finding.value < 0.1
    assert "targets spread in a batch" in finding.message


def test_sick_yes_after_no():
    answers = np.random.default_rng(0).random(1600) < 0.4
    assert list(check(numbers(epochs(np.sort(answers).astype(float)))))


def test_healthy_numbers_in_any_order():
    rng = np.random.default_rng(1)
    prices = rng.normal(size=1600)
    assert not list(check(numbers(epochs(prices))))
    assert not list(check(numbers(rng.normal(size=(800, 40)))))
    # groups of one kind that follow each other at random
    groups = rng.normal(size=(800, 1)) + 0.1 * rng.normal(size=(800, 40))
    assert not list(check(numbers(groups)))


def test_healthy_sorted_numbers_that_do_no_harm():
    prices = np.sort(np.random.default_rng(0).normal(size=1600))
    assert not list(check(numbers(epochs(prices), end=0.02)))


def test_healthy_numbers_that_drift_once_or_come_as_sequences():
    drift = np.linspace(0, 5, 800)[:, None] + 0.1 * np.random.default_rng(2).normal(size=(800, 40))
    assert not list(check(numbers(drift)))
    prices = np.sort(np.random.default_rng(0).normal(size=1600))
    assert not list(check(numbers(epochs(prices), shape=(8, 5))))
