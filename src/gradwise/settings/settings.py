"""Settings of a project as data: which rules judge, how strictly, and what is accepted for a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from gradwise.trace.findings import Finding, Group

Number = int | float


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What is decided about one rule.

    Args:
        group: how serious its findings are here; None leaves the rule's own group.
        thresholds: other values for constants of its module.
    """

    group: Group | None = None
    thresholds: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suppression:
    """Findings that are accepted, and why.

    Args:
        rule: name of the rule.
        reason: why its findings are no fault here.
        where: glob for modules and parameters; a finding is covered when it fits all of its places.
        script: glob for scripts, matched from the right: ``train.py`` or ``experiments/*.py``.
    """

    rule: str
    reason: str
    where: str = "*"
    script: str = "*"

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is accepted.

        A finding about the whole run has no places and is covered where no glob is given.
        """
        places = finding.where or ("",)
        return finding.rule == self.rule and all(fnmatchcase(place, self.where) for place in places)

    def concerns(self, script: str) -> bool:
        """Whether it holds for runs of that script.

        >>> Suppression("not-shuffled", "a series", script="series/*.py").concerns("all/series/train.py")
        True
        """
        return self.script == "*" or PurePath(script).match(self.script)


@dataclass(frozen=True, slots=True)
class Settings:
    """All decisions of one file; without a file, those that gradwise makes by itself.

    Args:
        file: where they stand; None when there is no file.
        shown: the file as a user would type it; "" when there is none.
        select: words for the rules that judge; None for the groups judged by default.
        ignore: words for rules that are left out.
        fail_on: exit code 1 at this group or worse; None leaves it to the command.
        budget: share of step time that watching may take; None leaves it to the command.
        rules: decisions about single rules, by name.
        suppress: findings that are accepted.
    """

    file: Path | None = None
    shown: str = ""
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    fail_on: Group | None = None
    budget: str | None = None
    rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    suppress: tuple[Suppression, ...] = ()


def shown_file(file: Path) -> str:
    """A path from the working directory where it lies below that."""
    try:
        return str(file.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(file)
