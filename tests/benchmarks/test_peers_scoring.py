"""How other diagnosers on the detection corpus are scored, and what is written about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.detection.peers import report, table
from benchmarks.detection.peers.__main__ import load, outcomes
from benchmarks.detection.peers.alarms import Alarm, Said
from benchmarks.detection.peers.choosing import Task, choose, scattered, spread
from benchmarks.detection.peers.scoring import Outcome, faults_by_peer, row, unlisted
from benchmarks.detection.peers.watchers import PEERS
from gradwise.handbook.catalogue import catalogue


class TestTable:
    def test_every_fault_is_in_the_catalogue_and_every_line_has_a_reason(self):
        names = {ailment.name for ailment in catalogue().values()}
        for peer, kinds in table.MEANS.items():
            assert peer in PEERS
            for kind, (faults, reason) in kinds.items():
                assert faults <= names, (peer, kind, faults - names)
                assert reason, (peer, kind)

    def test_every_peer_has_a_table_and_ours_stands_for_itself(self):
        assert set(table.MEANS) == set(PEERS)
        assert table.stands_for("gradwise", "dead-relu") == {"dead-relu"}
        assert table.stands_for("torchmortem", "unheard of") == frozenset()

    def test_every_message_of_trainpulse_is_listed(self):
        from benchmarks.detection.peers.loss_watchers import PULSES

        assert set(PULSES.values()) == set(table.MEANS["trainpulse"])


def outcome(peer="torchmortem", *, kind="sick", alarms=(), attached=True, plain=2.0, name="s", **said):
    faults = () if kind == "healthy" else ("dead-relu", "symmetric-init")
    words = Said(attached=attached, alarms=tuple(Alarm(k, level) for k, level in alarms), **said)
    return Outcome(peer, name, kind, faults, words, plain)


class TestScoring:
    def test_rank_is_the_place_of_the_first_right_alarm(self):
        assert outcome(alarms=[("Loss plateau detected", "info"), ("Dead units", "info")]).rank == 1
        assert outcome(alarms=[("Catapult phase detected", "info"), ("Dead units", "info")]).rank == 2
        assert outcome(alarms=[("Catapult phase detected", "critical")]).rank is None

    def test_remarks_are_no_alarms(self):
        assert not outcome(alarms=[("Dead units", "info")]).alarmed
        assert outcome(alarms=[("Dead units", "warning")]).alarmed

    def test_speed_is_no_false_alarm(self):
        assert not outcome("torch-audit", kind="healthy", alarms=[("TA200", "warning")]).alarmed
        assert outcome(
            "torch-audit", kind="healthy", alarms=[("TA200", "warning"), ("TA402", "warning")]
        ).alarmed
        for peer, kinds in table.SPEED.items():
            assert kinds <= set(table.MEANS[peer])

    def test_cost_is_of_runs_long_enough(self):
        assert outcome(seconds=3.0).cost == pytest.approx(1.5)
        assert outcome(extra=0.5).cost == pytest.approx(1.25)
        assert outcome(seconds=3.0, plain=0.5).cost is None
        assert outcome(seconds=3.0, plain=0.5).added == pytest.approx(2.5)
        assert outcome().added is None

    def test_row_counts_what_was_attached_only(self):
        dead = [("Dead units", "warning")]
        figures = row(
            "torchmortem",
            [
                outcome(alarms=dead, seconds=3.0),
                outcome(name="t", alarms=[("Catapult phase detected", "warning"), *dead]),
                outcome(name="u", attached=False),
                outcome(kind="fixed"),
                outcome(kind="fixed", name="t", alarms=dead),
                outcome(kind="healthy", name="h", alarms=dead),
                outcome("trainpulse", alarms=dead),
            ],
        )
        assert (figures.sick, figures.any_alarm, figures.found, figures.first, figures.rank) == (
            2,
            2,
            2,
            1,
            1.5,
        )
        assert (figures.fixed, figures.fixed_alarms, figures.healthy, figures.healthy_alarms) == (2, 1, 1, 1)
        assert (figures.told, figures.pairs, figures.unattached, figures.cost) == (1, 2, 1, 1.5)

    def test_faults_by_peer(self):
        table_ = faults_by_peer([outcome(alarms=[("Dead units", "info")]), outcome("trainpulse", name="s")])
        assert table_ == {"dead-relu": {"torchmortem": (1, 1), "trainpulse": (0, 1)}}

    def test_kinds_that_nobody_listed_are_named(self):
        found = [
            outcome(alarms=[("Dead units", "info"), ("New one", "info")]),
            outcome("gradwise", alarms=[("x", "info")]),
        ]
        assert unlisted(found) == [("torchmortem", "New one")]


class TestChoosing:
    def test_a_limit_takes_as_many_fine_runs_as_sick_ones(self):
        tasks = choose(limit=10)
        kinds = [t.kind for t in tasks]
        assert kinds.count("sick") == 10 and kinds.count("fixed") + kinds.count("healthy") == 10
        assert {t.name for t in tasks if t.kind == "fixed"} < {t.name for t in tasks if t.kind == "sick"}
        assert all(t.path.exists() for t in tasks)

    def test_without_a_limit_everything_is_chosen_once(self):
        labels = [t.label for t in choose()]
        assert len(labels) == len(set(labels)) > 200

    def test_order_is_spread(self):
        assert sorted(scattered(list(range(13)))) == list(range(13))
        assert spread([1, 2], 5) == [1, 2]


class TestReport:
    def test_results_hold_figures_and_what_was_not_attached(self):
        found = [
            outcome("gradwise", alarms=[("dead-relu", "critical")], seconds=2.5),
            outcome(alarms=[("Catapult phase detected", "warning")], seconds=4.0),
            outcome(kind="healthy", name="h", alarms=[("Dead units", "warning")]),
            outcome("trainpulse", attached=False, why="no loop"),
            outcome(kind="healthy", name="d", script_error="RuntimeError: in a hook"),
        ]
        text = report.markdown(found, command="cmd --limit 1", torch="2", versions={"torchmortem": "0.1.1"})
        assert "| gradwise | 1 of 1 | 1 of 1 (100%) | 1 of 1 (100%) |" in text
        assert "- torchmortem, healthy/d: RuntimeError: in a hook" in text
        assert "| torchmortem | 3 of 3 | 1 of 1 (100%) | 0 of 1 (0%) |" in text
        assert "- trainpulse, sick/s: no loop" in text
        assert "| dead-relu | 1/1 | 0/1 | – |" in text
        assert "| torchmortem | Dead units: 1 |" in text
        assert "| torchmortem | 0.1.1 |" in text and "cmd --limit 1" in text

    def test_what_was_not_run_is_not_reported(self):
        tasks = [Task("a", "sick", Path("a.py"), ("x",)), Task("b", "sick", Path("b.py"), ("x",))]
        said = Said(attached=True, seconds=2.0)
        raw = {"sick/a": {"none": said, "gradwise": said}, "sick/b": {"none": said}}
        found = outcomes(tasks, ["gradwise", "torchmortem"], raw)
        assert [(o.peer, o.script, o.plain) for o in found] == [("gradwise", "a", 2.0)]

    def test_what_is_kept_comes_back(self, tmp_path):
        said = Said(attached=True, alarms=(Alarm("k", "warning", "m", 2),), steps=3, seconds=1.0)
        file = tmp_path / "raw.json"
        file.write_text(json.dumps({"sick/a": {"gradwise": said.to_json()}}), "utf-8")
        assert load(file) == {"sick/a": {"gradwise": said}}
        assert load(tmp_path / "none.json") == {} == load(None)
