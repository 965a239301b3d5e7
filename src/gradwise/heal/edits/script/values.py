"""Where a number of the script is written: in place, as a constant, in a config, as argparse's default."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

import libcst as cst
from libcst import metadata

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.reading import Script, argument

SHOWING = ("print", "info", "debug", "write", "format", "log")  # calls that only tell a number
CHAIN = 5  # names followed from one to the next


class Numbers:
    """Numbers of a script that can be followed to where they are written.

    Args:
        script: the script.
        arguments: of the command line with which it was run; an option given there makes
            its default in the script idle.
    """

    def __init__(self, script: Script, arguments: Sequence[str] = ()) -> None:
        self.script, self.arguments = script, tuple(arguments)

    def times(
        self, nodes: Sequence[cst.BaseExpression], factor: float, *, whole: bool = False, alone: bool = True
    ) -> list[Change]:
        """Changes that multiply what some expressions give.

        A literal is rewritten, at the one place that feeds these expressions and (unless
        ``alone`` is False) nothing else; any other expression is multiplied where it stands.
        """
        return self._rewritten(
            nodes,
            nodes if alone else None,
            lambda old: shown(old * factor, whole=whole),
            lambda text: f"{text} * {shown(factor, whole=whole and factor == int(factor))}",
        )

    def become(
        self, nodes: Sequence[cst.BaseExpression], number: float, *, whole: bool = False
    ) -> list[Change]:
        """Changes that let some expressions give a number, written where `times` writes it."""
        written = shown(number, whole=whole)
        return self._rewritten(nodes, nodes, lambda _: written, lambda _: written)

    def value(self, node: cst.BaseExpression) -> float | None:
        """The number, where it can be followed to a literal that nothing else changes."""
        origin = self._origin(node, None)
        return None if origin is None else literal(origin)

    def _rewritten(
        self,
        nodes: Sequence[cst.BaseExpression],
        together: Sequence[cst.BaseExpression] | None,
        number: Callable[[float], str],
        computed: Callable[[str], str],
    ) -> list[Change]:
        changes = []
        for node in nodes:
            origin = self._origin(node, together)
            if origin is None:
                changes.append(self.script.replaced(node, computed(_bracketed(self.script, node))))
            else:
                old = literal(origin)
                assert old is not None
                changes.append(self.script.replaced(origin, number(old)))
        return list(dict.fromkeys(changes))

    # ---- where it is written ---------------------------------------------------------

    def _origin(
        self, node: cst.BaseExpression, together: Iterable[cst.BaseExpression] | None
    ) -> cst.BaseExpression | None:
        """The literal behind an expression; None where it is computed or feeds something else too.

        Args:
            node: the expression.
            together: expressions that may share it; None: any may, nothing will be changed.
        """
        shared = None if together is None else list(together)
        for _ in range(CHAIN):
            if literal(node) is not None:
                return node
            if isinstance(node, cst.Name):
                behind = self._named(node, shared)
            elif isinstance(node, cst.Attribute):
                behind = self._attribute(node, shared)
            elif isinstance(node, cst.Subscript):
                behind = self._item(node, shared)
            else:
                return None
            if behind is None:
                return None
            shared = None if shared is None else [*shared, behind]
            node = behind
        return None

    def _named(self, name: cst.Name, shared: list[cst.BaseExpression] | None) -> cst.BaseExpression | None:
        scope = self.script.scope(name)
        found = [] if scope is None else list(scope[name.value])
        if len(found) != 1 or not isinstance(found[0], metadata.Assignment):
            return None
        uses = [access.node for access in found[0].references]
        if not self._alone(uses, shared):
            return None
        made = found[0].node
        if isinstance(made, cst.Param):
            return self._default(made)
        return self._assigned(made)

    def _assigned(self, target: cst.CSTNode) -> cst.BaseExpression | None:
        """The value of ``name = value``, unless it stands in a loop or among several targets."""
        around = self.script.parent(target)
        if isinstance(around, cst.AnnAssign):
            return around.value
        if isinstance(around, cst.AssignTarget):
            statement = self.script.parent(around)
            if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
                return statement.value
        return None

    def _default(self, param: cst.Param) -> cst.BaseExpression | None:
        """The default of a parameter that no call of its function gives."""
        function = self.script.enclosing(param, cst.FunctionDef)
        if not isinstance(function, cst.FunctionDef) or param.default is None:
            return None
        name, owner = function.name.value, self.script.enclosing(function, cst.ClassDef)
        if name == "__init__" and isinstance(owner, cst.ClassDef):
            name = owner.name.value
        places = [each.name.value for each in function.params.params if each.name.value != "self"]
        for call in self.script.all(cst.Call):
            if self.script.text(call.func).split(".")[-1] != name:
                continue
            words = {arg.keyword.value for arg in call.args if arg.keyword is not None}
            plain = sum(arg.keyword is None for arg in call.args)
            given = param.name.value in words or param.name.value in places[:plain]
            if given or any(arg.star for arg in call.args):
                return None
        return param.default

    def _attribute(
        self, node: cst.Attribute, shared: list[cst.BaseExpression] | None
    ) -> cst.BaseExpression | None:
        """The default behind ``args.lr``, or the value in the class of ``cfg.lr``."""
        word = node.attr.value
        alike = [each for each in self.script.all(cst.Attribute) if each.attr.value == word]
        options = [option for option in self.script.methods("add_argument") if _destination(option) == word]
        if not options or not self._is_parsed(node.value):
            alike = [each for each in alike if self.script.text(each.value) == self.script.text(node.value)]
            options = []
        if any(self._is_written(each) for each in alike) or not self._alone(alike, shared):
            return None
        return self._option(options) if options else self._in_class(node, word)

    def _is_parsed(self, holder: cst.BaseExpression) -> bool:
        """Whether something is what argparse gives, or comes from outside of its function."""
        scope = self.script.scope(holder)
        found = list(scope[holder.value]) if isinstance(holder, cst.Name) and scope is not None else []
        nodes = [each.node for each in found if isinstance(each, metadata.Assignment)]
        if len(nodes) != 1:
            return False
        value = self._assigned(nodes[0])
        parsed = value is not None and self.script.text(value).endswith(".parse_args()")
        return parsed or isinstance(nodes[0], cst.Param)

    def _option(self, options: list[cst.Call]) -> cst.BaseExpression | None:
        """The default of an option that is declared once and was not given."""
        flags = _flags(options[0])
        given = any(text.partition("=")[0] in flags or text[:2] in flags for text in self.arguments)
        parsing = [call for call in self.script.methods("parse_args") if call.args]
        if len(options) != 1 or given or parsing or self.script.methods("set_defaults"):
            return None
        default = argument(options[0], "default")
        return None if default is None else default.value

    def _in_class(self, node: cst.Attribute, word: str) -> cst.BaseExpression | None:
        """``lr: float = 0.1`` of the one class of which ``cfg = Config()`` was made, or of ``Config.lr``."""
        if not isinstance(node.value, cst.Name):
            return None
        scope = self.script.scope(node)
        found = [] if scope is None else list(scope[node.value.value])
        if len(found) != 1 or not isinstance(found[0], metadata.Assignment):
            return None
        made: cst.CSTNode | None = found[0].node
        if not isinstance(made, cst.ClassDef):
            value = self._assigned(made) if made is not None else None
            if not isinstance(value, cst.Call) or value.args:
                return None
            named = [
                each
                for each in self.script.all(cst.ClassDef)
                if each.name.value == self.script.text(value.func)
            ]
            made = named[0] if len(named) == 1 else None
        if not isinstance(made, cst.ClassDef):
            return None
        values = [
            self._assigned(name)
            for name in self.script.all(cst.Name, made.body)
            if name.value == word and self.script.enclosing(name, cst.ClassDef, cst.FunctionDef) is made
        ]
        values = [value for value in values if value is not None]
        return values[0] if len(values) == 1 else None

    def _item(
        self, node: cst.Subscript, shared: list[cst.BaseExpression] | None
    ) -> cst.BaseExpression | None:
        """The value in the dictionary behind ``config["lr"]``."""
        if not isinstance(node.value, cst.Name):
            return None
        written = self.script.text(node)
        alike = [each for each in self.script.all(cst.Subscript) if self.script.text(each) == written]
        if any(self._is_written(each) for each in alike) or not self._alone(alike, shared):
            return None
        scope = self.script.scope(node)
        found = [] if scope is None else list(scope[node.value.value])
        if len(found) != 1 or not isinstance(found[0], metadata.Assignment):
            return None
        made, key = self._assigned(found[0].node), written.partition("[")[2].rstrip("]").strip("\"' ")
        if isinstance(made, cst.Dict):
            values = [
                each.value
                for each in made.elements
                if isinstance(each, cst.DictElement) and self.script.text(each.key).strip("\"'") == key
            ]
            return values[0] if len(values) == 1 and len(made.elements) == _plain(made) else None
        if isinstance(made, cst.Call) and self.script.text(made.func) == "dict":
            arg = argument(made, key)
            return None if arg is None else arg.value
        return None

    def _is_written(self, node: cst.CSTNode) -> bool:
        """Whether a node is a target rather than read."""
        for each in self.script.around(node):
            if isinstance(each, cst.AssignTarget):
                return True
            if isinstance(each, cst.AugAssign | cst.AnnAssign):
                return each.target is node
            if isinstance(each, cst.BaseStatement):
                return False
        return False

    def _alone(self, uses: Iterable[cst.CSTNode], shared: list[cst.BaseExpression] | None) -> bool:
        """Whether nothing but the shared expressions, and what only tells it, reads a name."""
        if shared is None:
            return True
        return all(
            any(use is each or self.script.within(use, each) for each in shared) or self._is_shown(use)
            for use in uses
        )

    def _is_shown(self, use: cst.CSTNode) -> bool:
        for each in self.script.around(use):
            if isinstance(each, cst.FormattedString):
                return True
            if isinstance(each, cst.Call):
                return self.script.text(each.func).split(".")[-1] in SHOWING
        return False


def literal(node: cst.BaseExpression) -> float | None:
    """The number that a literal is.

    >>> literal(cst.parse_expression("-1e-3"))
    -0.001
    """
    minus = isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus)
    inner = node.expression if minus and isinstance(node, cst.UnaryOperation) else node
    if not isinstance(inner, cst.Integer | cst.Float):
        return None
    value = float(ast.literal_eval(inner.value))
    return -value if minus else value


def shown(number: float, *, whole: bool = False) -> str:
    """A number as it is written into a script.

    >>> shown(3.0 * 0.1), shown(1e-6 * 0.1), shown(2), shown(2, whole=True)
    ('0.3', '1e-07', '2.0', '2')
    """
    if whole:
        return str(round(number))
    text = f"{number:.6g}"
    return text if "." in text or "e" in text else f"{text}.0"


def _bracketed(script: Script, node: cst.BaseExpression) -> str:
    start, end = script.span(node)
    text = script.data[start:end].decode()
    simple = isinstance(node, cst.Name | cst.Attribute | cst.Subscript | cst.Call) or node.lpar
    return text if simple else f"({text})"


def _plain(made: cst.Dict) -> int:
    return sum(isinstance(each, cst.DictElement) for each in made.elements)


def _flags(option: cst.Call) -> list[str]:
    """The spellings of an option of argparse."""
    return [
        ast.literal_eval(arg.value.value)
        for arg in option.args
        if arg.keyword is None and isinstance(arg.value, cst.SimpleString)
    ]


def _destination(option: cst.Call) -> str:
    """The attribute under which argparse keeps an option."""
    try:
        named = argument(option, "dest")
    except UncertainError:
        return ""
    if named is not None and isinstance(named.value, cst.SimpleString):
        return str(ast.literal_eval(named.value.value))
    long = [flag for flag in _flags(option) if flag.startswith("--")] or _flags(option)
    return long[0].lstrip("-").replace("-", "_") if long else ""
