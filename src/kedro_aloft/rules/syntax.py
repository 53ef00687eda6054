"""What Python source says without being run: imports behind names, calls by their full names, what is local.

Everything here leans to silence: a name that could mean two things means nothing.
"""

from __future__ import annotations

import ast
import builtins
import functools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from kedro_aloft.rules.pattern import Pattern
from kedro_aloft.rules.vocabulary import WORDS, kinds, tells_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Kind = TypeVar("Kind", bound=ast.AST)

_BUILTINS = frozenset(dir(builtins))
_NO_CHILDREN = frozenset({"ctx", "op", "ops", "id", "attr", "annotation", "returns", "type_comment", "kind"})
_WORD = Pattern(r"[A-Za-z_]\w*")
_KEPT = (ast.Dict, ast.DictComp, ast.List, ast.ListComp, ast.Set, ast.SetComp)
_MADE = frozenset(
    {"collections.OrderedDict()", "collections.defaultdict()", "collections.deque()", "dict()", "list()", "set()"}
)
"""Values of a module that its functions may change."""

_DEEPEST = 8
"""Steps from a name to what it was assigned from, at most: `a = b`, `b = a` has no end."""


def nodes_below(roots: Iterable[ast.AST], *, closed: bool = False) -> Iterator[ast.AST]:
    """Return all syntax nodes at and below the roots, annotations left out; a good deal faster than `ast.walk`.

    Args:
        roots: Where to begin.
        closed: Whether the bodies of functions are left out, because nobody called them yet.
    """
    stack = list(roots)
    while stack:
        one = stack.pop()
        yield one
        if closed and isinstance(one, Definition):
            continue
        for name in one._fields:
            if name in _NO_CHILDREN:
                continue
            value = getattr(one, name, None)
            if isinstance(value, ast.AST):
                stack.append(value)
            elif isinstance(value, list):
                stack.extend(item for item in value if isinstance(item, ast.AST))


class Facts:
    """Syntax nodes by their type, collected in one walk."""

    def __init__(self, roots: Iterable[ast.AST], *, closed: bool = False) -> None:
        self._by_type: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for one in nodes_below(roots, closed=closed):
            self._by_type[type(one)].append(one)

    def all(self, kind: type[Kind]) -> list[Kind]:
        """Return the nodes of one type."""
        return self._by_type.get(kind, [])  # type: ignore[return-value]  # the key says what the list holds

    def has(self, *kinds: type[ast.AST]) -> bool:
        """Whether there is a node of one of the types."""
        return any(kind in self._by_type for kind in kinds)


@dataclass(frozen=True, slots=True)
class Call:
    """A call and the full name of what is called: `numpy.random.default_rng().normal`."""

    name: str
    node: ast.Call

    @property
    def line(self) -> int:
        """Where it stands."""
        return self.node.lineno

    def keyword(self, *names: str) -> ast.expr | None:
        """Return the value of the first keyword argument of these names."""
        return next((one.value for one in self.node.keywords if one.arg in names), None)

    @property
    def is_open_ended(self) -> bool:
        """Whether arguments come from `*args` or `**kwargs`, so that nobody knows them."""
        return any(one.arg is None for one in self.node.keywords) or any(
            isinstance(one, ast.Starred) for one in self.node.args
        )


