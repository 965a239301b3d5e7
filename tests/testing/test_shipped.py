"""The package of docs/own-rules.md, installed as pip leaves a package, and really used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT

PAGE = ROOT / "docs/own-rules.md"
BLOCK = re.compile(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
SCRIPT = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(40):
    x = torch.randn(4 if step % 5 in (2, 4) else 32, 3)
    loss = torch.nn.functional.mse_loss(model(x), x[:, :1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the path with the package and its dist-info."""
    folder = tmp_path_factory.mktemp("site")
    for name, text in FILES.items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (folder / "acme_rules/__init__.py").write_text('"""Rules of Acme."""\n')
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    install(folder, project["name"], project["version"], project["entry-points"])
    return folder


def install(folder: Path, name: str, version: str, points: dict[str, dict[str, str]]) -> None:
    """Write the dist-info that an installer would write."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, held in points.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in held.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def python(*arguments: object, site: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), str(ROOT / "src"), str(ROOT)])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "110"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def gradwise(*arguments: object, site: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = python("-m", "gradwise", *arguments, site=site, cwd=cwd)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_the_page_holds_a_whole_package() -> None:
    assert set(FILES) == {
        "pyproject.toml",
        "acme_rules/ragged_batches.py",
        "acme_rules/bucket_batches.py",
        "tests/test_ragged_batches.py",
    }


def test_its_own_tests_pass(site: Path, tmp_path: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-c", os.devnull)
    done = python("-m", "pytest", *options, site / "tests/test_ragged_batches.py", site=site, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_it_judges_a_run_and_takes_settings(site: Path, tmp_path: Path) -> None:
    (tmp_path / "ragged.py").write_text(SCRIPT)
    # On a busy machine few steps are sampled; of the first three the third is a short batch.
    low = "[rules.ragged-batches]\nSHARE_LIMIT = 0.01\nMIN_SAMPLES = 3\n"
    (tmp_path / "gradwise.toml").write_text(low)
    options = ("--select", "ACME", "--json", "-", "--out", "run")
    found = gradwise("check", *options, "ragged.py", site=site, cwd=tmp_path)
    assert found.returncode == 1, found.stderr
    (finding,) = json.loads(found.stdout)["findings"]
    assert (finding["rule"], finding["code"], finding["cures"]) == (
        "ragged-batches",
        "ACME01",
        ["bucket-batches"],
    )
    assert "ACME01 ragged-batches  the whole run, since step 2" in found.stderr
    assert "cut batches of one size" in (tmp_path / "run/report.html").read_text()

    (tmp_path / "gradwise.toml").write_text(low.replace("0.01", "0.9"))
    assert gradwise("report", "run", "--select", "ACME01", site=site, cwd=tmp_path).returncode == 0
    (tmp_path / "gradwise.toml").write_text(low + "[[suppress]]\nrule = 'ACME01'\nreason = 'cut by tokens'\n")
    shown = gradwise("report", "run", "--select", "ACME", "--show-suppressed", site=site, cwd=tmp_path)
    assert shown.returncode == 0
    assert "reason  cut by tokens" in shown.stdout


def test_it_is_listed_and_explained_with_its_package(site: Path, tmp_path: Path) -> None:
    listed = json.loads(gradwise("rules", "--json", site=site, cwd=tmp_path).stdout)
    row = next(rule for rule in listed["rules"] if rule["code"] == "ACME01")
    assert (row["name"], row["source"], row["on"]) == ("ragged-batches", "acme-rules", True)
    assert row["thresholds"]["SHARE_LIMIT"] == {"value": 0.2, "default": 0.2}
    assert listed["notes"] == []
    page = gradwise("explain", "acme01", site=site, cwd=tmp_path).stdout
    assert page.startswith("ACME01 ragged-batches") and "since 1.0.0 of acme-rules" in page
    assert "Cut batches of one size." in gradwise("explain", "bucket-batches", site=site, cwd=tmp_path).stdout
    assert "ACME01  ragged-batches" in gradwise("explain", "--list", site=site, cwd=tmp_path).stdout


def test_what_cannot_be_used_is_said_and_hides_nothing(site: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    rule = FILES["acme_rules/ragged_batches.py"]
    texts = {
        "bad_import": "import not_there_at_all\n",
        "bad_exit": "raise SystemExit(3)\n",
        "bad_form": "RULE = 1\n",
        "bad_code": rule.replace("ACME01", "D99").replace("ragged-batches", "other-batches"),
        "bad_name": rule.replace("ACME01", "ODD01").replace("ragged-batches", "dead-relu"),
        "bad_twin": rule,
    }
    for name, text in texts.items():
        (other / f"{name}.py").write_text(text)
    points = {name.replace("_", "-"): name for name in texts} | {"bad-value": "bad_twin:RULE"}
    install(other, "zebra", "0.1", {"gradwise.rules": points})
    both = os.pathsep.join([str(other), str(site)])
    listed = json.loads(gradwise("rules", "--json", site=Path(both), cwd=tmp_path).stdout)
    assert [rule["code"] for rule in listed["rules"] if rule["source"] != "built in"] == ["ACME01"]
    notes = "\n".join(listed["notes"])
    for name, reason in {
        "bad-import": "ModuleNotFoundError: No module named 'not_there_at_all'",
        "bad-exit": "SystemExit: 3",
        "bad-form": "its module holds no `Rule` called RULE beside a function check(trace)",
        "bad-code": "its code is 'D99', not two letters or more and a number, e.g. ACME01",
        "bad-name": "the name dead-relu is taken (built in)",
        "bad-twin": "the name ragged-batches is taken (acme-rules)",
        "bad-value": "bad_twin:RULE is Rule, not a module",
    }.items():
        assert f"rule {name} of zebra is left out: {reason}" in notes
