"""Norm layers by name, one per file: torch's modules, and batch norm written out.

>>> from gradwise.nets import norms
>>> type(norms.make("layer-norm", 8, axes=0)).__name__
'LayerNorm'
"""

from gradwise.nets.norms.collection import NONE, NORMS, check_norm, find, layers, make, needs_bias
from gradwise.nets.norms.norm import Norm

__all__ = ["NONE", "NORMS", "Norm", "check_norm", "find", "layers", "make", "needs_bias"]
