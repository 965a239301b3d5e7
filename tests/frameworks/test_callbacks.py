"""The callbacks, each in a tiny training of its framework whose net ends in a softmax too many."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from gradwise.errors import MissingDependencyError
from tests.watch.processes import ended, start

SCRIPT = Path(__file__).with_name("scripts") / "callbacks.py"
PACKAGES = {
    "lightning": "lightning",
    "huggingface": "transformers",
    "accelerate": "accelerate",
    "skorch": "skorch",
    "keras": "keras",
    "ignite": "ignite",
}
STEPS = {"skorch": 48}  # it keeps a fifth of the rows for validation; the others make 3 epochs of 20


@pytest.mark.parametrize("name", PACKAGES)
def test_a_callback_sees_the_training_and_names_what_is_wrong(name, server, tmp_path):
    if find_spec(PACKAGES[name]) is None:
        pytest.skip(f"{PACKAGES[name]} is not installed")
    done = server.python(SCRIPT, name, "run", cwd=tmp_path)
    assert done.code == 0, done.err
    seen = json.loads(done.out.splitlines()[-1])
    assert seen == {"steps": STEPS.get(name, 60), "open": False, "found": ["softmax-twice"]}


@pytest.mark.parametrize("name", ["lightning", "huggingface", "skorch", "keras"])
def test_a_missing_framework_is_said_in_one_sentence(name, monkeypatch):
    import importlib

    module = importlib.import_module(f"gradwise.integrations.{name}")
    for package in (PACKAGES[name], "pytorch_lightning"):
        hidden = [known for known in sys.modules if known.partition(".")[0] == package]
        for known in hidden:
            monkeypatch.delitem(sys.modules, known)
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(module.__dict__, "GradwiseCallback", raising=False)
    with pytest.raises(MissingDependencyError, match=r"not installed; install it with `pip install \w+`\.$"):
        _ = module.GradwiseCallback


def test_an_unknown_name_is_an_attribute_error():
    from gradwise.integrations import lightning

    with pytest.raises(AttributeError, match="Callbacks"):
        _ = lightning.Callbacks


def test_importing_the_callbacks_brings_no_framework(tmp_path):
    code = (
        "import sys; from gradwise.integrations import "
        "accelerate, huggingface, ignite, keras, lightning, skorch\n"
        "print({'lightning', 'pytorch_lightning', 'transformers', 'skorch', 'keras', 'ignite', 'torch'} & set(sys.modules))"
    )
    done = ended(start("-c", code, cwd=tmp_path))
    assert done.out.strip() == "set()", done.err
