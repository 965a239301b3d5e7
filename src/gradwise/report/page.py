"""A handbook page, as a docstring holds it, read into sections and shown as text or HTML.

A page is one title line, then sections: a heading at the margin, its body set
in by four spaces.  A body holds paragraphs, lists (``- ``) and examples
(lines that begin with ``>>>``, ``...`` or ``$``, or are set in further).
"""

from __future__ import annotations

import html
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Kind = Literal["paragraph", "item", "code"]

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_CODE = re.compile(r"(>>>|\.\.\. |\.\.\.$|\$ )")
_LITERAL = re.compile(r"``(.+?)``|`(.+?)`")


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, list item or run of code lines."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; the heading of an introduction is empty."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A title and its sections."""

    title: str
    sections: tuple[Section, ...]


def parse_page(docstring: str) -> Page:
    r"""Read a docstring into a page.

    >>> page = parse_page("This run rests.\n\nWhat it sees\n    No step\n    at all.")
    >>> page.title, page.sections[0].heading, page.sections[0].blocks[0].text
    ('This run rests.', 'What it sees', 'No step at all.')
    """
    title, _, rest = inspect.cleandoc(docstring).partition("\n")
    sections: list[Section] = []
    heading, body = "", list[str]()
    for line in rest.splitlines():
        if line and not line[0].isspace() and _is_heading(line):
            _close(sections, heading, body)
            heading, body = line.strip().rstrip(":"), []
        else:
            body.append(line)
    _close(sections, heading, body)
    return Page(title.strip(), tuple(sections))


def page_text(page: Page, *, width: int = 80, colour: bool = False) -> str:
    """The page as text wrapped to ``width`` columns, headings bold where colour is on."""
    bold, reset = ("\x1b[1m", "\x1b[0m") if colour else ("", "")
    lines = textwrap.wrap(page.title, width)
    for section in page.sections:
        lines.append("")
        if section.heading:
            lines.append(f"{bold}{section.heading}{reset}")
        for number, block in enumerate(section.blocks):
            tight = block.kind == "item" and section.blocks[number - 1].kind == "item"
            if number and not tight:
                lines.append("")
            lines.extend(_text_lines(block, width))
    return "\n".join(lines) + "\n"


def page_html(page: Page, *, level: int = 2) -> str:
    """The page's sections as an HTML fragment, everything escaped.

    Args:
        page: the page; its title is left to the caller.
        level: heading level of the sections, 2 for ``<h2>``.
    """
    parts: list[str] = []
    for section in page.sections:
        if section.heading:
            parts.append(f"<h{level}>{html.escape(section.heading)}</h{level}>")
        parts.extend(_html_blocks(section.blocks))
    return "\n".join(parts)


def page_document(headline: str, facts: str, page: Page, after: str = "") -> str:
    """A complete, self-contained HTML document: headline, a line of facts, the page, literal text."""
    style = files("gradwise.report.assets").joinpath("report.css").read_text(encoding="utf-8")
    literal = f"<pre><code>{html.escape(after)}</code></pre>" if after else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{html.escape(headline)} · gradwise</title>
<style>{style}</style>
</head>
<body>
<header><p class="eyebrow">gradwise handbook</p><h1>{html.escape(headline)}</h1>
<p class="grade">{html.escape(facts)}</p></header>
<main><p><strong>{inline_html(page.title)}</strong></p>
{page_html(page)}
{literal}</main>
<footer></footer>
</body>
</html>
"""


def inline_html(text: str) -> str:
    """Escaped text with its back-quoted words as ``<code>``.

    >>> inline_html("use `a<b`")
    'use <code>a&lt;b</code>'
    """
    return _LITERAL.sub(lambda found: f"<code>{found[1] or found[2]}</code>", html.escape(text))


def _is_heading(line: str) -> bool:
    """A short line at the margin that does not read on like a sentence."""
    return len(line) <= 60 and not line.rstrip().endswith((".", ",", ";"))


def _close(sections: list[Section], heading: str, body: list[str]) -> None:
    blocks = tuple(_blocks(textwrap.dedent("\n".join(body)).splitlines()))
    if heading or blocks:
        sections.append(Section(heading, blocks))


def _blocks(lines: list[str]) -> Iterator[Block]:
    kind: Kind = "paragraph"
    held: list[str] = []

    def done() -> Iterator[Block]:
        if held:
            yield Block(kind, "\n".join(held) if kind == "code" else " ".join(part.strip() for part in held))
            held.clear()

    for line in lines:
        if not line.strip():
            yield from done()
            kind = "paragraph"
            continue
        now = _kind(line, kind if held else "paragraph")
        if now != kind or line.lstrip().startswith("- "):
            yield from done()
        kind = now
        held.append(line[2:] if kind == "item" and line.startswith("- ") else line)
    yield from done()


def _kind(line: str, before: Kind) -> Kind:
    if _CODE.match(line) or (before == "code" and not line.startswith("- ")):
        return "code"  # an example's output belongs to it, up to the next blank line
    if line.startswith("- "):
        return "item"
    if line[0].isspace():
        return "item" if before == "item" else "code"
    return "paragraph"


def _text_lines(block: Block, width: int) -> list[str]:
    if block.kind == "code":
        return ["    " + line for line in block.text.splitlines()]
    first, rest = ("    - ", "      ") if block.kind == "item" else ("    ", "    ")
    return textwrap.wrap(
        block.text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


def _html_blocks(blocks: tuple[Block, ...]) -> Iterator[str]:
    in_list = False
    for block in blocks:
        if (block.kind == "item") != in_list:
            yield "</ul>" if in_list else "<ul>"
            in_list = not in_list
        if block.kind == "code":
            yield f"<pre><code>{html.escape(block.text)}</code></pre>"
        else:
            tag = "li" if block.kind == "item" else "p"
            yield f"<{tag}>{inline_html(block.text)}</{tag}>"
    if in_list:
        yield "</ul>"
