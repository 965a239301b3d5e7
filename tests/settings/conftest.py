"""A working directory of its own."""

from tests.cli.conftest import here

__all__ = ["here"]
