"""A server that forks warmed-up processes, one for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.watch.processes import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """Runs scripts and the command without paying for the import of torch each time."""
    made = Server(tmp_path_factory.mktemp("server"))
    yield made
    made.close()
