"""Texts: words, vocabulary of the training rows, lengths."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwise.data import text_encoder, words
from gradwise.data.images import ImageSource
from gradwise.data.text import encoder_from, text_from_frame
from gradwise.errors import UsageError

GOOD = [
    "A warm, funny film; I'd watch it again.",
    "The best film I have seen this year!",
    "Warm and funny, with a good ending.<br /><br />Watch it.",
    "Good acting, good story, good music.",
]
BAD = [
    "A dull film. I'd not watch it again.",
    "The worst acting I have seen this year.",
    "Dull and long, with a bad ending.",
    "Bad story, bad music, BAD acting.",
]
FRAME = pl.DataFrame(
    {"review": GOOD + BAD, "mood": ["good"] * 4 + ["bad"] * 4, "stars": [5, 5, 4, 4, 1, 1, 2, 1]}
)
ALL = np.arange(8)


def source(**columns: Any) -> Any:
    return text_from_frame(FRAME.with_columns(**columns), ["mood"], column="review")


def test_words_become_numbers_by_frequency() -> None:
    texts = source()
    encoder = texts.encoder(ALL)
    assert encoder.words[:3] == ("a", "bad", "good")  # 5, 4 and 4 times, equals in the order of the alphabet
    assert "warm" in encoder.words
    assert "worst" not in encoder.words  # once only
    assert "br" not in encoder.words
    examples = encoder.transform(texts, np.array([7]))
    told = ["<unknown>" if i == 1 else encoder.words[i - 2] for i in examples.inputs["tokens"][0] if i]
    assert told == ["bad", "story", "bad", "music", "bad", "acting"]
    assert examples.inputs["lengths"].tolist() == [6]
    assert examples.inputs["tokens"].dtype == np.int64
    assert examples.inputs["tokens"].shape == (1, encoder.length)
    assert encoder.task.classes == ("bad", "good")
    assert examples.target.tolist() == [0]


def test_vocabulary_is_of_the_training_rows_only() -> None:
    texts = source()
    encoder = texts.encoder(np.arange(4))
    assert "good" in encoder.words
    assert "bad" not in encoder.words
    tokens = encoder.transform(texts, np.array([7])).inputs["tokens"][0]
    assert (tokens[:6] == words.UNKNOWN).sum() >= 4
    assert encoder.shape()["vocabulary"] == len(encoder.words) + 2
    assert int(encoder.transform(texts).inputs["tokens"].max()) < encoder.shape()["vocabulary"]


def test_length_covers_95_per_cent_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    long = FRAME.with_columns(review=pl.col("review") + " word" * 1000)
    encoder = text_from_frame(long, ["mood"], column="review").encoder(ALL)
    assert encoder.shape()["length"] == text_encoder.LONGEST
    told = {choice.name: choice for choice in encoder.choices}
    assert told["length"].value == "400 words"
    assert "8 of 8 texts are cut" in told["length"].reason
    monkeypatch.setattr(text_encoder, "MOST_WORDS", 5)
    assert source().encoder(ALL).shape()["vocabulary"] == 7


def test_empty_texts_are_one_unknown_word() -> None:
    frame = FRAME.with_columns(review=pl.Series(["", None, "!!!", "  ", *BAD]))
    texts = text_from_frame(frame, ["mood"], column="review")
    assert "3 texts are empty" in texts.describe()
    encoder = texts.encoder(ALL)
    examples = encoder.transform(texts)
    assert examples.inputs["lengths"][:4].tolist() == [1] * 4
    assert examples.inputs["tokens"][:4, 0].tolist() == [1] * 4
    assert not examples.inputs["tokens"][:4, 1:].any()
    assert any(
        choice.name == "empty-texts" and choice.reason.startswith("4 of 8") for choice in encoder.choices
    )


def test_words_of_many_scripts() -> None:
    texts = pl.Series(
        ["Ça va? L’eau", "ΚΑΛΗΜΕΡΑ κόσμε", "привет МИР", "機械学習", "สวัสดี", "naïve naïve", "e-mail 3.14"]
    )
    found = words.words_of(texts).to_list()
    assert found[0] == ["ça", "va", "l’eau"]
    assert [word.rstrip("σς") for word in found[1]] == ["καλημερα", "κόσμε"]
    assert found[2] == ["привет", "мир"]
    assert found[3] == list("機械学習")
    assert len(found[4]) > 1
    assert found[5][0] == found[5][1]
    assert found[6] == ["e", "mail", "3", "14"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_any_text_has_tokens_of_its_length(texts: list[str]) -> None:
    taken = words.taken_apart(pl.Series(texts, dtype=pl.String))
    tokens, lengths = words.numbered(taken, np.arange(len(texts)), ["a", "b"], 5)
    assert ((tokens != words.PADDING).sum(axis=1) == lengths).all()
    assert (lengths >= 1).all() and (tokens <= 3).all()


def test_texts_in_blocks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = source()
    whole = texts.encoder(ALL)
    tokens = whole.transform(texts).inputs["tokens"]
    monkeypatch.setattr(words, "AT_ONCE", 3)
    again = source()
    assert again.encoder(ALL) == whole
    np.testing.assert_array_equal(whole.transform(again).inputs["tokens"], tokens)


def test_state_goes_through_json() -> None:
    encoder = source().encoder(ALL)
    again = encoder_from(json.loads(json.dumps(encoder.state())))
    assert again == encoder
    new = text_from_frame(pl.DataFrame({"text": ["a good film, unheard of"]}), [], column="text")
    assert again.transform(new).target is None
    assert again.transform(new).inputs["tokens"][0, :3].tolist() == [
        encoder.words.index(word) + 2 for word in ("a", "good", "film")
    ]


def test_other_columns_and_numbers_as_targets() -> None:
    texts = text_from_frame(FRAME, ["stars"], column="review", task="numbers")
    assert texts.strata() is None
    assert any(choice.name == "left-out" and choice.value == "mood" for choice in texts.choices)
    assert texts.encoder(ALL).transform(texts).target.shape == (8, 1)


def test_fingerprint_depends_on_text_and_target() -> None:
    assert source().fingerprint() == source().fingerprint()
    other = source(review=pl.Series([*GOOD[::-1], *BAD]))
    flipped = source(mood=pl.Series(["bad"] * 4 + ["good"] * 4))
    assert len({source().fingerprint(), other.fingerprint(), flipped.fingerprint()}) == 3


def test_every_word_once() -> None:
    frame = pl.DataFrame({"t": ["one two", "three four"], "y": ["a", "b"]})
    encoder = text_from_frame(frame, ["y"], column="t").encoder(np.arange(2))
    assert encoder.words == ("four", "one", "three", "two")
    assert any("though each occurs once" in choice.reason for choice in encoder.choices)


@pytest.mark.parametrize(
    ("change", "targets", "column", "expected"),
    [
        ({}, ["mood"], "reviews", "no text column 'reviews' .did you mean 'review'"),
        ({}, ["mood"], "stars", "column 'stars' holds Int64 values, not text"),
        ({}, ["mood"], "mood", "cannot be the target too"),
        ({}, ["mod"], "review", "no target column 'mod'"),
        ({"review": [None] * 8}, ["mood"], "review", "empty in all 8 rows|not text"),
        ({"review": [""] * 8}, ["mood"], "review", "empty in all 8 rows"),
        ({"review": ["?!"] * 8}, ["mood"], "review", "hold no words"),
        ({"mood": ["good"] * 8}, ["mood"], "review", "at least two classes"),
        ({}, [], "review", "no target is known"),
    ],
)
def test_bad_columns_are_told_in_one_sentence(
    change: dict[str, list[Any]], targets: list[str], column: str, expected: str
) -> None:
    frame = FRAME.with_columns(**{name: pl.Series(values) for name, values in change.items()})
    with pytest.raises(UsageError, match=expected):
        text_from_frame(frame, targets, column=column).encoder(ALL)


def test_no_rows_and_other_data() -> None:
    with pytest.raises(UsageError, match="has no rows"):
        text_from_frame(FRAME.clear(), ["mood"], column="review")
    with pytest.raises(UsageError, match="trained on texts, but the data is a images"):
        source().encoder(ALL).transform(ImageSource(np.zeros((1, 1, 2, 2), np.uint8), None))
