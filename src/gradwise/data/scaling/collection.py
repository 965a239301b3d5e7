"""All scalings of inputs, found by walking this package, and choosing one by name."""

from __future__ import annotations

from gradwise.data.examples import Array, Kind
from gradwise.data.scaling.scaler import Scaler
from gradwise.data.scaling.scaling import Scale, Scaling, Spread
from gradwise.errors import UnknownNameError, UsageError
from gradwise.registry import Registry, declared

AUTO, NONE = "auto", "none"
USUAL = "standardize"
# Modules of this package that hold no scalings.
_NO_SCALINGS = {"collection", "columns", "scaler", "scaling"}

SCALINGS = Registry[Scaling]("scaling", group="gradwise.scalings")
for _each in declared("gradwise.data.scaling", "SCALINGS", skip=_NO_SCALINGS):
    SCALINGS.add(_each.name, _each, _each.aliases)


def read(word: str) -> Scale:
    """The scaling that a word stands for: a name with options after a colon, ``auto`` or ``none``.

    Raises:
        UnknownNameError: no scaling is called so.
        UsageError: an option that it has not, or a value that the option does not take.

    >>> read("auto").name, read("z-score").name, read("min-max:low=-1").summary
    ('standardize', 'standardize', 'from -1 to 1 over the training rows')
    """
    plain = word.strip().lower()
    if plain == NONE:
        return Scale(None)
    try:
        name, options = SCALINGS.parse(USUAL if plain == AUTO else word)
    except UnknownNameError as error:
        known = ", ".join((*SCALINGS, NONE))
        raise UnknownNameError(f"{str(error).rstrip('.')}; --scale takes {known}.") from error
    scale = SCALINGS[name].chosen(options)
    scale.affine(Spread(0.0, 1.0, 0.0, 1.0))  # options that do not go together are refused here
    return scale


def choose(word: str, kind: Kind) -> Scale:
    """The scaling that a word stands for, on this kind of data.

    Raises:
        UnknownNameError: no scaling is called so.
        UsageError: it is not for such data, or see `read`.
    """
    scale = read(word)
    if kind == "text":
        if word.strip().lower() != AUTO:
            raise UsageError(f"--scale {word} is for numbers, and this data is read as words; leave it out.")
        return scale
    if scale.scaling is not None and kind not in scale.scaling.kinds:
        able = ", ".join(name for name in SCALINGS if kind in SCALINGS[name].kinds)
        raise UsageError(
            f"--scale {scale.name} is for {' and '.join(scale.scaling.kinds)}, not for a {kind}, whose "
            f"columns have no common unit; take one of {able}, {NONE}."
        )
    return scale


def fit(name: str, rows: Array) -> Scaler:
    """A scaling fitted to (N, D) numbers, or to (N, ...) examples where each is scaled by itself.

    Args:
        name: of `SCALINGS`, with options after a colon, or ``none``.
        rows: the training rows, finite.

    Raises:
        UnknownNameError: no scaling is called so.
        UsageError: options or rows that cannot be used.
    """
    return Scaler.fit(read(name), rows)
