"""For packages that ship rules: whether a rule keeps the form that all rules keep.

>>> from gradwise.testing import check_rule, cut
"""

from gradwise.testing.checking import check_rule
from gradwise.testing.traces import cut

__all__ = ["check_rule", "cut"]
