"""Two splits of the detection corpus, and a run that goes on where it was stopped."""

from __future__ import annotations

import json
import time

import pytest

from benchmarks.detection import __main__ as command
from benchmarks.detection import corpus, running
from benchmarks.detection.admission import admitted
from benchmarks.detection.corpus import ManifestError, Script, load_split
from benchmarks.detection.journal import Journal, JournalError
from benchmarks.detection.scoring import Named, Outcome

PAIR = """
[[script]]
script = "{name}"
expected = "dead-relu"
accepted = []
metric = 'acc ([0-9.]+)'
better = "max"
sick = {sick}
fixed = [0.9, 0.9, 0.9, 0.9, 0.9]
"""
HEALTHY = """
[[healthy]]
script = "quiet"
looks_like = "dead units"
"""


@pytest.fixture
def scored(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "SCORED", tmp_path)
    (tmp_path / "one.toml").write_text(PAIR.format(name="mended", sick=[0.1] * 5) + HEALTHY)
    (tmp_path / "two.toml").write_text(
        PAIR.format(name="late", sick=[]) + PAIR.format(name="harmless", sick=[0.9] * 5)
    )
    return tmp_path


def test_a_split_is_read_from_all_its_manifests(scored):
    pairs, healthy = load_split("scored")
    assert [(p.name, p.manifest.name, p.split) for p in pairs] == [
        ("mended", "one.toml", "scored"),
        ("late", "two.toml", "scored"),
        ("harmless", "two.toml", "scored"),
    ]
    sick, fixed = pairs[0].scripts()
    assert (sick.path, fixed.path) == (scored / "sick" / "mended.py", scored / "fixed" / "mended.py")
    assert [(s.label, s.looks_like) for s in healthy] == [("scored/healthy/quiet", "dead units")]


def test_what_was_seen_serves_calibration_from_its_own_folder(scored, monkeypatch):
    monkeypatch.setattr(corpus, "SEEN", scored)
    pairs, healthy = load_split("calibration")
    mended = next(pair for pair in pairs if pair.name == "mended").scripts()[0]
    assert (mended.split, mended.path, mended.label) == (
        "calibration",
        scored / "sick" / "mended.py",
        "sick/mended",
    )
    quiet = next(script for script in healthy if script.name == "quiet")
    assert (quiet.split, quiet.path) == ("calibration", scored / "healthy" / "quiet.py")
    assert {"digits_sgd_loop", "mended"} <= {pair.name for pair in pairs}


def test_only_what_was_admitted_is_scored_and_the_rest_is_told(scored):
    scripts, waiting = command.choose(splits=["scored"])
    assert [s.label for s in scripts] == ["scored/sick/mended", "scored/fixed/mended", "scored/healthy/quiet"]
    assert waiting == ["late", "harmless"]
    asked, _ = command.choose("late", ["scored"], healthy=False)
    assert [s.name for s in asked] == ["late"]


def test_both_splits_are_taken_unless_one_is_asked_for(scored):
    both, _ = command.choose()
    assert {s.split for s in both} == {"calibration", "scored"}
    assert {s.split for s in command.choose(splits=["calibration"])[0]} == {"calibration"}


def test_a_name_declared_twice_is_refused(scored):
    (scored / "three.toml").write_text(PAIR.format(name="late", sick=[]))
    with pytest.raises(ManifestError, match="late: declared twice"):
        load_split("scored")


def test_a_healthy_script_says_what_it_looks_like(scored):
    (scored / "one.toml").write_text('[[healthy]]\nscript = "quiet"\n')
    with pytest.raises(ManifestError, match="quiet: expected a field 'looks_like'"):
        load_split("scored")


def test_manifests_and_files_of_the_scored_split_agree():
    pairs, healthy = load_split("scored")
    known = {p.name for p in load_split("calibration")[0]}
    for pair in filter(admitted, pairs):
        assert all(script.path.exists() for script in pair.scripts()), pair.name
        assert pair.name not in known
    assert all(script.path.exists() for script in healthy)


