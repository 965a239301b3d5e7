"""Which rules judge: words of the command line and of the settings, the more exact one first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gradwise.errors import UnknownNameError, UsageError
from gradwise.registry import nearest
from gradwise.rules.collection import all_rules
from gradwise.rules.rule import Check, LoadedRule
from gradwise.settings.settings import RuleSettings, Settings
from gradwise.settings.thresholds import check_with
from gradwise.trace.findings import GROUPS, Finding, Group
from gradwise.trace.model import Trace

# Groups that are judged unless asked otherwise.
DEFAULT_GROUPS: tuple[Group, ...] = ("broken", "sick", "slow")

# How exact a word is; of two words about a rule the more exact one counts.
_EVERY, _GROUP, _LETTERS, _NAME = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Word:
    """What a word of ``select`` or ``ignore`` stands for: names of rules, and how exact it is."""

    rules: frozenset[str]
    exactness: int


def letters(code: str) -> str:
    """The letters of a code, which name the organ or the package.

    >>> letters("C05"), letters("ACME01")
    ('C', 'ACME')
    """
    return code.rstrip("0123456789")


def configured(settings: Settings) -> dict[str, LoadedRule]:
    """Every rule as the settings want it: their group, their thresholds."""
    return {name: _as_wanted(rule, settings.rules.get(name)) for name, rule in all_rules().items()}


def choose(settings: Settings, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> list[LoadedRule]:
    """The rules that judge, as the settings want them.

    A word is a name, a code, the letters of codes (``C``), a group (``sick``) or ``all``.  ``select`` takes
    the place of the settings' own; ``ignore`` adds to theirs, except that a rule which ``select`` names by
    name or code is judged although the settings ignore it.

    Args:
        settings: decisions of the project.
        select: words of the command line.
        ignore: words of the command line.

    Raises:
        UnknownNameError: a word stands for nothing.
        UsageError: no rule is left.
    """
    rules = configured(settings)
    here, there = understood(select, rules), understood(ignore, rules)
    wanted = here or (None if settings.select is None else understood(settings.select, rules))
    unwanted = understood(settings.ignore, rules)
    named = {name for word in here if word.exactness == _NAME for name in word.rules}
    chosen = []
    for name, rule in rules.items():
        against = [word for word in unwanted if name not in named] + there
        yes = _default(rule, settings) if wanted is None else _exactness(name, wanted)
        if yes > _exactness(name, against):
            chosen.append(rule)
    if not chosen:
        raise UsageError("no rule is left to judge by; select more or ignore less.")
    return chosen


def on_by_default(rule: LoadedRule) -> bool:
    """Whether a rule judges where nobody has decided otherwise."""
    return rule.declaration.group in DEFAULT_GROUPS


def understood(words: Iterable[str], rules: Mapping[str, LoadedRule]) -> list[Word]:
    """What the words stand for.

    Raises:
        UnknownNameError: one stands for nothing; the message offers the nearest ones.
    """
    return [_word(word, rules) for word in words]


def _word(word: str, rules: Mapping[str, LoadedRule]) -> Word:
    plain = word.strip().lower().replace("_", "-")
    by_name = {name for name, rule in rules.items() if plain in (name, rule.declaration.code.lower())}
    if by_name:
        return Word(frozenset(by_name), _NAME)
    by_letters = {name for name, rule in rules.items() if letters(rule.declaration.code).lower() == plain}
    if by_letters:
        return Word(frozenset(by_letters), _LETTERS)
    if plain in GROUPS:
        held = {name for name, rule in rules.items() if rule.declaration.group == plain}
        return Word(frozenset(held), _GROUP)
    if plain == "all":
        return Word(frozenset(rules), _EVERY)
    known = [*rules, *(rule.declaration.code for rule in rules.values()), *GROUPS]
    raise UnknownNameError(f"no rule is called {word!r}{nearest(word, known)}; `gradwise rules` lists all.")


def _exactness(name: str, words: Iterable[Word]) -> int:
    return max((word.exactness for word in words if name in word.rules), default=0)


def _default(rule: LoadedRule, settings: Settings) -> int:
    """Exactness with which a rule is on where nothing is selected: whoever sets its group wants to see it."""
    decided = settings.rules.get(rule.declaration.name)
    return _EVERY if on_by_default(rule) or (decided is not None and decided.group is not None) else 0


def _as_wanted(rule: LoadedRule, wanted: RuleSettings | None) -> LoadedRule:
    if wanted is None:
        return rule
    check = check_with(rule, wanted.thresholds) if wanted.thresholds else rule.check
    if wanted.group is None:
        return replace(rule, check=check)
    return replace(
        rule, declaration=replace(rule.declaration, group=wanted.group), check=_regrouped(check, wanted.group)
    )


def _regrouped(check: Check, group: Group) -> Check:
    def regrouped(trace: Trace) -> Iterator[Finding]:
        for finding in check(trace):
            yield replace(finding, group=group)

    return regrouped
