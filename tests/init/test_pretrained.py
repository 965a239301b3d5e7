"""Weights from files: every form that people have, and what does not fit."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from gradwise import init
from gradwise.errors import UsageError


def net(classes: int = 3, width: int = 4) -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, classes))


@pytest.fixture
def trained() -> nn.Sequential:
    torch.manual_seed(0)
    model = net()
    model[1].running_mean.copy_(torch.arange(4.0))
    return model


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


FORMS = {
    "plain.pth": lambda state: state,
    "nested.pt": lambda state: {"epoch": 3, "state_dict": state},
    "parallel.pth": lambda state: {f"module.{name}": value for name, value in state.items()},
    "lightning.ckpt": lambda state: {"state_dict": {f"model.{n}": value for n, value in state.items()}},
    "compiled.pth": lambda state: {f"_orig_mod.{name}": value for name, value in state.items()},
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_torch_files(form: str, trained: nn.Sequential, tmp_path: Path) -> None:
    torch.save(FORMS[form](trained.state_dict()), tmp_path / form)
    model = net()
    table = init(model, f"pretrained:path={tmp_path / form}")
    assert same(model, trained) and table.notes == (f"9 of 9 weights from {form}",)
    assert [row.activation for row in table.rows] == ["relu", "none"]


def test_safetensors_and_the_directory_of_a_fit(trained: nn.Sequential, tmp_path: Path) -> None:
    save_file(trained.state_dict(), tmp_path / "model.safetensors")
    for path in (tmp_path, tmp_path / "model.safetensors"):
        model = net()
        init(model, "from-file", path=path)
        assert same(model, trained)


def test_a_wrapped_model_takes_plain_weights(trained: nn.Sequential, tmp_path: Path) -> None:
    torch.save(trained.state_dict(), tmp_path / "plain.pth")
    wrapped = nn.DataParallel(net())
    init(wrapped, "pretrained", path=tmp_path / "plain.pth")
    assert same(wrapped.module, trained)


def test_another_head_is_refused_and_left_where_that_is_asked_for(trained, tmp_path: Path) -> None:
    torch.save(trained.state_dict(), tmp_path / "w.pth")
    model = net(classes=7)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    said = r"w\.pth does not fit: 3\.weight is 7×4 here and 3×4 there; 3\.bias is 7 here and 3 there; add partial"
    with pytest.raises(UsageError, match=said):
        init(model, "pretrained", path=tmp_path / "w.pth")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    table = init(model, f"pretrained:path={tmp_path / 'w.pth'},partial=yes")
    assert torch.equal(model[0].weight, trained[0].weight) and torch.equal(
        model[3].weight, before["3.weight"]
    )
    assert model[1].running_mean.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert table.notes == (
        *("7 of 9 weights from w.pth", "left: 3.weight is 7×4 here and 3×4 there"),
        "left: 3.bias is 7 here and 3 there",
    )


def test_names_that_are_missing_or_unknown(trained: nn.Sequential, tmp_path: Path) -> None:
    state = dict(trained.state_dict())
    state["extra"] = state.pop("0.bias")
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(UsageError, match=r"0\.bias 4 is missing there; extra 4 is unknown here; add partial"):
        init(net(), "pretrained", path=tmp_path / "w.pth")
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pth")
    for partial in (False, True):
        with pytest.raises(UsageError, match=r"\(and 7 more\); it is of another model\."):
            init(net(), "pretrained", path=tmp_path / "other.pth", partial=partial)


def test_what_is_no_file_of_weights(trained: nn.Sequential, tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "text.safetensors").write_text("hello")
    (tmp_path / "empty.pth").write_bytes(b"")
    torch.save(trained, tmp_path / "whole.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "pickle.pth").write_bytes(pickle.dumps({"a": 1}))
    said = {
        "text.pth": "text.pth (is no file of weights|holds more than weights)",
        "text.safetensors": r"is no file of weights \(",
        "empty.pth": "is no file of weights",
        "whole.pth": r"holds more than weights.*save `model\.state_dict\(\)` instead",
        "list.pth": "holds no state dict",
        "pickle.pth": "holds (no state dict|more than weights)|is no file",
    }
    for name, words in said.items():
        with pytest.raises(UsageError, match=words):
            init(net(), "pretrained", path=tmp_path / name)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=r"is a directory without model\.safetensors"):
        init(net(), "pretrained", path=tmp_path / "folder")
