"""The errors that gradwise raises on purpose.

Every message is one sentence (or two) that says what was expected, what was
got, and what to do about it.  The command line prints the message alone and
exits with ``exit_code``; no traceback is shown for a mistake of the user's.
"""

from __future__ import annotations


class GradwiseError(Exception):
    """Base of every error that gradwise raises on purpose."""

    exit_code = 2


class UsageError(GradwiseError):
    """A command, option or argument that cannot be carried out as given."""


class SettingsError(UsageError):
    """Settings in ``pyproject.toml`` or ``gradwise.toml`` that cannot be read or do not hold."""


class TraceError(GradwiseError):
    """A run directory or trace file that cannot be read or written."""


class UnknownNameError(GradwiseError):
    """A name that stands in no registry; the message offers the nearest ones."""


class MissingDependencyError(GradwiseError):
    """A package that this verb needs is not installed."""
