"""What a claim had to survive: a row a guard, by needle, and what each found in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from reportkit.display import Block
from reportkit.english import tables as words
from reportkit.english.words import stopped
from reportkit.model.evidence import Evidence, Guard
from reportkit.model.needle import Needle

MOODS = {True: "good", False: "bad", None: "neutral"}


def guards_table(pairs: Sequence[tuple[Evidence, Needle]]) -> Block | None:
    """The guards of each needle whose interval leaves out no change; None where there is none.

    Where the interval includes it there is no claim that could survive anything.
    """
    chosen = [(e, n) for e, n in pairs if e.sampled is not None and e.sampled.excludes(e.neutral) and e.guards]
    if not chosen:
        return None
    body = Markup("").join(_rows(needle, evidence.guards) for evidence, needle in chosen)
    head = Markup("").join(
        Markup('<th scope="col" role="columnheader" class="rk-{}">{}</th>').format(style, label)
        for style, label in (
            ("name", words.NEEDLE),
            ("text", words.AGAINST),
            ("verdict", words.RESULT),
            ("text", words.FOUND),
        )
    )
    html = Markup(
        "<h3>{}</h3>"
        '<table class="rk-guards" role="table"><thead role="rowgroup"><tr role="row">{}</tr></thead>{}</table>'
    ).format(words.SURVIVED, head, body)
    plain = "\n".join(
        words.guard_row(n.label, _name(g), words.PASSED[g.passed], g.text) for e, n in chosen for g in e.guards
    )
    return Block("guards", html, f"{words.SURVIVED}\n{plain}")


def _name(guard: Guard) -> str:
    return words.GUARDS.get(guard.name, guard.name)


def _rows(needle: Needle, guards: Sequence[Guard]) -> Markup:
    """The rows of one needle, its name once beside them."""
    first = Markup('<th scope="rowgroup" role="rowheader" class="rk-name" rowspan="{}">{}</th>')
    rows = [
        Markup(
            '<tr role="row">{}<td role="cell" class="rk-text" data-label="{}">{}</td>'
            '<td role="cell" data-label="{}"><span class="rk-verdict rk-{}">{}</span></td>'
            '<td role="cell" class="rk-text" data-label="{}">{}</td></tr>'
        ).format(
            first.format(len(guards), needle.label) if i == 0 else "",
            words.AGAINST,
            _name(guard),
            words.RESULT,
            MOODS[guard.passed],
            words.PASSED[guard.passed],
            words.FOUND,
            stopped(guard.text),
        )
        for i, guard in enumerate(guards)
    ]
    return Markup('<tbody role="rowgroup">{}</tbody>').format(Markup("").join(rows))
