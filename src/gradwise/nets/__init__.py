"""Networks by their usual names, one family per file.

>>> from gradwise import nets
>>> net = nets.make("mlp", outputs=3, numbers=4, units=16, depth=1)
>>> sum(weight.numel() for weight in net.parameters())  # 4*16 + 16 + 16*3 + 3
131
"""

from gradwise.nets.collection import NETS, checked_options, make, nets_for, options
from gradwise.nets.net import Net, input_kind

__all__ = ["NETS", "Net", "checked_options", "input_kind", "make", "nets_for", "options"]
