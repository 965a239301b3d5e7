"""What a diagnoser said about one run, in one form for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

# Levels at which a line is an alarm; "info" is a remark.
ALARMING = ("warning", "critical")
MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Alarm:
    """One kind of alarm in one run, in the order the diagnoser gives them.

    Args:
        kind: the diagnoser's own name for it, without layer names and numbers.
        level: "info", "warning" or "critical".
        message: what it said the first time.
        count: how often it said so.
    """

    kind: str
    level: str
    message: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Said:
    """Everything one diagnoser said about one run.

    Args:
        attached: False when it could not be put onto the script; ``why`` says what stood in the way.
        alarms: one entry per kind, first said first.
        why: the obstacle, or the error inside the diagnoser.
        script_error: what the script itself died of; "" when it ended well.
        steps: training steps that the diagnoser was told of.
        seconds: processor time of script and diagnoser together, interpreter and imports of torch left out.
        extra: processor time of the diagnoser alone, where it can be told apart; ``seconds`` is 0 then.
    """

    attached: bool
    alarms: tuple[Alarm, ...] = ()
    why: str = ""
    script_error: str = ""
    steps: int = 0
    seconds: float = 0.0
    extra: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Said:
        """Read back what `to_json` gave."""
        return cls(**{**data, "alarms": tuple(Alarm(**a) for a in data["alarms"])})


def gathered(said: Iterable[tuple[str, str, str]]) -> list[Alarm]:
    """One alarm per kind from (kind, level, message) in their order; the gravest level of a kind counts.

    >>> gathered([("spike", "warning", "at 3"), ("nan", "critical", "at 5"), ("spike", "info", "at 9")])
    [Alarm(kind='spike', level='warning', message='at 3', count=2), Alarm(kind='nan', level='critical', message='at 5', count=1)]
    """
    kinds: dict[str, Alarm] = {}
    for kind, level, message in said:
        old = kinds.get(kind)
        if old is None:
            kinds[kind] = Alarm(kind, level, message[:MESSAGE])
        else:
            gravest = max(old.level, level, key=("info", *ALARMING).index)
            kinds[kind] = Alarm(kind, gravest, old.message, old.count + 1)
    return list(kinds.values())
