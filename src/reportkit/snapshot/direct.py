"""Queries for DuckDB said as they were built, without the ways round that Ibis takes for the sake of other engines.

Ibis makes a query over four times before it says it, so that few selects stand in one another. That takes longer than DuckDB
takes for the answer, and DuckDB puts them together itself, in no time. Here each step is said as it stands, in one walk; a
query with anything in it that Ibis makes something else of is left to Ibis. The words are the same both ways.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import ibis
from ibis.backends.sql.compilers.base import STAR, sg, sge  # the sqlglot that Ibis speaks
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.rewrites import partition_predicates
from ibis.common.graph import Graph
from ibis.expr import operations as ops

_ALONE = threading.RLock()
# Tables that are said once, at the head, where several are made from them.
NAMED = (
    *(ops.Project, ops.Filter, ops.Sort, ops.Distinct, ops.DropNull),
    *(ops.Aggregate, ops.JoinChain, ops.Set, ops.Limit),
)
COLUMNS = (ops.Field, ops.CountStar, ops.CountDistinctStar)
# What Ibis makes something else of before it says it: `rewrites` of its compiler, and those of `sqlize`.
MADE_OVER = (
    *DuckDBCompiler.lowered_ops,
    *(ops.ArrayFilter, ops.ArrayMap, ops.ArrayPosition, ops.FindInSet, ops.StringFind),
    *(ops.First, ops.Last, ops.NTile, ops.NthValue, ops.RankBase),
    *(ops.AliasedRelation, ops.FillNull, ops.ScalarParameter),
)


class Direct(DuckDBCompiler):  # type: ignore[misc]
    """Ibis's compiler for DuckDB, in one walk through a query."""

    __slots__ = ()

    def translate(self, op: Any, *, params: Any) -> Any:
        """The query as sqlglot has it."""
        steps, wanted = Graph.from_bfs(op).toposort()
        if not (params or any(_made_over(node) for node in steps)):
            return self._said(op, steps, _wanted_by_several(wanted))
        with _ALONE:  # the option is everybody's
            told, ibis.options.sql.fuse_selects = ibis.options.sql.fuse_selects, False
            try:
                return super().translate(op, params=params)
            finally:
                ibis.options.sql.fuse_selects = told

    def _said(self, op: Any, steps: Iterable[Any], several: set[Any]) -> Any:
        """The query, with the tables that several others are made from at its head."""
        numbers, heads, said = itertools.count(), [], dict[Any, Any]()
        for node in steps:
            parts = {name: _filled(part, said) for name, part in zip(node.__argnames__, node.__args__, strict=True)}
            said[node] = found = self.visit_node(node, **parts)
            if node is op or not isinstance(node, ops.Relation):
                continue
            said[node] = found = self._aliased(found, next(numbers), copy=isinstance(node, ops.Reference))
            if node in several:
                heads.append((found.alias, found.this))
                table = sge.Table(this=sg.to_identifier(found.alias, quoted=self.quoted))
                said[node] = self._aliased(table, next(numbers))
        whole = said[op]
        if isinstance(whole, sge.Table):
            whole = sg.select(STAR, copy=False).from_(whole, copy=False)
        elif isinstance(whole, sge.Subquery):
            whole = whole.this
        for name, table in heads:
            alias = sg.to_identifier(name, quoted=self.quoted)
            whole = whole.with_(alias, as_=table, dialect=self.dialect, copy=False)
        return whole

    def _aliased(self, table: Any, number: int, *, copy: bool = False) -> Any:
        """The table by a name of its own; a copy where it goes by another elsewhere."""
        alias = sg.to_identifier(f"t{number}", quoted=self.quoted)
        if isinstance(table, sge.Query) and not isinstance(table, sge.Subquery):
            return table.subquery(alias, copy=copy)
        return table.as_(alias, quoted=self.quoted, table=isinstance(table, sge.Table), copy=copy)

    # Ibis finds what says each step by these names.

    def visit_Alias(self, op: Any, *, arg: Any, name: str) -> Any:  # noqa: ARG002, D102, N802
        return arg

    def visit_Project(self, op: Any, *, parent: Any, values: Mapping[str, Any]) -> Any:  # noqa: D102, N802
        if _every_column(op):
            return _all_of(parent)
        return sg.select(*self._cleanup_names(values), copy=False).from_(parent, copy=False)

    def visit_Filter(self, op: Any, *, parent: Any, predicates: tuple[Any, ...]) -> Any:  # noqa: D102, N802
        said = dict(zip(op.predicates, predicates, strict=True))
        plain, windowed = ([said[one] for one in part] for part in partition_predicates(op.predicates))
        found = _all_of(parent)
        found = found.where(*plain, copy=False) if plain else found
        return found.qualify(*windowed, copy=False) if windowed else found

    def visit_DropNull(self, op: Any, *, parent: Any, how: str, subset: tuple[Any, ...]) -> Any:  # noqa: ARG002, D102, N802
        return _all_of(parent).where(self.visit_NotNull(op, arg=subset[0]), copy=False)

    def visit_Sort(self, op: Any, *, parent: Any, keys: tuple[Any, ...]) -> Any:  # noqa: ARG002, D102, N802
        return _all_of(parent).order_by(*keys, copy=False)

    def visit_Distinct(self, op: Any, *, parent: Any) -> Any:  # noqa: ARG002, D102, N802
        return _all_of(parent).distinct(copy=False)


def _all_of(table: Any) -> Any:
    return sg.select(STAR, copy=False).from_(table, copy=False)


def _made_over(node: Any) -> bool:
    """Whether Ibis makes something else of a part of a query."""
    if isinstance(node, ops.DropColumns):
        return len(node.columns_to_drop) >= len(node.schema) // 2
    if isinstance(node, ops.DropNull):
        return len(node.subset or ()) != 1
    return isinstance(node, MADE_OVER) or (isinstance(node, ops.InValues) and not node.options)


def _wanted_by_several(wanted: Mapping[Any, Collection[Any]]) -> set[Any]:
    """The tables that more than one other is made from. Who wants a column wants no table."""
    tables = ((table, by) for table, by in wanted.items() if isinstance(table, NAMED) and len(by) > 1)
    return {table for table, by in tables if sum(not isinstance(one, COLUMNS) for one in by) > 1}


def _every_column(op: Any) -> bool:
    """Whether a choice of columns is all that there are, as they are."""
    return tuple(op.values) == op.parent.schema.names and all(
        isinstance(value, ops.Field) and value.name == name and value.rel == op.parent
        for name, value in op.values.items()
    )


def _filled(part: Any, said: Mapping[Any, Any]) -> Any:
    """A part of a step in the words of those before it."""
    if isinstance(part, ops.Node):
        return said[part]
    if isinstance(part, tuple):
        return tuple(_filled(one, said) for one in part)
    if isinstance(part, Mapping):
        return {name: _filled(one, said) for name, one in part.items()}
    return part
