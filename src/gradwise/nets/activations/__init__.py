"""Activations by name, one per file; torch supplies the modules.

>>> from gradwise.nets.activations import activation
>>> activation("gelu:approximate=tanh")
GELU(approximate='tanh')
"""

from gradwise.nets.activations.activation import Activation
from gradwise.nets.activations.collection import ACTIVATIONS, activation, check_activation

__all__ = ["ACTIVATIONS", "Activation", "activation", "check_activation"]