@dataclass(frozen=True)
class Scope:
    """A function, or the top level of a module, and what its names mean.

    Args:
        facts: Its syntax nodes.
        outer: Of the module; None for the module itself.
        bound: Names that it binds other than by import.
        imported: Names that it binds by import, with what they mean.
        origins: Names that are assigned exactly once, with the value.
    """

    facts: Facts
    outer: Scope | None
    bound: frozenset[str]
    imported: Mapping[str, str]
    origins: Mapping[str, ast.expr]

    def full_name(self, expression: ast.expr, depth: int = 0) -> str:
        """Return what an expression names, through imports and single assignments; empty when nobody can say.

        Calls show as `()`, and a path below a path as the path: `Path("a") / "b"` is `pathlib.Path()`.
        """
        if isinstance(expression, ast.Name):
            return self.named(expression.id, depth)
        if isinstance(expression, ast.Attribute):
            base = self.full_name(expression.value, depth)
            return f"{base}.{expression.attr}" if base else ""
        if isinstance(expression, ast.Call):
            base = self.full_name(expression.func, depth)
            return f"{base}()" if base else ""
        if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Div):
            return self.full_name(expression.left, depth)
        return ""

    def named(self, name: str, depth: int = 0) -> str:
        """Return what a name means; see `full_name`."""
        if name in self.origins and depth < _DEEPEST:
            return self.full_name(self.origins[name], depth + 1)
        if name in self.bound:
            return ""
        if name in self.imported:
            return self.imported[name]
        if self.outer is not None:
            return self.outer.named(name, depth)
        return name if name in _BUILTINS else ""

    def is_environment(self, expression: ast.expr) -> bool:
        """Whether an expression is `os.environ`."""
        if isinstance(expression, ast.Attribute) and expression.attr != "environ":
            return False
        return isinstance(expression, ast.Attribute | ast.Name) and self.full_name(expression) == "os.environ"

    def origin(self, expression: ast.expr) -> ast.expr:
        """Return what a name was assigned from, here or in the module; other expressions are their own origin."""
        for _ in range(_DEEPEST):
            value = self._assigned(expression.id) if isinstance(expression, ast.Name) else None
            if value is None:
                break
            expression = value
        return expression

    def _assigned(self, name: str) -> ast.expr | None:
        if name in self.origins:
            return self.origins[name]
        if self.outer is None or name in self.bound or name in self.imported:
            return None
        return self.outer.origins.get(name)

    @functools.cached_property
    def calls(self) -> tuple[Call, ...]:
        """The calls whose names are known, in the order of the text."""
        named = ((self.full_name(one.func), one) for one in self.facts.all(ast.Call))
        return tuple(
            sorted(
                (Call(name, one) for name, one in named if name),
                key=lambda call: (call.node.lineno, call.node.col_offset, -len(call.name)),
            )
        )

    @functools.cached_property
    def methods(self) -> Mapping[str, list[ast.Call]]:
        """The calls of methods and of functions of modules, by the last part of their names."""
        found: dict[str, list[ast.Call]] = defaultdict(list)
        for one in self.facts.all(ast.Call):
            if isinstance(one.func, ast.Attribute):
                found[one.func.attr].append(one)
        return found

    @functools.cached_property
    def import_lines(self) -> tuple[tuple[int, str], ...]:
        """What is imported, with the line of its statement; relative imports begin with dots."""
        whole = [(one.lineno, name.name) for one in self.facts.all(ast.Import) for name in one.names]
        parts = [
            (one.lineno, f"{'.' * one.level}{one.module or ''}.{name.name}")
            for one in self.facts.all(ast.ImportFrom)
            for name in one.names
        ]
        return tuple(sorted(whole + parts))

    @functools.cached_property
    def _by_kind(self) -> Mapping[str, list[Call]]:
        found: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls:
            for kind in kinds(call.name):
                found[kind].append(call)
        return found

    def calls_of(self, kind: str) -> Sequence[Call]:
        """Return the calls of a kind of `vocabulary.kinds`, in the order of the text."""
        return self._by_kind.get(kind, ())


