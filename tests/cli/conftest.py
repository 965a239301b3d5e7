"""The server that forks warmed-up processes, shared with the room that watches."""

from tests.watch.conftest import server

__all__ = ["server"]
