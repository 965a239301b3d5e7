"""Settings of a fit: names, types, ranges, files."""

import pytest

from gradwise.errors import UsageError
from gradwise.train.config import FitConfig


def test_names_with_hyphens_and_whole_numbers_for_decimal_ones():
    config = FitConfig.make({"batch-size": 32, "rate": 1})
    assert (config.batch_size, config.rate) == (32, 1.0)
    assert config.given() == {"batch_size": 32, "rate": 1.0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rat": 1}, r"no setting 'rat' \(did you mean 'rate'\?\)"),
        ({"rate": "fast"}, "rate takes a number, not 'fast'"),
        ({"epochs": 0}, "--epochs takes a number from 1"),
        ({"epochs": 2.5}, "epochs takes a whole number, not 2.5"),
        ({"doctor": 1}, "doctor takes true or false, not 1"),
        ({"epochs": True}, "epochs takes a whole number, not True"),
        ({"compile": "maybe"}, "--compile takes one of auto, yes, no, not 'maybe'"),
        ({"valid": 0.5, "test": 0.5}, "leave no rows to train on"),
        ({"net": 3}, "net takes a word, not 3"),
        ({"dropout": float("nan")}, "--dropout"),
    ],
)
def test_what_cannot_be_is_told(settings, message):
    with pytest.raises(UsageError, match=message):
        FitConfig.make(settings)


def test_a_file_is_read_or_its_fault_named(tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('net = "cnn"\nbatch-size = 64\n')
    bad.write_text("net = \n")
    assert FitConfig.make(FitConfig.read(good)).net == "cnn"
    with pytest.raises(UsageError, match="is not a TOML file"):
        FitConfig.read(bad)
    with pytest.raises(UsageError, match="cannot be read"):
        FitConfig.read(tmp_path / "none.toml")
