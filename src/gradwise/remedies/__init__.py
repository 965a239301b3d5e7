"""One file per cure: what it changes, when it helps, how safe it is, the edit it stands for."""
