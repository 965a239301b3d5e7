"""Which file of settings counts."""

from pathlib import Path

import pytest

from gradwise.errors import SettingsError
from gradwise.settings.locating import directory_of, load_settings
from gradwise.settings.settings import Settings


@pytest.fixture
def project(here):
    """root/pyproject.toml (no settings) over root/a/gradwise.toml over root/a/b/pyproject.toml (settings)."""
    (here / "a/b/c").mkdir(parents=True)
    (here / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.ruff]\n')
    (here / "a/gradwise.toml").write_text('fail-on = "slow"\n')
    (here / "a/b/pyproject.toml").write_text('[tool.gradwise]\nfail-on = "broken"\n')
    return here


def test_the_nearest_file_upwards_counts_alone(project):
    assert load_settings(project / "a/b/c").fail_on == "broken"
    assert load_settings(project / "a/b").shown == "a/b/pyproject.toml"
    assert load_settings(project / "a").fail_on == "slow"
    assert load_settings(Path("a")).fail_on == "slow"


def test_a_pyproject_without_the_table_is_passed_over(project):
    assert load_settings(project) == Settings()
    (project / "a/b/c/pyproject.toml").write_text("[tool.black]\n")
    assert load_settings(project / "a/b/c").fail_on == "broken"


def test_its_own_file_comes_before_pyproject(project):
    (project / "a/b/gradwise.toml").write_text('fail-on = "trial"\n')
    assert load_settings(project / "a/b/c").fail_on == "trial"


def test_a_broken_pyproject_of_others_is_no_business_of_ours(project):
    (project / "a/b/c/pyproject.toml").write_text("[tool.black\n")
    assert load_settings(project / "a/b/c").fail_on == "broken"


def test_a_file_that_is_given_and_none_at_all(project):
    assert load_settings(project / "a/b", Path("a/gradwise.toml")).fail_on == "slow"
    assert load_settings(project / "a/b", isolated=True) == Settings()
    other = project / "strict.toml"
    other.write_text('fail-on = "habit"\n')
    assert load_settings(project, other).fail_on == "habit"


@pytest.mark.parametrize(
    ("config", "isolated", "message"),
    [
        ("a/gradwise.toml", True, "--config names a file and --isolated takes none; give one of them."),
        ("none.toml", False, "--config none.toml: there is no such file; check the name."),
        ("a", False, "--config takes a file, and a is a directory; give e.g. a/gradwise.toml."),
        (
            "pyproject.toml",
            False,
            "pyproject.toml has no table [tool.gradwise]; add it, or give another file.",
        ),
    ],
)
def test_wrong_options_are_one_sentence(config, isolated, message, project):
    with pytest.raises(SettingsError) as caught:
        load_settings(project, Path(config), isolated=isolated)
    assert str(caught.value) == message


def test_a_recorded_run_is_judged_by_the_settings_of_its_script(project, monkeypatch):
    run = project / ".gradwise/runs/20260101-train"
    run.mkdir(parents=True)
    (project / "a/b/train.py").write_text("")
    assert directory_of("a/b/train.py", run) == project / "a/b"
    monkeypatch.chdir(project / "a/b")
    assert directory_of("a/b/train.py", run / "trace.sqlite") == project / "a/b"  # seen from anywhere
    assert directory_of("gone.py", run) == run
    elsewhere = project / "kept"
    elsewhere.mkdir()
    assert (
        directory_of("train.py", elsewhere) == project / "a/b"
    )  # --out elsewhere: from the working directory
