"""An executed notebook with invented evidence for every verdict: what the pages are tried on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import nbformat
import numpy as np
import pandas as pd
from markupsafe import Markup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from reportkit.display import Block, Figure, Page
from reportkit.figures.before_after import before_after
from reportkit.figures.evidence_table import evidence_table
from reportkit.figures.needle_table import Row, needle_table
from reportkit.figures.path import Steps, path_to_production
from reportkit.figures.strip import Cell, strip
from reportkit.model import unit
from reportkit.model.brand import Brand
from reportkit.model.evidence import Evidence, Grade, Interval, Level, Verdict
from reportkit.model.needle import Needle
from reportkit.model.params import Proof
from reportkit.model.period import Window
from reportkit.needles import find

BRAND = Brand()
FOUND = (
    "Lead time for changes fell from 14.2 to 4.1 days in the four proof teams, while five comparison teams went from 13.1 to 13.6 days: "
    "71% shorter than expected without the proof (95% CI 60–78%)."
)
START = date(2026, 6, 29)
BEFORE, AFTER = Window(START - timedelta(weeks=13), START), Window(START, START + timedelta(weeks=13))
PROOF = Proof(
    name="The paved road",
    tried="one shared path to production",
    treated=("payments", "ledger", "cards", "payouts"),
    start=START,
    read_out=date(2026, 10, 1),
    comparison="all others",
    headline=("lead_time_for_changes",),
)


@dataclass(frozen=True)
class World:
    """What an invented evidence is made of."""

    needle: str = "lead_time_for_changes"
    verdict: Verdict = Verdict.MOVED
    grade: Grade = Grade.A
    levels: tuple[float, float] = (14.2, 4.1)
    compared: tuple[float, float] | None = (13.1, 13.6)
    interval: tuple[float, float] | None = (0.22, 0.40)
    noise: float = 0.12
    gaps: tuple[int, ...] = ()
    facts: tuple[int, int] = (412, 398)
    seed: int = 7


def invent(world: World) -> tuple[Evidence, Needle]:
    """An evidence with a weekly series, and its needle."""
    needle = find(world.needle)
    weekly = pd.concat([_series(world, "treated", world.levels, 1), *_compared(world)], ignore_index=True)
    before, after = (_level(v, n, w) for v, n, w in zip(world.levels, world.facts, (BEFORE, AFTER), strict=True))
    theirs = (
        [_level(v, 900, w) for v, w in zip(world.compared, (BEFORE, AFTER), strict=True)]
        if world.compared
        else [None, None]
    )
    scale = needle.kind.scale
    effect = world.levels[1] / world.levels[0] if scale == "ratio" else world.levels[1] - world.levels[0]
    evidence = Evidence(
        needle=needle.key, proof="paved_road", kind=needle.kind.name, better=needle.better, scale=scale,
        verdict=world.verdict, grade=world.grade, reason="the interval includes no change.", design="before and after",
        before=before, after=after, comparison_before=theirs[0], comparison_after=theirs[1], effect=effect,
        interval=Interval(*world.interval) if world.interval else None, statistic="median",
        teams=PROOF.treated, comparison_teams=("a", "b", "c", "d", "e") if world.compared else (), headline=True, weekly=weekly,
    )  # fmt: skip
    return evidence, needle


def _level(value: float, facts: int, window: Window) -> Level:
    return Level(value, facts, facts, 4, 13, window)


def _series(world: World, group: str, levels: tuple[float, float], seed: int) -> pd.DataFrame:
    noise = np.random.default_rng(world.seed + seed)
    frames = []
    for phase, level, window in (("before", levels[0], BEFORE), ("after", levels[1], AFTER)):
        base = level if math.isfinite(level) else 20.0
        values = base * np.exp(noise.normal(0, world.noise, 13))
        values[[i for i in world.gaps if i < 13]] = np.nan
        frames.append(
            pd.DataFrame(
                {"week": pd.to_datetime(list(window.weeks)), "value": values, "facts": np.where(np.isnan(values), 0, 31),
                 "group": group, "phase": phase}
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _compared(world: World) -> list[pd.DataFrame]:
    return [_series(world, "comparison", world.compared, 2)] if world.compared else []


WORLDS = {
    Verdict.MOVED: World(),
    Verdict.GOT_WORSE: World("pull_request_merge_time", Verdict.GOT_WORSE, levels=(1.2, 2.9), compared=(1.1, 1.2), interval=(1.6, 3.4)),
    Verdict.NOT_SHOWN: World("features_released", Verdict.NOT_SHOWN, Grade.B, (6.0, 8.0), None, (0.8, 2.1), 0.4, facts=(18, 24)),
    Verdict.HELD: World("deployment_frequency", Verdict.HELD, Grade.A, (12.4, 12.9), (40.0, 41.0), (0.95, 1.13), 0.3),
    Verdict.NO_MATERIAL_CHANGE: World("deployment_frequency", Verdict.NO_MATERIAL_CHANGE, Grade.B, (12.4, 12.1), None, (0.94, 1.04)),
    Verdict.NOT_ENOUGH_DATA: World("engineer_onboarding", Verdict.NOT_ENOUGH_DATA, Grade.C, (math.nan, 31.0), None, None, 0.8, (1, 2, 5, 6, 7), (4, 3)),
    Verdict.INTERIM: World("release_wait", Verdict.INTERIM, Grade.A, (8.7, 3.3), (8.8, 9.1), None),
}  # fmt: skip


def pairs() -> list[tuple[Evidence, Needle]]:
    """One evidence a verdict, each of another needle."""
    return [invent(world) for verdict, world in WORLDS.items() if verdict is not Verdict.NO_MATERIAL_CHANGE]


def answer() -> Page:
    html = Markup('<h1>{}</h1><p class="rk-lede">{}</p>').format(
        "Changes now reach production in 4 days instead of 14.",
        "Four teams tried one shared path to production for 13 weeks. Their lead time for changes fell from 14.2 to 4.1 days, "
        "while five teams that carried on as before went from 13.1 to 13.6 days. One needle got worse: pull request merge time "
        "rose from 1.2 to 2.9 days.",
    )
    cells = [
        Cell("Lead time for changes, proof teams", "4.1 days", Verdict.MOVED, True, "−71%, 95% CI −78 to −60%"),
        Cell(
            "Pull request merge time, proof teams", "2.9 days", Verdict.GOT_WORSE, False, "+142%, 95% CI +60 to +240%"
        ),
        Cell("User-facing features released", "8 a month", Verdict.NOT_SHOWN, True, "+33%, 95% CI −20 to +110%"),
        Cell("Deployment frequency", "12.9 a week", Verdict.HELD, True, "+4%, 95% CI −5 to +13%"),
    ]
    return Page((Block("answer", html, "answer"), strip(cells)))


def section(title: str, *paragraphs: str) -> Block:
    html = Markup("<h2>{}</h2>").format(title) + Markup("").join(Markup("<p>{}</p>").format(p) for p in paragraphs)
    return Block("section", html, title)


def paragraph(text: str) -> Block:
    return Block("section", Markup("<p>{}</p>").format(text), text)


def note(text: str) -> Block:
    return Block("note", Markup("<p>{}</p>").format(text), text)


def heading(title: str) -> Block:
    return Block("heading", Markup("<h2>{}</h2>").format(title), title)


def path_figure() -> Figure:
    names = (
        ("Coding", False),
        ("Waiting for review", True),
        ("Review", False),
        ("Waiting to merge", True),
        ("Waiting for release", True),
    )
    rows = [
        Steps(label, tuple((n, d, w) for (n, w), d in zip(names, days, strict=True)), 412, total, window.label)
        for label, days, total, window in (
            ("Before", (1.6, 3.0, 0.9, 5.1, 3.6), 14.2, BEFORE),
            ("After", (1.5, 1.1, 0.3, 0.4, 0.8), 4.1, AFTER),
        )
    ]
    return path_to_production(rows, unit.DAYS, BRAND)


def needles_block() -> Block:
    history = {"lead_time_for_changes": (15.2, 14.9, math.nan, 14.1, 13.8, 14.4, 13.9, 14.2, 4.1)}
    owners = ("Platform", "Head of Engineering")
    rows = [
        Row(n, owners, e.before.value, e.after.value, 5.0 if n.key == "lead_time_for_changes" else None,
            history.get(n.key, (9.1, 8.8, 8.9, 9.3, 9.0, 8.7, 9.9, 8.4, 8.7)), e)
        for e, n in pairs()
    ]  # fmt: skip
    return needle_table(rows, ("Q2 2026", "Q3 2026"), BRAND)


def who() -> Block:
    html = Markup("<h2>Who else had this problem</h2><ul><li><strong>{}</strong> {} <cite>{}</cite></li></ul>").format(
        "19%", "of the teams surveyed reach elite delivery; the others wait for someone.", "DORA report, 2024"
    )
    return Block("who", html, "who")


def ask() -> Block:
    html = Markup('<p class="rk-ask-for"><strong>We ask for: {}</strong></p><p>{}</p>').format(
        "funding to bring the next 12 teams onto the path in Q4.",
        "If their lead time does not fall below 6 days by 31 December, we stop and report why.",
    )
    return Block("ask", html, "ask")


def facts() -> Block:
    rows = (
        ("Changes", "2 412 facts from changes.csv (SHA-256 0a1b2c3d4e5f); 310 rows set aside as bots; 3 rows rejected: merged before it was opened."),
        ("Lead time for changes", "How long does a change take from first commit to production? Median of the changes deployed."),
        ("Method", "Kaplan–Meier medians by window and team, weighted alike in both windows; the widest of three rulers; Holm over the headline needles."),
    )  # fmt: skip
    listed = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*row) for row in rows)
    return Block("facts", Markup("<h2>How we know</h2><dl>{}</dl>").format(listed), "facts")


def doubts() -> Block:
    html = Markup("<h3>Why this page claims no more</h3><ul><li>{}</li><li>{}</li></ul>").format(
        "A hiring freeze began in the same weeks.", "Features released: the interval includes no change."
    )
    return Block("doubts", html, "doubts")


def shown(part: Page | Block | Figure) -> NotebookNode:
    """A code cell whose output is the part."""
    page = part if isinstance(part, Page) else Page((part,))
    output = new_output("execute_result", data=page._repr_mimebundle_(), execution_count=1)
    return new_code_cell("report.part()", outputs=[output])


def plain(*outputs: NotebookNode) -> NotebookNode:
    return new_code_cell("secret_input()", outputs=list(outputs))


def data(**bundle: object) -> NotebookNode:
    return new_output("display_data", data={key.replace("__", "/"): value for key, value in bundle.items()})


def notebook(*cells: NotebookNode) -> NotebookNode:
    made = new_notebook(cells=list(cells))
    nbformat.validate(made)
    return made


def executive() -> NotebookNode:
    """A whole report."""
    moved = invent(WORLDS[Verdict.MOVED])
    return notebook(
        new_code_cell('audience = "executives"', metadata={"tags": ["parameters"]}),
        new_code_cell("from reportkit import open_report", outputs=[new_output("stream", name="stderr", text="noise")]),
        shown(answer()),
        shown(section("The problem we agreed on", "“Product delivery is too slow.” In Q2 2026, a change took 14.2 days to reach production (412 changes).")),
        shown(Page((
            heading("What the proof of concept showed: the paved road"),
            before_after(*moved, PROOF, BRAND),
            paragraph(FOUND),
            evidence_table(pairs()),
            doubts(),
        ))),
        shown(Page((heading("Where the waiting went"), path_figure()))),
        shown(Page((heading("The needles we own together"), needles_block(), note("Not in this report for want of data.")))),
        shown(who()),
        new_markdown_cell("## A word from the analyst\n\nPlain **Markdown**, with a [link](https://example.org) and a list:\n\n- one\n- two"),
        plain(data(text__html=frame()._repr_html_(), text__plain="frame")),
        plain(new_output("stream", name="stdout", text="rows read: 12\n")),
        plain(new_output("display_data", data={"application/vnd.plotly.v1+json": plotly_figure(), "text/plain": "Figure"})),
        shown(ask()),
        shown(facts()),
    )  # fmt: skip


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "team": ["payments", "ledger", "<script>alert(1)</script>"],
            "changes": [1204, 88, 3],
            "median days": [4.1, 3.25, float("nan")],
        }
    ).set_index("team")


def plotly_figure() -> dict[str, object]:
    return {
        "data": [
            {"type": "bar", "name": "hotfix", "x": ["payments", "ledger", "cards"], "y": [3, 5, 2]},
            {"type": "bar", "name": "feature", "x": ["payments", "ledger", "cards"], "y": [8, 4, 6]},
        ],
        "layout": {
            "title": {"text": "Changes by type"},
            "yaxis": {"title": {"text": "changes"}},
            "template": {"layout": {}},
        },
    }


def sheet_fields() -> dict[str, object]:
    return {
        "title": "Changes now reach production in 4 days instead of 14.",
        "organisation": "Northwind", "report": "Platform value report", "audience": "Executives", "quarter": "Q3 2026",
        "window": "1 Jul – 30 Sep 2026", "notice": "Northwind is invented, and so are its numbers.", "language": "en",
        "page": "A4", "brand": BRAND, "source_date": datetime(2026, 10, 1, tzinfo=UTC),
    }  # fmt: skip
