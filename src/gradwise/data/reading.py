"""How data is to be read: the options that name columns, and which kinds of data they are for."""

from __future__ import annotations

from dataclasses import dataclass

from gradwise.errors import UsageError

LARGEST_ASKED = 4096  # pixels of the longer side; a thousand such images are 50 GB
_OPTIONS = {
    "time": "--time",
    "group": "--group",
    "ids": "--id",
    "drop": "--drop",
    "text": "--text",
    "series": "--series",
    "image_size": "--image-size",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Options of `gradwise.data.opening.open_source`.

    Args:
        time: column that tells when a row was taken; with ``ids``, the order within a series.
        group: column whose equal cells stay on one side of a split.
        ids: column that tells which series a row of a long table belongs to.
        drop: columns left out.
        text: column of free text to be read as words.
        series: columns that hold a list of numbers in each cell.
        task: ``classes``, ``labels``, ``numbers``, or ``auto``.
        image_size: pixels of the longer side of images; None: as they are, within bounds.
    """

    time: str | None = None
    group: str | None = None
    ids: str | None = None
    drop: tuple[str, ...] = ()
    text: str | None = None
    series: tuple[str, ...] = ()
    task: str = "auto"
    image_size: int | None = None

    def __post_init__(self) -> None:
        if self.image_size is not None and not 1 <= self.image_size <= LARGEST_ASKED:
            raise UsageError(
                f"--image-size takes a whole number from 1 to {LARGEST_ASKED}, not {self.image_size}."
            )
        ways = [name for name in ("ids", "text", "series") if getattr(self, name)]
        if len(ways) > 1:
            first, second = (_OPTIONS[name] for name in ways[:2])
            raise UsageError(f"{first} and {second} read the table in different ways; give one of them.")

    def only(self, *names: str, what: str) -> None:
        """Refuse the options that mean nothing for this data.

        Args:
            names: the options, as they are called here, that mean something.
            what: the data is, e.g. ``"a folder of images"``.

        Raises:
            UsageError: another one was given.
        """
        for name, option in _OPTIONS.items():
            if getattr(self, name) not in (None, ()) and name not in names:
                raise UsageError(f"{option} means nothing for {what}; leave it out.")
