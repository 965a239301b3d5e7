"""The handle on a run that is treated: what a cure's ``treat`` is given, and the wrappers behind it.

Importing this package imports torch, so remedies name it for type checkers only.
"""

from gradwise.remedies.patient.handle import Patient
from gradwise.remedies.patient.run import TreatedRun

__all__ = ["Patient", "TreatedRun"]
