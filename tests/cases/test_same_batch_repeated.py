"""Loops that see one batch for ever, and loops that may."""

from dataclasses import replace

from gradwise.rules.same_batch_repeated import SAME_SHARE, check
from gradwise.trace.model import Trace
from tests.cases.build import build, decay, fact


def run(same=29, *, batches=30, drawn=30, loader=28, top=0.02, largest=50) -> Trace:
    rows = fact(
        "rows", "Net", 300, batches=batches, same=same, drawn=drawn, top_share=top, largest=largest,
        rows=batches * largest, distinct=largest,
    )  # fmt: skip
    facts = [rows] + ([fact("sampler", batches=loader)] if loader else [])
    return build(loss=decay(2.3, 0.01), facts=facts)


def test_sick_loader_is_started_anew() -> None:
    (finding,) = check(run())
    assert finding.where == ("Net",) and finding.cures == ("advance-loader",)
    assert "the loader has 28 batches" in finding.message


def test_sick_variable_of_another_loop() -> None:
    assert list(check(run(same=9, batches=10, drawn=10, loader=2)))


def test_healthy_batches_change() -> None:
    assert not list(check(run(same=0)))


def test_healthy_near_miss() -> None:
    assert not list(check(run(same=26)))
    assert list(check(run(same=27)))
    assert 26 / 29 < SAME_SHARE < 27 / 29


def test_healthy_full_batch_training() -> None:
    assert not list(check(run(drawn=0, loader=0)))


def test_healthy_all_data_in_one_batch_of_a_loader() -> None:
    assert not list(check(run(loader=1)))


def test_healthy_look_alike_one_batch_on_purpose() -> None:
    """Drawn once before the loop: the check that a network can learn at all."""
    assert not list(check(run(drawn=1)))


def test_healthy_look_alike_all_rows_are_the_same() -> None:
    assert not list(check(run(top=1.0)))


def test_healthy_run_too_short() -> None:
    assert not list(check(run(same=4, batches=5, drawn=5)))


def cut(
    *, renewed=29, shown=80, matched=0, valid=2.5, train_end=0.05, parts=0, distinct=24, same=29, next_to=18,
    answers=(),
) -> Trace:  # fmt: skip
    """A batch of 24 rows that is made again at each step, and an evaluation."""
    facts = [
        fact("rows", "Net", 300, batches=30, same=same, drawn=0, top_share=0.05, largest=24, rows=720,
             distinct=distinct, renewed=renewed, parts=parts, neighbours=20, same_neighbours=next_to),
        fact("evaluation-rows", "line 9", 300, distinct=shown, matched=matched),
    ]  # fmt: skip
    tables = {"val_loss": {"cross_entropy (line 9)": valid}}
    if answers:
        names = ({"cross_entropy": answers[0]}, {"accuracy (line 9)": answers[1]})
        tables |= dict(zip(("accuracy", "val_accuracy"), names, strict=True))
    return build(loss=decay(2.3, train_end), tables=tables, facts=facts)


def test_sick_index_that_never_moves() -> None:
    (finding,) = check(cut())
    assert "an evaluation shows 80 others" in finding.message


def test_healthy_small_training_set_is_kept() -> None:
    """Full-batch training that overfits: the same tensor is used again, not made again."""
    assert not list(check(cut(renewed=0)))


def test_healthy_evaluation_of_no_more_rows_or_of_the_same() -> None:
    assert not list(check(cut(shown=47)))
    assert list(check(cut(shown=48)))
    assert not list(check(cut(shown=80, matched=40)))


def test_healthy_evaluation_that_goes_well() -> None:
    assert not list(check(cut(valid=0.09)))
    assert list(check(cut(valid=0.12)))


def test_sick_answers_that_go_worse() -> None:
    assert list(check(cut(valid=0.09, answers=(1.0, 0.8))))
    assert not list(check(cut(valid=0.09, answers=(1.0, 0.9))))


def test_sick_part_of_a_tensor_that_never_moves() -> None:
    (finding,) = check(cut(parts=30, valid=0.05))
    assert "a small part of what it is cut from" in finding.message


def test_sick_part_that_moves_once_an_epoch() -> None:
    """Samples far apart meet another part; two steps in a row do not."""
    assert list(check(cut(parts=30, renewed=0, distinct=240, same=18, valid=0.05)))
    assert not list(check(cut(parts=30, renewed=0, distinct=240, same=18, next_to=17, valid=0.05)))


def test_healthy_part_that_is_kept_or_moves_often() -> None:
    assert not list(check(cut(parts=30, renewed=0, valid=0.05)))
    assert not list(check(cut(parts=30, renewed=29, distinct=480, same=5, next_to=0, valid=0.05)))


def test_healthy_check_on_one_batch_before_the_run() -> None:
    trace = cut(parts=30)
    whole = replace(trace.run, steps=5 * trace.steps)
    assert not list(check(replace(trace, run=whole)))
    assert list(check(replace(trace, run=replace(trace.run, steps=3 * trace.steps))))


def rounds(
    distinct=64, *, rows=1920, source=1037, regrouped=0, twins=0, shown=176, valid=1.1, answers=()
) -> Trace:  # fmt: skip
    """Batches of 32 rows that come round and round, and an evaluation of other rows."""
    facts = [
        fact("rows", "Net", 300, batches=60, same=15, drawn=2, top_share=0.02, largest=32, rows=rows,
             distinct=distinct, source=source, met=871, regrouped=regrouped, twins=twins, pairs=29_760),
        fact("sampler", batches=33),
        fact("evaluation-rows", "line 9", 300, distinct=shown, matched=0),
    ]  # fmt: skip
    tables = {"val_loss": {"cross_entropy (line 9)": valid}}
    if answers:
        names = ({"cross_entropy": answers[0]}, {"accuracy (line 9)": answers[1]})
        tables |= dict(zip(("accuracy", "val_accuracy"), names, strict=True))
    return build(loss=decay(3.1, 0.1), tables=tables, facts=facts)


def test_sick_two_batches_for_ever() -> None:
    (finding,) = check(rounds())
    assert finding.value == 64 / 1037 and "64 different rows" in finding.message
    assert list(check(rounds(valid=0.11, answers=(1.0, 0.8))))


def test_healthy_few_batches_as_a_check() -> None:
    """Nothing else is evaluated, or it goes well."""
    assert not list(check(rounds(shown=0)))
    assert not list(check(rounds(shown=63)))
    assert list(check(rounds(shown=64)))
    assert not list(check(rounds(valid=0.15)))


def test_healthy_near_miss_of_rounds() -> None:
    assert not list(check(rounds(source=4 * 64 - 1)))
    assert list(check(rounds(source=4 * 64)))
    assert not list(check(rounds(rows=4 * 64 - 1)))
    assert list(check(rounds(rows=4 * 64)))


def test_healthy_few_rows_in_ever_new_company() -> None:
    """A sampler that draws some rows far more often, and a small set behind a loader of pairs."""
    assert not list(check(rounds(regrouped=44)))
    assert list(check(rounds(regrouped=43)))


def test_healthy_look_alike_few_possible_rows() -> None:
    """Categories: equal rows stand within a batch as often as so few different ones must."""
    assert not list(check(rounds(twins=29_760 // 64)))


def test_healthy_no_loader_behind_the_few_rows() -> None:
    assert not list(check(rounds(source=0)))
