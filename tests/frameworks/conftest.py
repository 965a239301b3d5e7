"""A server that forks warmed-up processes, one for the whole session."""

from __future__ import annotations

import pytest

from tests.watch.processes import Server, shared


@pytest.fixture
def server() -> Server:
    """Runs scripts and the command without paying for the import of torch each time."""
    return shared()