@dataclass(frozen=True)
class Module:
    """A module's top level, and its functions when they are asked for.

    Args:
        tree: Its syntax.
        lines: Its text.
    """

    tree: ast.Module
    lines: Sequence[str]
    _scopes: dict[int, Scope] = field(default_factory=dict, repr=False)

    @functools.cached_property
    def top(self) -> Scope:
        """What runs when the module is imported: no bodies of functions, nothing for type checkers or `__main__`."""
        facts = Facts(_imported_statements(self.tree.body), closed=True)
        return _scope(facts, None, _bound(facts) | {one.name for one in self._functions})

    @functools.cached_property
    def whole(self) -> Scope:
        """All of the module as if it were one function: names that mean several things mean nothing."""
        facts = Facts(self.tree.body)
        return _scope(facts, None, _bound(facts))

    @functools.cached_property
    def _functions(self) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
        return tuple(one for one in self.tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))

    @functools.cached_property
    def functions(self) -> Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]:
        """The functions of the top level by name."""
        return {one.name: one for one in self._functions}

    @functools.cached_property
    def lambdas(self) -> Mapping[int, ast.Lambda | None]:
        """The lambdas by their line; None where a line has several."""
        found: dict[int, ast.Lambda | None] = {}
        for one in nodes_below(self.tree.body):
            if isinstance(one, ast.Lambda):
                found[one.lineno] = None if one.lineno in found else one
        return found

    def scope(self, definition: Definition) -> Scope:
        """Return the scope of a function of this module; what is nested in it counts as its own."""
        if id(definition) not in self._scopes:
            body = definition.body if isinstance(definition.body, list) else [definition.body]
            facts = Facts(body)
            own = frozenset(one.arg for one in _arguments(definition.args))
            self._scopes[id(definition)] = _scope(facts, self.top, _bound(facts) | own, own)
        return self._scopes[id(definition)]

    @functools.cached_property
    def collections(self) -> frozenset[str]:
        """Names of the lists, dicts and sets that the module makes and keeps."""
        return frozenset(name for name, value in self.top.origins.items() if is_collection(value, self.top))

    @functools.cached_property
    def _telling(self) -> frozenset[str]:
        """Names of the module that make a function interesting that uses them."""
        top = self.top
        values = {name for name, value in top.origins.items() if _tells(top, value)}
        return WORDS | values | {name for name, meaning in top.imported.items() if tells_by_name(meaning)}

    def _words(self, definition: Definition) -> set[str]:
        """The words of a function, those of comments included: much faster to get than its syntax."""
        return set(_WORD.findall("\n".join(self.lines[definition.lineno - 1 : definition.end_lineno])))

    def reached(self, definition: Definition) -> tuple[Definition, ...]:
        """Return a function and those of the module that it calls by name, or that these call: the interesting ones."""
        found: dict[int, Definition] = {}
        seen, waiting = {id(definition)}, [definition]
        while waiting:
            one = waiting.pop()
            words = self._words(one)
            if not words.isdisjoint(self._telling):
                found[id(one)] = one
            helpers = [self.functions[name] for name in words & self.functions.keys()]
            for helper in helpers if any(helper is not one for helper in helpers) else ():
                if id(helper) not in seen and self._calls(one, helper.name):
                    seen.add(id(helper))
                    waiting.append(helper)
        return tuple(found.values())

    def _calls(self, definition: Definition, name: str) -> bool:
        scope = self.scope(definition)
        called = (call.func for call in scope.facts.all(ast.Call))
        return name not in scope.bound and any(isinstance(one, ast.Name) and one.id == name for one in called)


@dataclass(frozen=True, slots=True)
class Code:
    """A function of the project that nodes run: their own, or one that theirs calls in the same module.

    Args:
        nodes: Names of the nodes, in the pipeline's order.
        file: Where it stands, relative to the project.
        definition: Its syntax.
        scope: What its names mean.
        module: The module around it.
        direct: Whether a node calls it, and not only another function of the module.
    """

    nodes: tuple[str, ...]
    file: str
    definition: Definition
    scope: Scope
    module: Module
    direct: bool


def read_code(functions: Iterable[tuple[tuple[str, ...], str, Definition, Module]]) -> tuple[Code, ...]:
    """Return what nodes run, each function once, by file and line.

    Args:
        functions: Names of nodes, file, definition and module of each function that nodes name.
    """
    nodes: dict[int, dict[str, None]] = defaultdict(dict)
    found: dict[int, tuple[str, Definition, Module]] = {}
    direct: set[int] = set()
    for names, file, definition, module in functions:
        direct.add(id(definition))
        for one in module.reached(definition):
            nodes[id(one)].update(dict.fromkeys(names))
            found[id(one)] = (file, one, module)
    ordered = sorted(found.items(), key=lambda item: (item[1][0], item[1][1].lineno, item[1][1].col_offset))
    return tuple(
        Code(
            nodes=tuple(nodes[key]),
            file=file,
            definition=one,
            scope=module.scope(one),
            module=module,
            direct=key in direct,
        )
        for key, (file, one, module) in ordered
    )


def _tells(top: Scope, value: ast.expr) -> bool:
    """Whether functions may change a value of the module, or do something with it that rules know."""
    if is_collection(value, top) or (isinstance(value, ast.Constant) and value.value is None):
        return True
    name = top.full_name(value)
    return name != "logging.getLogger()" and tells_by_name(name)


def is_collection(value: ast.expr, scope: Scope) -> bool:
    """Whether a value is a list, a dict or a set, made here."""
    return isinstance(value, _KEPT) or (isinstance(value, ast.Call) and scope.full_name(value) in _MADE)


