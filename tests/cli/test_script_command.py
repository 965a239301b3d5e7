import pytest

from gradwise.cli.script_command import misplaced, shield_module_arguments

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


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("epochs = 3", ["--max-steps"]),
        ('parser.add_argument("--max-steps")', []),
        ("print(sys.argv)", []),
        ("import hydra", []),
        ("from cli import main", []),
    ],
)
def test_only_options_of_a_script_that_reads_none_are_misplaced(source, found):
    assert misplaced(["--max-steps=3", "--lr", "1", "-q", "out"], {"--max-steps", "--out"}, source) == found


SCRIPT = """
import torch
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), 0.01)
for _ in range(30):
    loss = (model(torch.randn(8, 3)) ** 2).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
print("trained")
"""


@pytest.mark.parametrize(
    ("before", "after", "hint"),
    [
        ((), ("--max-steps", "9"), True),
        (("--quiet",), ("--max-steps", "9"), False),
        (("--max-steps", "9"), ("--lr", "1"), False),
    ],
)
def test_a_hint_tells_which_option_went_to_the_script(server, tmp_path, before, after, hint):
    (tmp_path / "train.py").write_text(SCRIPT)
    done = server.check("--out", "run", *before, "train.py", *after, cwd=tmp_path)
    told = (
        "gradwise: --max-steps stands after train.py and goes to the script; "
        "put it before if meant for gradwise.\n"
    )
    assert done.err.startswith(told) == hint
    assert "stands after" not in done.err.removeprefix(told)
    assert done.out == ("" if "--max-steps" in before else "trained\n"), "they are not ours to follow"
