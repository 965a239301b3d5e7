import pytest

from gradwise.cli.script_command import shield_module_arguments

WITH_VALUE = {"--out", "-m", "--max-steps"}


@pytest.mark.parametrize(
    ("given", "shielded"),
    [
        (["-m", "pkg", "--lr", "1"], ["-m", "pkg", "--", "--lr", "1"]),
        (["-q", "-m", "pkg"], ["-q", "-m", "pkg", "--"]),
        (["-mpkg", "--lr"], ["-mpkg", "--", "--lr"]),
        (["--out", "-m", "train.py", "-m"], ["--out", "-m", "train.py", "-m"]),
        (["train.py", "-m", "x"], ["train.py", "-m", "x"]),
        (["--", "-m", "x"], ["--", "-m", "x"]),
        (["--out=-m", "-m", "pkg", "-q"], ["--out=-m", "-m", "pkg", "--", "-q"]),
        (["--max-steps", "3", "-m", "pkg", "a"], ["--max-steps", "3", "-m", "pkg", "--", "a"]),
        ([], []),
    ],
)
def test_what_follows_the_module_belongs_to_the_script(given, shielded):
    assert shield_module_arguments(given, WITH_VALUE) == shielded
