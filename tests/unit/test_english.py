"""What a report says is in `english/` alone, so that another language is that folder again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "reportkit"
#: What makes pages. Errors and progress are the command line's, which speaks English.
SCOPE = (
    "sections", "figures", "render", "evidence", "measure",
    "findings.py", "report.py", "pack/health.py", "pack/sheets.py", "pack/publishing.py", "pack/bets.py", "pack/groups.py",
)  # fmt: skip
MARKUP = re.compile(r"<[^<>]*>|\brk-\S*|&\w+;|\b[\w-]+=\S+")
FILLED = re.compile(r"%?\{[^{}]*\}")  # what is filled in becomes a 0
WORDS = re.compile(r"[A-Za-z]{2,}[,;:]? +(?:[\w(]+ +)*[A-Za-z]{2,}|^[A-Z][a-z]{2,}$|\b0 [a-z]{2,}|[A-Za-z]{2,} 0\b")
#: Style sheets, policies, tags that go on, and errors that are put together before they are raised.
UNSEEN = re.compile(
    r"^(?:@|:root|html\{|default-src|<svg |reportkit)|_brand\.yml|To let it pass|^Report for |^column of |^no attribute"
)
TEMPLATE = re.compile(r"<style>.*?</style>|\{[%{].*?[%}]\}|<[^<>]*>", re.DOTALL)
COMMANDS = ("detectable.py", "planning.py")  # what `reportkit plan` says
#: Names in files that we read or write, classes, fonts; nothing that a reader sees.
SILENT = {
    "Source Sans Pro", "Source Sans 3", "Source Sans", "Regular", "Semibold", "Date", "Creator", "Type", "Format",
    "num now", "num target", "x unified", "tbody tr", "tbody td", "Letter", "Drawn", "Given", "Duration", "Share",
    "Stock", "Ratio", "few teams", "all others", "other links", "quarter paths",
}  # fmt: skip


def modules() -> Iterator[Path]:
    for name in SCOPE:
        path = SOURCE / name
        yield from [path] if path.is_file() else sorted(p for p in path.rglob("*.py") if p.name not in COMMANDS)


def said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each text of a module with its line; documentation, errors and names that are exported left out."""
    unsaid: set[int] = set()
    for node in ast.walk(tree):
        first = node.body[0] if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body else None
        if isinstance(first, ast.Expr):
            unsaid.add(id(first.value))
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Assign) and "__all__" in ast.dump(node.targets[0])):
            unsaid |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, ast.Call) and "progress" in ast.dump(node.func):
            unsaid |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            unsaid |= {id(inner) for inner in ast.walk(node.annotation)}
    for node in ast.walk(tree):
        if id(node) in unsaid:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            unsaid |= {id(part) for part in node.values}
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def prose(text: str) -> bool:
    """Whether a text has words for a reader in it."""
    bare = MARKUP.sub(" ", FILLED.sub("0", text)).strip()
    return text not in SILENT and not UNSEEN.search(text) and bool(WORDS.search(bare))


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_pages_take_their_words_from_one_folder(path: Path) -> None:
    found = [f"{line}: {text!r}" for line, text in said(ast.parse(path.read_text(encoding="utf-8"))) if prose(text)]
    assert not found, f"{path.relative_to(SOURCE)} says something itself; it belongs into english/:\n" + "\n".join(
        found
    )


@pytest.mark.parametrize("path", sorted((SOURCE / "render" / "templates").glob("*.j2")), ids=lambda path: path.name)
def test_templates_say_nothing_themselves(path: Path) -> None:
    assert not re.search(r"[A-Za-z]{2,}", TEMPLATE.sub(" ", path.read_text(encoding="utf-8")))
    spoken = re.findall(
        r'(?:aria-label|alt|title|data-label)="([^"{]*[A-Za-z][^"{]*)', path.read_text(encoding="utf-8")
    )
    assert not spoken


@pytest.mark.parametrize(
    "text",
    [
        "The problem we agreed on",
        "Before",
        "{} in the last period",
        "<h2>How we know</h2>",
        "{}: not known.",
        "no facts",
    ],
)
def test_words_are_found_where_they_are(text: str) -> None:
    assert prose(text)


@pytest.mark.parametrize(
    "text",
    ["rk-num rk-now", '<td class="rk-num" data-label="{}">{}</td>', "before-after-{}", "%{customdata}<extra></extra>"],
)
def test_markup_and_names_are_no_words(text: str) -> None:
    assert not prose(text)
