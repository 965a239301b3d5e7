"""The server that forks warmed-up processes, as in the tests of the watch."""

from __future__ import annotations

import pytest

from tests.watch.processes import Server, shared


@pytest.fixture
def server() -> Server:
    """Runs scripts and the command without paying for the import of torch each time."""
    return shared()
