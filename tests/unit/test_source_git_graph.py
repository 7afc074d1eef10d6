"""Walking the graph once gives what the slow, obvious way gives: sets of ancestors, one a commit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reportkit.sources.git.graph import Commit, Tag, brought_in, first_releases, mainline

Parents = list[tuple[int, ...]]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Parents, list[tuple[int, int]]]:
    """Parents of each commit (all earlier ones; none is a root) and tags as (date, commit)."""
    size = draw(st.integers(1, 25))
    parents: Parents = [()]
    for i in range(1, size):
        parents.append(tuple(draw(st.lists(st.integers(0, i - 1), max_size=3, unique=True))))
    tags = draw(st.lists(st.tuples(st.integers(1, 9), st.integers(0, size - 1)), max_size=6))
    return parents, tags


def graph_of(parents: Parents) -> dict[str, Commit]:
    return {str(i): Commit(str(i), tuple(map(str, p)), i, i, "", "", False, "", "") for i, p in enumerate(parents)}


def ancestors(parents: Parents, of: int) -> set[int]:
    return {of}.union(*(ancestors(parents, p) for p in parents[of]))


@given(histories())
def test_the_first_release_is_the_earliest_whose_history_holds_the_change(
    history: tuple[Parents, list[tuple[int, int]]],
) -> None:
    parents, given_tags = history
    tags = sorted((Tag(f"t{n}", at, str(sha)) for n, (at, sha) in enumerate(given_tags)), key=lambda t: (t.at, t.name))
    found = first_releases(graph_of(parents), tags)
    for i in range(len(parents)):
        holding = [tag for tag in tags if i in ancestors(parents, int(tag.sha))]
        assert found.get(str(i)) == min(holding, key=lambda t: (t.at, t.name), default=None)


@given(histories())
def test_a_merge_brings_in_what_its_first_parent_lacks(history: tuple[Parents, list[tuple[int, int]]]) -> None:
    parents, _ = history
    graph = graph_of(parents)
    line = mainline(graph, str(len(parents) - 1))
    for commit, own in brought_in(graph, line):
        at = int(commit.sha)
        before = ancestors(parents, parents[at][0]) if parents[at] else set()
        assert {int(c.sha) for c in own} == ancestors(parents, at) - before - {at}
        assert len(own) == len({c.sha for c in own})


def test_a_history_deeper_than_pythons_stack() -> None:
    parents: Parents = [(), *((i,) for i in range(20_000))]
    graph = graph_of(parents)
    assert len(mainline(graph, "20000")) == 20_001
    assert len(first_releases(graph, [Tag("v1", 1, "20000")])) == 20_001
