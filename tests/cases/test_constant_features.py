"""Inputs that vary, that do not, and columns among them."""

import numpy as np
import pytest

from gradwise.rules.constant_features import ALIKE_LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import build, decay, fact, learning


def run(*, end=2.25, top=0.01, blank=0.0, rows=900, largest=30, low=(), high=()) -> Trace:
    facts = [fact("rows", "Net", 300, rows=rows, largest=largest, top_share=top)]
    if len(low):
        facts.append(fact("columns", "Net", 300, low=list(low), high=list(high)))
    tables = {"input_blank_share": {"Net": blank}, **learning(end=end)}
    return build(loss=decay(2.3, end), tables=tables, facts=facts)


def table(columns=12, constant=(3,), value=0.0, low=-3.0, high=3.0):
    lows, highs = np.full(columns, low), np.full(columns, high)
    lows[list(constant)] = highs[list(constant)] = value
    return {"low": lows, "high": highs}


def test_sick_every_row_is_the_same() -> None:
    (finding,) = check(run(top=1.0))
    assert finding.group == "sick" and finding.value == pytest.approx(1.0)


def test_sick_all_padding() -> None:
    (finding,) = check(run(blank=0.7))
    assert "70% of the rows" in finding.message


def test_sick_most_columns_never_vary() -> None:
    (finding,) = check(run(**table(constant=range(3, 10))))
    assert finding.group == "sick" and finding.value == pytest.approx(7 / 12)
    assert "7 of 12 columns" in finding.message and "3, 4, 5" in finding.message


def test_healthy_inputs_vary() -> None:
    assert not list(check(run(**table(constant=()))))


def test_healthy_near_miss() -> None:
    assert not list(check(run(top=ALIKE_LIMIT - 0.01)))
    assert not list(check(run(blank=0.49)))


def test_healthy_a_few_constant_columns() -> None:
    assert not list(check(run(**table(constant=range(5)))))


def test_healthy_learns_all_the_same() -> None:
    assert not list(check(run(end=0.1, **table(constant=range(3, 10)))))
    assert not list(check(run(top=1.0, end=0.1)))
    assert not list(check(run(blank=0.9, end=0.1)))


def test_healthy_black_border_of_images() -> None:
    assert not list(check(run(**table(64, range(0, 64, 2), low=0.0, high=1.0))))


def test_healthy_standardised_border_of_images() -> None:
    assert not list(check(run(**table(64, range(0, 64, 2)))))


def test_healthy_look_alike_one_hot_codes() -> None:
    assert not list(check(run(**table(20, range(3, 15), low=0.0, high=1.0))))


def test_healthy_few_rows_for_a_column() -> None:
    assert not list(check(run(rows=150, **table(constant=range(3, 10)))))


def test_healthy_single_rows() -> None:
    assert not list(check(run(top=1.0, largest=1)))


def test_healthy_too_few_rows() -> None:
    assert not list(check(run(top=1.0, rows=60)))


def test_sick_cut_to_whole_numbers_and_half_learnt() -> None:
    (finding,) = check(run(end=1.5, **table(6, (2, 3, 4, 5), low=0.0, high=6.0)))
    assert "of what there is to learn was learnt" in finding.message
    assert not list(check(run(end=1.0, **table(6, (2, 3, 4, 5), low=0.0, high=6.0))))
    assert not list(check(run(end=1.5, **table(30, range(20), low=0.0, high=6.0))))
    assert not list(check(run(end=1.5, top=1.0)))  # rows alone say nothing where something was learnt