def _scope(facts: Facts, outer: Scope | None, bound: frozenset[str], arguments: frozenset[str] = frozenset()) -> Scope:
    meanings: dict[str, set[str]] = defaultdict(set)
    for name, meaning in _imports(facts):
        meanings[name].add(meaning)
    imported = {name: min(several) for name, several in meanings.items() if len(several) == 1}
    bound |= meanings.keys() - imported.keys()
    origins = {name: value for name, value in _single_assignments(facts) if name not in arguments}
    return Scope(facts=facts, outer=outer, bound=bound - imported.keys(), imported=imported, origins=origins)


def _imported_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Leave out what an import does not run."""
    for one in body:
        if isinstance(one, ast.If) and _is_not_run(one.test):
            yield from one.orelse
        else:
            yield one


def _is_not_run(test: ast.expr) -> bool:
    words = {one.id for one in ast.walk(test) if isinstance(one, ast.Name)}
    words |= {one.attr for one in ast.walk(test) if isinstance(one, ast.Attribute)}
    return bool(words & {"__name__", "TYPE_CHECKING"})


def _imports(facts: Facts) -> Iterator[tuple[str, str]]:
    for whole in facts.all(ast.Import):
        for one in whole.names:
            yield (one.asname, one.name) if one.asname else (one.name.partition(".")[0],) * 2
    for part in facts.all(ast.ImportFrom):
        module = "." * part.level + (part.module or "")
        for one in part.names:
            yield one.asname or one.name, f"{module}.{one.name}"


def _bound(facts: Facts) -> frozenset[str]:
    """Names that are assigned, looped over, caught, defined or taken as arguments, at any depth."""
    names = {one.id for one in facts.all(ast.Name) if not isinstance(one.ctx, ast.Load)}
    names |= {one.name for one in facts.all(ast.FunctionDef)} | {one.name for one in facts.all(ast.AsyncFunctionDef)}
    names |= {one.name for one in facts.all(ast.ClassDef)} | {one.arg for one in facts.all(ast.arg)}
    names |= {one.name for one in facts.all(ast.ExceptHandler) if one.name}
    names -= {name for one in facts.all(ast.Global) for name in one.names}
    return frozenset(names - {name for one in facts.all(ast.Nonlocal) for name in one.names})


def _single_assignments(facts: Facts) -> Iterator[tuple[str, ast.expr]]:
    """Names with one assignment, or one `with … as`, and no other store."""
    stores: dict[str, int] = defaultdict(int)
    for name in facts.all(ast.Name):
        if not isinstance(name.ctx, ast.Load):
            stores[name.id] += 1
    shadowed = {one.arg for one in facts.all(ast.arg)}
    for target, value in _assignments(facts):
        if isinstance(target, ast.Name) and stores[target.id] == 1 and target.id not in shadowed:
            yield target.id, value


def _assignments(facts: Facts) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    for one in facts.all(ast.Assign):
        if len(one.targets) == 1:
            yield one.targets[0], one.value
    for annotated in facts.all(ast.AnnAssign):
        if annotated.value is not None:
            yield annotated.target, annotated.value
    for item in facts.all(ast.withitem):
        yield item.optional_vars, item.context_expr


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (one for one in (arguments.vararg, arguments.kwarg) if one is not None)


def argument_names(definition: Definition) -> dict[str, str]:
    """Return the arguments of a function with their annotations as text; empty where there is none."""
    return {one.arg: ast.unparse(one.annotation) if one.annotation else "" for one in _arguments(definition.args)}


def is_unconditional(definition: Definition, wanted: ast.AST) -> bool:
    """Whether a function that does not fail before always comes to a node: no branch, loop or early end stands above.

    `with` blocks do not count as branches.
    """
    body = definition.body if isinstance(definition.body, list) else [definition.body]
    return _is_reached(body, wanted)


def _is_reached(body: Iterable[ast.AST], wanted: ast.AST) -> bool:
    branches = (ast.If, ast.For, ast.AsyncFor, ast.Try, ast.Match, ast.IfExp, ast.BoolOp, ast.Lambda)
    for one in body:
        if any(below is wanted for below in ast.walk(one)):
            if one is wanted:
                return True
            if isinstance(one, (*branches, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                return False
            return _is_reached(ast.iter_child_nodes(one), wanted)
        if any(isinstance(below, ast.Return | ast.Raise) for below in ast.walk(one)):
            return False
    return False
