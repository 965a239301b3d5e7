"""What an initialiser declares, and what it is told of the weight that it fills."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gradwise.errors import UsageError
from gradwise.registry import Span, check_options

GAIN = Span(0, beyond=True)
AUTO = ("auto",)
MODES = ("fan-in", "fan-out", "fan-avg")


@dataclass(frozen=True, slots=True)
class Fans:
    """What is known of the layer whose weight is filled.

    Args:
        inputs: numbers that one output is summed from.
        outputs: outputs that one input goes into.
        gain: that keeps the scale through the activation that follows, see `gradwise.init.gains`.
    """

    inputs: float
    outputs: float
    gain: float = 1.0

    def deviation(self, gain: float | Literal["auto"] = "auto", mode: str = "fan-in") -> float:
        """Standard deviation ``gain / √fan`` of the weights.

        >>> Fans(100, 50, gain=2.0).deviation(), Fans(100, 28).deviation(gain=1, mode="fan-avg")
        (0.2, 0.125)
        """
        size = {"fan-in": self.inputs, "fan-out": self.outputs}.get(mode, (self.inputs + self.outputs) / 2)
        factor = self.gain if gain == "auto" else gain
        return float(factor / max(size, 1) ** 0.5)


@dataclass(frozen=True, slots=True)
class Initialiser:
    """An initialiser by name; either ``fill`` or ``whole`` is given.

    Args:
        name: its usual name.
        summary: one clause.
        fill: called with a contiguous weight (out, in, ...) to fill in place, its `Fans`, and options.
        whole: called with a whole model and options; returns what there is to say about it.
        aliases: other names.
        spans: numbers that options take.
        words: words that options take, instead of a number where they take one too.
        everywhere: embeddings are filled like any weight; else they get unit variance.
    """

    name: str
    summary: str
    fill: Callable[..., object] | None = None
    whole: Callable[..., list[str]] | None = None
    aliases: tuple[str, ...] = ()
    spans: Mapping[str, Span] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    everywhere: bool = False

    @property
    def options(self) -> list[str]:
        """What it can be told."""
        maker = self.fill or self.whole
        assert maker is not None
        found = inspect.signature(maker).parameters.items()
        return [word for word, parameter in found if parameter.kind is parameter.KEYWORD_ONLY]

    def takes_gain(self, given: Mapping[str, Any]) -> bool:
        """Whether the activation that follows a layer makes a difference, with these options."""
        automatic = [word for word, words in self.words.items() if words == AUTO]
        known = inspect.signature(self.fill or self.whole or repr).parameters
        return any(given.get(word, known[word].default) == "auto" for word in automatic)

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options as ``fill`` and ``whole`` take them.

        Raises:
            UsageError: an option that it has not, or a value that the option does not take.
        """
        options = {word: _plain(value, self.words.get(word, ())) for word, value in given.items()}
        spans = {w: span for w, span in self.spans.items() if options.get(w) not in self.words.get(w, ())}
        check_options("initialiser", self.name, options, self.options, spans)
        for word, allowed in self.words.items():
            if word not in self.spans and options.get(word, allowed[0]) not in allowed:
                shown = ", ".join(allowed)
                raise UsageError(
                    f"initialiser {self.name!r}: {word} takes one of {shown}, not {options[word]!r}."
                )
        return {word: value for word, value in options.items() if value is not None}


def _plain(value: Any, words: tuple[str, ...]) -> Any:
    """A word as it is declared: ``fan_in`` is ``fan-in``."""
    plain = value.lower().replace("_", "-") if isinstance(value, str) else value
    return plain if plain in words else value
