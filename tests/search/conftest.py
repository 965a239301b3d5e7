"""A small table, and searches of it that take a second."""

import pytest

from gradwise.search import SearchListener, search
from tests.fitting.conftest import iris, write_table

__all__ = ["iris"]

# Fast, and the same on every machine: nothing is raced.
QUICK = {"epochs": 4, "batch_size": 16, "threads": 1, "precision": "float32", "fused": "yes"}
SPACE = {
    "width": {"low": 4, "high": 64, "log": True},
    "depth": [1, 2],
    "rate": {"low": 1e-3, "high": 0.1, "log": True},
}


class Ears(SearchListener):
    """Keeps what it hears."""

    def __init__(self):
        self.news, self.choices, self.confirmed, self.why = [], {}, [], None

    def chose(self, choice):
        self.choices[choice.name] = choice

    def trial_ended(self, news, standing):
        self.news.append(news)

    def confirming(self, done, trainings):
        self.confirmed.append((done, trainings))

    def ended(self, why):
        self.why = why


@pytest.fixture
def ears():
    return Ears()


@pytest.fixture
def look(tmp_path, monkeypatch, iris):
    """Search in an empty directory, in little time."""
    monkeypatch.chdir(tmp_path)

    def run(**more):
        given = {"space": SPACE, "trials": 4, "confirm": 0, **QUICK, **more}
        data = given.pop("data", iris)
        return search(data, given.pop("target", "y"), **given)

    return run


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    return write_table("digits", tmp_path_factory.mktemp("data") / "digits.csv")
