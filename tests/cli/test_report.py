import json
import os
import subprocess
import sys
from functools import partial

import pytest

from tests.cli.verbs import call, record

report = partial(call, "report")


def test_the_newest_run_is_judged(here, capsys):
    record(here / ".gradwise/runs/20260101-000000-train")
    code, out, err = report(capsys, "--only", "dead-relu")
    assert (code, err) == (1, "")
    assert "A01 dead-relu  features.3 (ReLU, 256 units), since step " in out
    assert "1 cause found (1 sick), in 200 steps by 1 rule" in out


@pytest.mark.parametrize(
    "name",
    [
        "20260101-000000-train",
        ".gradwise/runs/20260101-000000-train",
        ".gradwise/runs/20260101-000000-train/trace.sqlite",
    ],
)
def test_a_run_by_name_directory_or_file(name, here, capsys):
    record(here / ".gradwise/runs/20260101-000000-train")
    assert report(capsys, name, "--only", "A01")[0] == 1


def test_exit_codes_follow_fail_on_and_the_chosen_rules(here, capsys):
    record(here / "r")
    assert report(capsys, "r", "--only", "A01", "--fail-on", "broken")[0] == 0
    assert report(capsys, "r", "--only", "A01", "--fail-on", "sick")[0] == 1
    assert report(capsys, "r", "--only", "A01,L01", "--skip", "dead-relu")[0] == 0


def test_quiet_says_nothing_about_a_healthy_run(here, capsys):
    record(here / "r")
    assert report(capsys, "r", "--only", "L01", "-q") == (0, "", "")
    assert "A01" in report(capsys, "r", "--only", "A01", "-q")[1]


def test_json_to_a_file_and_to_standard_output(here, capsys):
    record(here / "r")
    report(capsys, "r", "--only", "A01", "--json", "found.json")
    written = json.loads((here / "found.json").read_text())
    assert written["schema"] == 1
    assert written["findings"][0]["code"] == "A01"
    code, out, err = report(capsys, "r", "--only", "A01", "--json", "-")
    assert json.loads(out) == written
    assert "A01 dead-relu" in err
    assert code == 1


def test_html(here, capsys):
    record(here / "r")
    _, out, _ = report(capsys, "r", "--only", "A01", "--html", "page.html")
    assert "report  page.html" in out
    page = (here / "page.html").read_text()
    assert "A01 dead-relu" in page
    assert "plot-evidence-0-0" in page


def test_a_running_trace_is_judged_as_far_as_it_is(here, capsys):
    writer = record(here / "r", status="running")
    code, out, _ = report(capsys, "r", "--only", "A01")
    writer.close()
    assert code == 1
    assert "200 steps" in out
    assert "still running" in out.splitlines()[0]


def test_a_killed_run_is_judged_and_called_so(here, capsys):
    code = (
        "import os, signal, pathlib\nfrom tests.cli.verbs import record\n"
        "record(pathlib.Path('r'), status='running')\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=False)
    exit_code, out, _ = report(capsys, "r", "--only", "A01")
    assert exit_code == 1
    assert "killed while running" in out.splitlines()[0]


def test_a_failed_run_shows_its_error(here, capsys):
    record(here / "r", status="failed", error="ValueError: no more")
    assert "failed (ValueError: no more)" in report(capsys, "r", "--only", "L01")[1].splitlines()[0]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "no run lies under .gradwise/runs; record one with `gradwise check SCRIPT`."),
        (["nothing"], "there is no run 'nothing'; `gradwise runs` lists them."),
        (
            ["r", "--json", "no/such/x.json"],
            "--json no/such/x.json: there is no directory such; create it first.",
        ),
        (["r", "--html", "no/x.html"], "--html no/x.html: there is no directory no; create it first."),
        (["r", "--html", "."], "--html takes a file name, and . is a directory"),
        (["cut"], "cut"),
    ],
)
def test_wrong_use_is_one_sentence(argv, message, here, capsys):
    record(here / "r")
    (here / "cut").mkdir()
    (here / "cut/trace.sqlite").write_bytes((here / "r/trace.sqlite").read_bytes()[:5000])
    code, out, err = report(capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith("gradwise: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_near_name_is_offered(here, capsys):
    record(here / ".gradwise/runs/20260101-000000-train")
    assert "(did you mean '20260101-000000-train'?)" in report(capsys, "20260101-00000-train")[2]


def test_it_works_without_torch(here):
    record(here / "r")
    code = (
        "import sys; sys.modules['torch'] = None\nfrom gradwise.cli.app import main\n"
        "main(['report', 'r', '--html', 'p.html', '--json', 'p.json'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert (here / "p.html").stat().st_size > 4e6
