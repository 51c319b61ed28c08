"""Which names a cell needs when it runs, and which it leaves behind."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

CATCHES_NAME_ERRORS = frozenset({"NameError", "Exception", "BaseException"})
BINDERS = (ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
"""What binds its `name`, where it has one."""


@dataclass(slots=True, kw_only=True)
class CellNames:
    """The global names of one cell.

    `needs` are used when it runs, before it defines them. `may_need` are used in functions: when
    these are called is not known. `defines` may be defined when it has run, `deletes` are not any more.
    `open`: it imports everything of a module, which may define any name.
    """

    needs: dict[str, None] = field(default_factory=dict)
    may_need: dict[str, None] = field(default_factory=dict)
    defines: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    open: bool = False


def cell_names(tree: ast.Module) -> CellNames:
    """The names of a cell, read in the order in which it runs. Where that is not certain, as of
    branches, a name counts as defined. Raises RecursionError."""
    flow = _Flow()
    flow.block(tree.body)
    return flow.found


class _Flow(ast.NodeVisitor):
    """Statements of a module, and of the bodies of classes, which run where they stand."""

    def __init__(self) -> None:
        self.found = CellNames()
        self._scopes: list[set[str]] = []
        """Names of comprehensions and classes around what is visited."""
        self._guarded = 0
        self._certain = 0
        """How many branches and loops are around what is visited."""

    def block(self, statements: Iterable[ast.AST]) -> None:
        for statement in statements:
            self.visit(statement)

    # -- names -----------------------------------------------------------------------------------

    def _use(self, name: str) -> None:
        found = self.found
        if any(name in scope for scope in self._scopes) or name in found.defines:
            return
        if not self._guarded:
            found.needs.setdefault(name)

    def _define(self, name: str) -> None:
        if self._scopes:
            self._scopes[-1].add(name)
            return
        self.found.defines.add(name)
        self.found.deletes.discard(name)

    def _delete(self, name: str) -> None:
        if self._scopes:
            return
        self._use(name)
        if not self._certain:
            self.found.defines.discard(name)
            self.found.deletes.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._define(node.id)
        else:
            self._delete(node.id)

    # -- statements whose parts run in another order than they stand --------------------------------

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self.block(node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._use(node.target.id)
        self.visit(node.value)
        self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        # In a comprehension it is a name of what is around that.
        scopes, self._scopes = self._scopes, []
        self._define(node.target.id)
        self._scopes = scopes

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.visit(node.target)
        self._maybe(node.body, node.orelse)

    visit_For = visit_AsyncFor = _loop  # noqa: N815

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._maybe(node.body, node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._maybe(node.body, node.orelse)

    def _maybe(self, *blocks: Sequence[ast.stmt]) -> None:
        self._certain += 1
        for block in blocks:
            self.block(block)
        self._certain -= 1

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        guarded = any(map(_catches_name_error, node.handlers))
        self._guarded += guarded
        self._maybe(node.body)
        self._guarded -= guarded
        for handler in node.handlers:
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name is not None:
                self._define(handler.name)
            self._maybe(handler.body)
        self._maybe(node.orelse)
        self.block(node.finalbody)

    visit_Try = visit_TryStar = _try  # noqa: N815

    def _match(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.generic_visit(node)
        if node.name is not None:
            self._define(node.name)

    visit_MatchAs = visit_MatchStar = _match  # noqa: N815

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest is not None:
            self._define(node.rest)

    def _imports(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.found.open = True
            else:
                self._define(alias.asname or alias.name.split(".")[0])

    visit_Import = visit_ImportFrom = _imports  # noqa: N815

    def visit_TypeAlias(self, node: ast.AST) -> None:
        """`type X = ...`, whose value is evaluated when somebody asks for it."""
        name = getattr(node, "name", None)
        if isinstance(name, ast.Name):
            self._define(name.id)

    # -- functions, classes, comprehensions ---------------------------------------------------------

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.block(node.decorator_list)
        self._arguments(node.args)
        self._define(node.name)
        self._deferred(node.args, node.body, _type_params(node))

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._arguments(node.args)
        self._deferred(node.args, [node.body])

    def _arguments(self, arguments: ast.arguments) -> None:
        """Defaults, which are evaluated where the function stands; annotations need not be."""
        self.block(arguments.defaults)
        self.block(default for default in arguments.kw_defaults if default is not None)

    def _deferred(
        self, arguments: ast.arguments, body: Sequence[ast.AST], types: Iterable[str] = ()
    ) -> None:
        inner = _Function(arguments, types)
        inner.read(body)
        known = set().union(*self._scopes) if self._scopes else set()
        for name in inner.free:
            if name not in known:
                self.found.may_need.setdefault(name)
        for name in inner.globals:  # defined once somebody calls it
            self.found.defines.add(name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.block([*node.decorator_list, *node.bases, *node.keywords])
        with self._scope():
            self._scopes[-1].update(_type_params(node))
            self.block(node.body)
        self._define(node.name)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        self.visit(node.generators[0].iter)
        with self._scope():
            for number, one in enumerate(node.generators):
                if number:
                    self.visit(one.iter)
                self.visit(one.target)
                self.block(one.ifs)
            self.block([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815

    @contextmanager
    def _scope(self) -> Iterator[None]:
        self._scopes.append(set())
        try:
            yield
        finally:
            self._scopes.pop()


class _Function:
    """The free names of a function, those of the functions in it included."""

    def __init__(self, arguments: ast.arguments, types: Iterable[str] = ()) -> None:
        given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        given += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
        self._local = {*types, *(one.arg for one in given)}
        self._used: dict[str, None] = {}
        self.globals: set[str] = set()

    @property
    def free(self) -> list[str]:
        return [name for name in self._used if name not in self._local]

    def read(self, body: Iterable[ast.AST]) -> None:
        for node in body:
            self._read(node)
        self._local -= self.globals

    def _read(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._used.setdefault(node.id)
            else:
                self._local.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            self._nested(node)
            return
        elif isinstance(node, ast.Global):
            self.globals |= set(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._local |= {one.asname or one.name.split(".")[0] for one in node.names}
        elif isinstance(node, BINDERS):
            self._local |= {node.name} if node.name is not None else set()
        elif isinstance(node, ast.MatchMapping) and node.rest:
            self._local.add(node.rest)
        if isinstance(node, ast.Try | ast.TryStar) and any(map(_catches_name_error, node.handlers)):
            return
        for child in ast.iter_child_nodes(node):
            if not _is_annotation(node, child):
                self._read(child)

    def _nested(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        inner = _Function(node.args, _type_params(node))
        if isinstance(node, ast.Lambda):
            inner.read([node.body])
        else:
            self._local.add(node.name)
            inner.read(node.body)
            for decorator in node.decorator_list:
                self._read(decorator)
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self._read(default)
        self._used |= dict.fromkeys(inner.free)
        self.globals |= inner.globals


def _type_params(node: ast.AST) -> list[str]:
    """Names of its own types, which Python has from 3.12 on: `def first[T](of: list[T])`."""
    return [one.name for one in getattr(node, "type_params", ())]


def _is_annotation(node: ast.AST, child: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and child is node.annotation


def _catches_name_error(handler: ast.ExceptHandler) -> bool:
    kind = handler.type
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(one, ast.Name) and one.id in CATCHES_NAME_ERRORS for one in kinds)
