"""The server that forks warmed-up processes, shared with the room that watches; and a directory to be in."""

import pytest

from tests.watch.conftest import server

__all__ = ["server"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