# ----------------------------------------------------------------------- resume


def outcome(script, seed=0, rule="dead-relu", **more):
    return Outcome(script, seed, (Named(rule, "sick", 3, nested=False, message="m"),), **more)


@pytest.fixture
def sick(tmp_path):
    path = tmp_path / "net.py"
    path.write_text("print(1)\n")
    return Script("net", "sick", path, "dead-relu")


def test_what_was_written_is_known_again_and_nothing_else(tmp_path, sick):
    file = tmp_path / "run.jsonl"
    Journal(file).add(outcome(sick, stands_from=7, seconds=1.5), onset=True)
    again = Journal(file)
    assert again.known(sick, 0, onset=True) == outcome(sick, stands_from=7, seconds=1.5)
    assert again.known(sick, 1, onset=True) is None
    assert again.known(sick, 0, onset=False) is None, "not asked when it stands from"
    twin = Script("net", "fixed", sick.path, "dead-relu")
    assert again.known(twin, 0, onset=True) is None
    sick.path.write_text("print(2)\n")
    assert again.known(sick, 0, onset=True) is None, "the script has changed since"


def test_a_line_cut_off_while_being_written_is_run_again(tmp_path, sick):
    file = tmp_path / "run.jsonl"
    journal = Journal(file)
    journal.add(outcome(sick), onset=False)
    journal.add(outcome(sick, seed=1), onset=False)
    file.write_text(file.read_text()[:-20])
    again = Journal(file)
    assert again.known(sick, 0, onset=False) and not again.known(sick, 1, onset=False)
    again.add(outcome(sick, seed=1), onset=False)
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 2


def test_a_file_of_something_else_is_refused(tmp_path, sick):
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\n")
    with pytest.raises(JournalError, match=r"notes.txt, line 1"):
        Journal(file)
    assert file.read_text() == "dear diary\n"
    assert command.main(["--only", "wine", "--resume", str(file)]) == 2


def test_what_was_killed_is_not_kept_and_what_failed_is(tmp_path, sick):
    file = tmp_path / "run.jsonl"
    Journal(file).add(Outcome(sick, 0, error="exit -9: nothing on stderr"), onset=False)
    Journal(file).add(Outcome(sick, 1, error="exit 2: no such file"), onset=False)
    again = Journal(file)
    assert again.known(sick, 0, onset=False) is None
    assert again.known(sick, 1, onset=False).error == "exit 2: no such file"


def test_a_stopped_run_goes_on_where_it_was(tmp_path, sick, monkeypatch):
    file = tmp_path / "run.jsonl"
    told, ran, stop = [], [], [True]

    def check(script, seed, *, onset, fresh):
        for _ in range(500):
            if seed != 2 or len(file.read_text().splitlines()) == 2:
                break
            time.sleep(0.01)
        if seed == 2 and stop.pop():
            raise KeyboardInterrupt
        ran.append(seed)
        return outcome(script, seed)

    monkeypatch.setattr(running, "check", check)

    def go():
        return running.check_all(
            [sick], range(4), jobs=1, onset=False, tell=told.append, journal=Journal(file)
        )

    with pytest.raises(KeyboardInterrupt):
        go()
    assert ran[:2] == [0, 1] and [o.seed for o in told] == [0, 1]
    stop.append(False)
    ran.clear()
    assert [o.seed for o in go()] == [0, 1, 2, 3]
    assert ran == [2, 3] and [o.seed for o in told] == [0, 1, 2, 3]
    assert len(file.read_text().splitlines()) == 4


def test_states_of_the_sources_are_counted(tmp_path, sick, monkeypatch):
    from benchmarks.detection import journal as module

    file = tmp_path / "run.jsonl"
    Journal(file).add(outcome(sick), onset=False)
    monkeypatch.setattr(module, "sources", lambda: "others")
    again = Journal(file)
    again.known(sick, 0, onset=False)
    assert again.states == 1
    again.add(outcome(sick, seed=1), onset=False)
    assert again.states == 2
