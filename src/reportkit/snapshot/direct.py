"""Queries for DuckDB said as they were built, without the ways round that Ibis takes for the sake of other engines.

Ibis makes a query over four times before it says it, so that few selects stand in one another. That takes longer than DuckDB
takes for the answer, and DuckDB puts them together itself, in no time. Here each step is said as it stands, in one walk; a
query with anything in it that Ibis makes something else of is left to Ibis. The words are the same both ways.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
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
        graph = Graph.from_bfs(op)
        if not (params or any(_made_over(node) for node in graph)):
            return self._said(op, _wanted_by_several(graph))
        with _ALONE:  # the option is everybody's
            told, ibis.options.sql.fuse_selects = ibis.options.sql.fuse_selects, False
            try:
                return super().translate(op, params=params)
            finally:
                ibis.options.sql.fuse_selects = told

    def _said(self, op: Any, several: set[Any]) -> Any:
        """The query, with the tables that several others are made from at its head."""
        numbers = itertools.count()
        heads = []

        def said(node: Any, _: Mapping[Any, Any], **parts: Any) -> Any:
            found = self.visit_node(node, **parts)
            if node is op or not isinstance(node, ops.Relation):
                return found
            found = self._aliased(found, next(numbers))
            if node not in several:
                return found
            name = found.alias
            heads.append((name, found.this))
            return self._aliased(sge.Table(this=sg.to_identifier(name, quoted=self.quoted)), next(numbers))

        whole = op.map(said)[op]
        if isinstance(whole, sge.Table):
            whole = sg.select(STAR, copy=False).from_(whole, copy=False)
        elif isinstance(whole, sge.Subquery):
            whole = whole.this
        for name, table in heads:
            alias = sg.to_identifier(name, quoted=self.quoted)
            whole = whole.with_(alias, as_=table, dialect=self.dialect, copy=False)
        return whole

    def _aliased(self, table: Any, number: int) -> Any:
        alias = sg.to_identifier(f"t{number}", quoted=self.quoted)
        if isinstance(table, sge.Query) and not isinstance(table, sge.Subquery):
            return table.subquery(alias, copy=False)
        return table.as_(alias, quoted=self.quoted, table=isinstance(table, sge.Table))

    # Ibis finds what says each step by these names.

    def visit_Alias(self, op: Any, *, arg: Any, name: str) -> Any:  # noqa: ARG002, D102, N802
        return arg

    def visit_Project(self, op: Any, *, parent: Any, values: Mapping[str, Any]) -> Any:  # noqa: D102, N802
        whole = tuple(op.values.items()) == tuple(op.parent.fields.items())
        return sg.select(*([STAR] if whole else self._cleanup_names(values)), copy=False).from_(parent, copy=False)

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


def _wanted_by_several(graph: Graph) -> set[Any]:
    """The tables that more than one other is made from. Who wants a column wants no table."""
    wanted = Counter(itertools.chain.from_iterable(_tables(node, parts) for node, parts in graph.items()))
    return {table for table, times in wanted.items() if times > 1}


def _tables(node: Any, parts: tuple[Any, ...]) -> Iterator[Any]:
    if not isinstance(node, (ops.Field, ops.CountStar, ops.CountDistinctStar)):
        yield from (part for part in parts if isinstance(part, NAMED))
