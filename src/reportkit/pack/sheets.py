"""What a page needs to know of its quarter and its workspace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from reportkit import render
from reportkit.model.period import Quarter
from reportkit.workspace import Workspace


def source_date(workspace: Workspace, quarter: str) -> datetime:
    """The quarter's end in UTC: the date of everything that a build writes."""
    return workspace.period(quarter).window.instants(workspace.organisation.time_zone)[1].astimezone(UTC)


def sheet(workspace: Workspace, quarter: str, title: str, audience: str) -> render.Sheet:
    """Running heads, language, paper and brand of a report of this quarter."""
    organisation, period = workspace.organisation, workspace.period(quarter)
    return render.Sheet(
        title=title, organisation=organisation.name, report=organisation.report, audience=audience,
        quarter=period.label, window=_days(period), notice=organisation.notice, language=organisation.language,
        page=organisation.page, brand=workspace.brand, source_date=source_date(workspace, quarter),
    )  # fmt: skip


def entries(workspace: Workspace, whole: Mapping[str, Any]) -> list[render.Entry]:
    """The lines of the index: every report of the record, in the order of the audiences."""
    order = {name: i for i, name in enumerate(workspace.audiences)}
    return [
        render.Entry(
            audience=report["title"], title=report["headline"], pdf=f"{name}.pdf", html=f"{name}.html",
            verdicts=_verdicts(report["numbers"]),
        )
        for name, report in sorted(whole["reports"].items(), key=lambda item: (order[item[1].get("audience", item[0])], item[0]))
    ]  # fmt: skip


def verdicts(whole: Mapping[str, Any]) -> dict[str, int]:
    """How many needles of the proofs have each verdict, each counted once however many reports tell of it."""
    return _verdicts(number for report in whole["reports"].values() for number in report["numbers"])


def _days(period: Quarter) -> str:
    """'1 Jul – 30 Sep': the quarter's label has the year."""
    return period.window.label.rsplit(" ", 1)[0]


def _verdicts(numbers: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many needles of the proofs have each verdict."""
    each = {(n["proof"], n["needle"]): n["verdict"] for n in numbers if n.get("proof") and n.get("verdict")}
    return dict(sorted(Counter(each.values()).items()))
