"""Evaluations on rows that were trained on: none, some, all."""

import pytest

from gradwise.rules.train_val_leak import FEWER, LEAK_LIMIT, MORE_SEEN, check
from gradwise.trace.model import Trace
from tests.cases.build import build, decay, fact


def trained(rows=1600, distinct=640, *, source=800, largest=32, twins=0, pairs=30_000, same=0):
    return fact(
        "rows", "Net", 300, rows=rows, distinct=distinct, source=source, largest=largest, twins=twins,
        pairs=pairs, same=same,
    )  # fmt: skip


def evaluated(
    matched, distinct=200, *, place="line 9", source=200, seen=640, twins=0, pairs=19_900, named=""
):
    return fact(
        "evaluation-rows", place, 300, matched=matched, distinct=distinct, source=source, largest=100, seen=seen,
        twins=twins, pairs=pairs, named=named,
    )  # fmt: skip


def run(*facts) -> Trace:
    return build(loss=decay(0.7, 0.1), tables={"val_loss": {"cross_entropy (line 9)": 0.5}}, facts=facts)


def test_sick_split_twice() -> None:
    """Four of five validation rows are training rows; four of five of those were looked at."""
    (finding,) = check(run(trained(), evaluated(matched=128)))
    assert finding.value == pytest.approx(0.8) and finding.where == ("line 9",)
    assert "128 of 200" in finding.message


def test_sick_ranges_that_overlap() -> None:
    (finding,) = check(run(trained(), evaluated(matched=16)))
    assert finding.value == pytest.approx(0.1)


def test_sick_size_of_the_training_set_is_estimated() -> None:
    assert list(check(run(trained(rows=1600, distinct=640, source=0), evaluated(matched=60))))


def test_healthy_apart() -> None:
    assert not list(check(run(trained(), evaluated(matched=0))))


def test_healthy_near_miss() -> None:
    assert not list(check(run(trained(), evaluated(matched=19, distinct=500, source=500, pairs=124_750))))
    assert list(check(run(trained(), evaluated(matched=21, distinct=500, source=500, pairs=124_750))))
    assert 19 / 500 / 0.8 < LEAK_LIMIT < 21 / 500 / 0.8


def test_healthy_training_accuracy_is_measured() -> None:
    assert not list(check(run(trained(), evaluated(matched=158), evaluated(matched=0, place="line 12"))))


def test_healthy_autoencoder_shown_its_own_data() -> None:
    assert not list(check(run(trained(distinct=800), evaluated(matched=200, seen=800))))


def test_healthy_all_data_together() -> None:
    assert not list(check(run(trained(), evaluated(matched=640, distinct=1000, source=1000))))


def test_healthy_look_alike_few_possible_rows() -> None:
    """Tables of categories: equal rows by chance."""
    assert not list(check(run(trained(twins=60), evaluated(matched=120, twins=40))))


def test_healthy_look_alike_a_few_copies_in_the_data() -> None:
    assert not list(check(run(trained(), evaluated(matched=4))))


def test_healthy_augmented_rows_never_match() -> None:
    assert not list(check(run(trained(rows=1600, distinct=1600), evaluated(matched=0, seen=1600))))


def test_healthy_full_training_set_of_unknown_size() -> None:
    assert not list(check(run(trained(rows=600, distinct=420, source=0), evaluated(matched=150, seen=420))))


def test_healthy_nothing_known_of_training() -> None:
    assert not list(check(run(evaluated(matched=150))))


def copied(matched, *, finest=900, twins=900, seen=277) -> Trace:
    """Rows drawn with replacement before the cut: 277 different ones, met ten times each."""
    train = trained(rows=2770, distinct=277, source=750, largest=50, twins=900, pairs=67_000)
    train.data.update(finest=finest, finest_twins=twins)
    return run(train, evaluated(matched, 170, source=250, seen=seen, twins=150, pairs=31_000))


def test_sick_copies_on_both_sides_of_the_cut() -> None:
    (finding,) = check(copied(matched=155))
    assert "equal rows are copies" in finding.message and finding.value > 0.9


def test_healthy_equal_rows_of_few_values_are_chance() -> None:
    """The finest column has more equal pairs than there are equal rows."""
    assert not list(check(copied(matched=155, finest=2_000)))


def test_healthy_copies_that_stay_on_their_side() -> None:
    assert not list(check(copied(matched=30)))
    assert list(check(copied(matched=40)))


def test_healthy_copied_training_set_is_evaluated() -> None:
    assert not list(check(copied(matched=168)))


def test_sick_validation_rows_by_name_are_all_trained_on() -> None:
    (finding,) = check(run(trained(distinct=800), evaluated(matched=200, seen=800, named="validation")))
    assert finding.value == 1 and "speak of validation" in finding.message


def test_sick_training_rows_that_were_not_all_looked_at() -> None:
    assert list(check(run(trained(), evaluated(matched=158, named="validation"))))


def test_healthy_part_of_the_training_rows_by_name() -> None:
    for named in ("training", ""):
        assert not list(check(run(trained(distinct=800), evaluated(matched=200, seen=800, named=named))))


def test_sick_whole_training_set_as_validation_by_name() -> None:
    def whole(**more) -> list:
        return list(check(run(trained(distinct=800), evaluated(matched=800, distinct=800, seen=800, **more))))

    assert whole(source=800, named="validation")
    assert not whole(source=800, named="training")
    assert not whole(source=801, named="validation")  # all data together
    assert not whole(source=0, named="validation")  # a graph whose nodes are one batch


def test_healthy_near_miss_nearly_the_whole_training_set() -> None:
    for share, found in ((FEWER, 1), (FEWER + 0.01, 0)):
        some = round(800 * share)
        seen = evaluated(matched=some, distinct=some, source=some, seen=800, named="validation")
        assert len(list(check(run(trained(distinct=800), seen)))) == found


def test_healthy_rows_attacked_in_a_test() -> None:
    """Test rows had gradients too, so that more rows did than there are to train on."""
    for seen, found in ((int(800 * MORE_SEEN), 1), (int(800 * MORE_SEEN) + 1, 0)):
        attacked = evaluated(matched=200, seen=seen, named="validation")
        assert len(list(check(run(trained(distinct=800), attacked)))) == found


def test_healthy_few_possible_rows_by_name() -> None:
    assert not list(check(run(trained(twins=60), evaluated(matched=160, twins=40, named="validation"))))


def test_healthy_validation_by_name_of_its_own_rows() -> None:
    assert not list(check(run(trained(), evaluated(matched=0, named="validation"))))


def test_healthy_one_line_that_measures_training_and_test_rows_in_turn() -> None:
    assert not list(check(run(trained(), evaluated(matched=128, named="training"))))
