"""Start matrices as rotations, which keep the length of what passes.

What it does
    Fills a weight with orthonormal rows or columns, times the gain of the
    activation that follows: signals and gradients keep their norm through any
    number of layers.

When
    Recurrent matrices, which are applied again and again; deep linear or tanh
    networks.

When not
    Layers followed by a normalisation, for which the scale does not matter;
    embeddings.

Grade
    changes-training: the same model starts from other weights.

The edit
    One call for each matrix, before the optimizer is made.

References
    Saxe, McClelland, Ganguli, Exact solutions to the nonlinear dynamics of
    learning, arXiv 1312.6120; Le, Jaitly, Hinton, arXiv 1504.00941.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="orthogonal-init",
    grade="changes-training",
    summary="start matrices as rotations, which keep lengths",
    edit=Edit(
        before="""\
nn.init.normal_(rnn.weight_hh_l0)
""",
        after="""\
nn.init.orthogonal_(rnn.weight_hh_l0)
""",
    ),
)
