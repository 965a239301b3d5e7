"""The script itself: its nodes, where they stand, what their names mean, and where lines can be put."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

import libcst as cst
from libcst import metadata

from gradwise.errors import UsageError
from gradwise.heal.edits.script.changes import Change, UncertainError

Kind = TypeVar("Kind", bound=cst.CSTNode)
Suite = cst.Module | cst.IndentedBlock


class Script:
    """A parsed script.

    Args:
        source: its text.

    Raises:
        UsageError: the text is no Python that LibCST reads.
    """

    def __init__(self, source: str) -> None:
        fault = fault_of(source)  # before LibCST, which an expression that is too deep would end
        if fault:
            raise UsageError(f"the script is no Python that can be read ({fault}); edit it by hand.")
        try:
            module = cst.parse_module(source)
            wrapper = metadata.MetadataWrapper(module, unsafe_skip_copy=True)
            self._spans = wrapper.resolve(metadata.ByteSpanPositionProvider)
            self._parents = wrapper.resolve(metadata.ParentNodeProvider)
            self._scopes = wrapper.resolve(metadata.ScopeProvider)
            self.nodes: list[cst.CSTNode] = list(_walk(module))
            same = module.code == source
        except (cst.ParserSyntaxError, RecursionError):
            same = False
        if not same:
            raise UsageError("the script cannot be edited without changing its form; edit it by hand.")
        self.source, self.data, self.module = source, source.encode(), module

    # ---- nodes ----------------------------------------------------------------------

    def all(self, kind: type[Kind], within: cst.CSTNode | None = None) -> list[Kind]:
        """Nodes of a kind in the order of the text."""
        nodes = self.nodes if within is None else _walk(within)
        return [node for node in nodes if isinstance(node, kind)]

    def inside(self, outer: cst.CSTNode) -> list[cst.CSTNode]:
        """A node and all nodes in it, in the order of the text."""
        return list(_walk(outer))

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node around this one."""
        return self._parents[node]

    def around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """All nodes around this one, nearest first."""
        while node in self._parents:
            node = self._parents[node]
            yield node

    def enclosing(self, node: cst.CSTNode, *kinds: type[cst.CSTNode]) -> cst.CSTNode | None:
        """The nearest node of some kinds around this one."""
        return next((each for each in self.around(node) if isinstance(each, kinds)), None)

    def within(self, node: cst.CSTNode, outer: cst.CSTNode | None) -> bool:
        """Whether a node stands inside another one."""
        return outer is not None and any(each is outer for each in self.around(node))

    # ---- text -----------------------------------------------------------------------

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """First byte and the one after the last, without parentheses around an expression."""
        found = self._spans[node]
        return found.start, found.start + found.length

    def text(self, node: cst.CSTNode) -> str:
        """The node as it is written."""
        return self.module.code_for_node(node).strip()

    def line(self, node: cst.CSTNode) -> int:
        """Its line, from 1."""
        return self.data.count(b"\n", 0, self.span(node)[0]) + 1

    # ---- names ----------------------------------------------------------------------

    def scope(self, node: cst.CSTNode) -> metadata.Scope | None:
        """The scope in which a node is evaluated."""
        for each in (node, *self.around(node)):
            if each in self._scopes:
                return self._scopes[each]
        return None

    def qualified(self, node: cst.CSTNode) -> str:
        """The full name of what was imported, as ``torch.optim.SGD``; "" for other names."""
        scope = self.scope(node)
        if scope is None or not isinstance(node, cst.Name | cst.Attribute):
            return ""
        imported = metadata.QualifiedNameSource.IMPORT
        names = {each.name for each in scope.get_qualified_names_for(node) if each.source is imported}
        return names.pop() if len(names) == 1 else ""

    @cached_property
    def calls(self) -> list[tuple[cst.Call, str]]:
        """Every call with the full name of what is called ("" where it was not imported)."""
        return [(call, self.qualified(call.func)) for call in self.all(cst.Call)]

    def calls_of(self, *names: str) -> list[cst.Call]:
        """Calls of imported things by their full names."""
        return [call for call, name in self.calls if name in names]

    def methods(self, *names: str, within: cst.CSTNode | None = None) -> list[cst.Call]:
        """Calls such as ``something.step()``."""
        return [
            call
            for call in self.all(cst.Call, within)
            if isinstance(call.func, cst.Attribute) and call.func.attr.value in names
        ]

    def receiver(self, call: cst.Call) -> str:
        """What a method is called on, as written."""
        assert isinstance(call.func, cst.Attribute)
        return self.text(call.func.value)

    def same_variable(self, name: str, here: cst.CSTNode, there: cst.CSTNode) -> bool:
        """Whether a name or ``self.name`` means the same thing at two places."""
        head = name.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0].split("(", maxsplit=1)[0]
        classes = [self.enclosing(node, cst.ClassDef) for node in (here, there)]
        if head == "self":
            return classes[0] is not None and classes[0] is classes[1]
        scopes = [self.scope(node) for node in (here, there)]
        if scopes[0] is None or scopes[1] is None:
            return False
        found = [set(scope[head]) for scope in scopes if scope is not None]
        return bool(found[0]) and found[0] == found[1]

    def taken(self, name: str) -> bool:
        """Whether a name occurs in the script."""
        return any(node.value == name and not self._is_member(node) for node in self.all(cst.Name))

    def _is_member(self, name: cst.Name) -> bool:
        """Whether a name is that of an attribute or of an argument."""
        around = self.parent(name)
        if isinstance(around, cst.Attribute):
            return around.attr is name
        return isinstance(around, cst.Arg) and around.keyword is name

    def free_name(self, *wishes: str) -> str:
        """The first wish that the script does not use yet."""
        return next((wish for wish in wishes if not self.taken(wish)), f"{wishes[0]}_by_gradwise")

    def spelled(self, full: str) -> tuple[str, list[Change]]:
        """How something of torch is written in this script, and the import that it needs."""
        best = ""
        for name, bound in self._imports:
            if full == name or full.startswith(f"{name}."):
                word = bound + full[len(name) :]
                best = word if not best or len(word) < len(best) else best
        if best:
            return best, []
        return full, [self._import_of(full.split(".", maxsplit=1)[0])]

    @cached_property
    def _imports(self) -> list[tuple[str, str]]:
        """What the module's own imports bind: full name and name in the script."""
        found = []
        for line in self.module.body:
            for each in line.body if isinstance(line, cst.SimpleStatementLine) else ():
                if isinstance(each, cst.Import | cst.ImportFrom) and not isinstance(
                    each.names, cst.ImportStar
                ):
                    start = "" if isinstance(each, cst.Import) else f"{_dotted(each.module)}."
                    plain = isinstance(each, cst.Import)
                    for alias in each.names:
                        name = alias.evaluated_name
                        bound = alias.evaluated_alias or (name.partition(".")[0] if plain else name)
                        whole = start + (name if alias.asname or not plain else name.partition(".")[0])
                        found.append((whole, bound))
        return found

    def _import_of(self, package: str) -> Change:
        imports = [
            line
            for line in self.module.body
            if isinstance(line, cst.SimpleStatementLine)
            and any(isinstance(each, cst.Import | cst.ImportFrom) for each in line.body)
            and "__future__" not in self.text(line)
        ]
        if not imports:
            raise UncertainError(f"the script does not import {package}")
        return self.after(imports[0], [f"import {package}"])

    # ---- lines ----------------------------------------------------------------------

    def statement(self, node: cst.CSTNode) -> cst.CSTNode:
        """The statement, with lines of its own, that a node belongs to.

        Raises:
            UncertainError: its line holds more than one statement.
        """
        for each in (node, *self.around(node)):
            if isinstance(each, cst.SimpleStatementSuite) or (
                isinstance(each, cst.SimpleStatementLine) and len(each.body) > 1
            ):
                raise UncertainError(f"line {self.line(node)} holds more than one statement")
            if isinstance(self._parents.get(each), cst.Module | cst.IndentedBlock):
                return each
        raise UncertainError(f"line {self.line(node)} belongs to no statement")

    def siblings(self, statement: cst.CSTNode) -> Sequence[cst.CSTNode]:
        """The statements of the block in which one stands."""
        suite = self._parents[statement]
        assert isinstance(suite, cst.Module | cst.IndentedBlock)
        return suite.body

    def indent(self, statement: cst.CSTNode) -> str:
        """What stands before it on its line."""
        start = self.span(statement)[0]
        return self.data[self.data.rfind(b"\n", 0, start) + 1 : start].decode()

    def before(self, statement: cst.CSTNode, lines: Iterable[str]) -> Change:
        """Lines put in front of a statement, indented as it is; a tab in them means one level."""
        start = self.span(statement)[0] - len(self.indent(statement).encode())
        return Change(start, start, self._written(lines, self.indent(statement)))

    def after(self, statement: cst.CSTNode, lines: Iterable[str]) -> Change:
        """Lines put behind a statement and what stands on its last line."""
        text, end = self._written(lines, self.indent(statement)), self.span(statement)[1]
        end = end if self.data[end - 1 : end] == b"\n" else self.data.find(b"\n", end) + 1
        if end == 0:  # the last line of a file without a last line feed
            newline = self.module.default_newline
            return Change(len(self.data), len(self.data), newline + text.removesuffix(newline))
        return Change(end, end, text)

    def top(self, owner: cst.BaseCompoundStatement, lines: Iterable[str]) -> Change:
        """Lines put first into the body of a loop, function or ``with``."""
        if not isinstance(owner.body, cst.IndentedBlock):
            raise UncertainError(f"line {self.line(owner)} holds more than one statement")
        first = owner.body.body[0]
        words = first.body[0] if isinstance(first, cst.SimpleStatementLine) else None
        if isinstance(words, cst.Expr) and isinstance(words.value, cst.SimpleString | cst.ConcatenatedString):
            return self.after(first, lines)
        return self.before(first, lines)

    def without(self, statement: cst.CSTNode) -> Change:
        """The lines of a statement taken out; comments above it stay."""
        start = self.span(statement)[0] - len(self.indent(statement).encode())
        return Change(start, self.after(statement, []).start, "")

    def _written(self, lines: Iterable[str], indent: str) -> str:
        step, newline = self.module.default_indent, self.module.default_newline
        return "".join((indent + line.replace("\t", step) if line else "") + newline for line in lines)

    # ---- arguments ------------------------------------------------------------------

    def replaced(self, node: cst.CSTNode, text: str) -> Change:
        """A node that gives way to a text."""
        return Change(*self.span(node), text)

    def added(self, call: cst.Call, argument: str) -> Change:
        """A call with one argument more."""
        if call.args:
            end = self.span(call.args[-1])[1]
            return Change(end, end, f", {argument}")
        end = self.span(call)[1] - 1
        return Change(end, end, argument)

    def dropped(self, items: Sequence[cst.CSTNode], item: cst.CSTNode) -> Change:
        """One of several arguments or elements taken out, with its comma and its line.

        Raises:
            UncertainError: it stands alone, or a comment stands between.
        """
        place = next(number for number, each in enumerate(items) if each is item)
        if len(items) == 1:
            raise UncertainError(f"line {self.line(item)}: nothing would be left")
        start, end = self.span(item)
        change = (
            Change(self.span(items[place - 1])[1], end, "")
            if place
            else Change(start, self.span(items[1])[0], "")
        )
        if b"#" in self.data[change.start : change.end].replace(self.data[start:end], b""):
            raise UncertainError(f"line {self.line(item)}: a comment stands beside it")
        return change


def fault_of(source: str) -> str:
    """Why a text does not compile; "" where it does.

    >>> fault_of("x = (1"), fault_of("x = 1")
    ("line 1: '(' was never closed", '')
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "<script>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return f"line {error.lineno}: {error.msg}"
        except (RecursionError, MemoryError, ValueError) as error:
            return str(error) or type(error).__name__
    return ""


def argument(call: cst.Call, name: str, position: int | None = None) -> cst.Arg | None:
    """The argument of a call by its name or else its place.

    Raises:
        UncertainError: the call takes ``*`` or ``**``, which could hold it.
    """
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    if any(arg.star for arg in call.args):
        raise UncertainError("the call takes its arguments from * or **")
    plain = [arg for arg in call.args if arg.keyword is None]
    return plain[position] if position is not None and position < len(plain) else None


def _walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _dotted(node: cst.BaseExpression | None) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""
