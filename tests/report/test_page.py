import pytest

from gradwise.remedies.collection import all_remedies
from gradwise.report.page import Block, page_document, page_html, page_text, parse_page
from gradwise.rules.collection import all_rules

PAGE = """This run shows x.

What it sees
    One paragraph
    on two lines.

    - first item
      goes on
    - second `item`

How it decides (threshold, source)
    loss = 3
        set in = code

Example
    >>> f("<b>")
    '<b>'

    After.
"""


def test_sections_and_blocks():
    page = parse_page(PAGE)
    assert page.title == "This run shows x."
    assert [s.heading for s in page.sections] == [
        "What it sees",
        "How it decides (threshold, source)",
        "Example",
    ]
    assert page.sections[0].blocks == (
        Block("paragraph", "One paragraph on two lines."),
        Block("item", "first item goes on"),
        Block("item", "second `item`"),
    )
    assert page.sections[1].blocks == (Block("paragraph", "loss = 3"), Block("code", "    set in = code"))
    assert page.sections[2].blocks == (Block("code", ">>> f(\"<b>\")\n'<b>'"), Block("paragraph", "After."))


def test_text_wraps_paragraphs_and_leaves_code_alone():
    text = page_text(parse_page("T.\n\nHead\n    " + "word " * 30 + "\n\n    >>> " + "x" * 60), width=40)
    lines = text.splitlines()
    assert max(len(line) for line in lines if "x" not in line) <= 40
    assert "    >>> " + "x" * 60 in lines
    assert "\x1b[1mHead\x1b[0m" in page_text(parse_page("T.\n\nHead\n    a"), colour=True)


def test_html_escapes_and_nests():
    html = page_html(parse_page(PAGE), level=3)
    assert "<h3>What it sees</h3>" in html
    assert "<ul>\n<li>first item goes on</li>\n<li>second <code>item</code></li>\n</ul>" in html
    assert "<pre><code>&gt;&gt;&gt; f(&quot;&lt;b&gt;&quot;)" in html
    assert "<b>" not in html


def test_an_empty_page_is_a_page():
    assert parse_page("").sections == ()
    assert page_text(parse_page("Only a title.")) == "Only a title.\n"


def test_a_document_asks_for_nothing():
    document = page_document("A<1>", "facts", parse_page(PAGE), after="# before\nx < 1")
    assert "<title>A&lt;1&gt; · gradwise</title>" in document
    assert "x &lt; 1" in document
    assert "http" not in document.replace("http-equiv", "")


@pytest.mark.parametrize(
    "text",
    [pytest.param(rule.page, id=name) for name, rule in all_rules().items()]
    + [pytest.param(cure.page, id=name) for name, cure in all_remedies().items()],
)
def test_no_word_of_a_shipped_page_is_lost(text):
    def letters(words):
        return "".join(words.split()).replace("-", "")

    assert letters(page_text(parse_page(text), width=80)) == letters(text)
