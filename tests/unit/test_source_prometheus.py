"""A real Prometheus that scrapes a page of this test: good and all events of each window, in whatever pieces they are asked for."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reportkit.errors import SourceError
from reportkit.model.period import Quarter
from tests.servers.real import prometheus
from tests.servers.web import Answer, Server, serving
from tests.unit.sourcing import Read, facts, taken

GOOD = 'sum by (service) (increase(requests_total{code="200"}[$window]))'
TOTAL = "sum by (service) (increase(requests_total[$window]))"
STEP = 3


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with 18 seconds of scrapes: each adds 10 requests to shop, one of them a failure."""
    scrapes = count(1)

    def page(_: object) -> Answer:
        n = next(scrapes)
        text = (
            f'requests_total{{service="shop",code="200"}} {9 * n}\n'
            f'requests_total{{service="shop",code="500"}} {n}\nrequests_total{{service="search",code="200"}} {5 * n}\n'
        )
        return Answer(text.encode(), headers={"Content-Type": "text/plain; version=0.0.4"})

    with (
        serving({"/metrics": page}) as served,
        prometheus(tmp_path_factory.mktemp("prom"), served.url.removeprefix("http://")) as url,
    ):
        time.sleep(18)
        yield url


def settings(address: str, **more: Any) -> dict[str, Any]:
    slo = {"good": GOOD, "total": TOTAL, "objective": 0.99}
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    return {
        "type": "prometheus",
        "url": address,
        "window": f"{STEP}s",
        "since": yesterday,
        "slos": {"fast": slo},
        **more,
    }


def asked(address: str, query: str, moment: int) -> dict[str, float]:
    """The value of each service at a moment, by a query of its own."""
    text = urllib.parse.urlencode({"query": query.replace("$window", f"{STEP}s"), "time": moment})
    with urllib.request.urlopen(f"{address}/api/v1/query?{text}") as answer:
        found = json.loads(answer.read())["data"]["result"]
    return {one["metric"]["service"]: float(one["value"][1]) for one in found}


def test_windows_are_what_prometheus_says_at_their_ends(address: str, tmp_path: Path) -> None:
    """A day of windows of three seconds is more than Prometheus gives at once, so the range has to be split."""
    today = datetime.now(UTC).date()
    quarter = str(Quarter.of(today))
    manifest = taken(tmp_path, {"prom": settings(address)}, {"slo_windows": {"source": "prom"}}, quarter)
    found = facts(tmp_path, "slo_windows", "slo_window_id, service, epoch(started_at), good, total, objective", quarter)
    assert manifest.entities["slo_windows"].rejected_rows == 0
    assert {row[1] for row in found} == {"shop", "search"}
    assert len(found) >= 4
    for _, service, start, good, total, objective in found:
        moment = int(start) + STEP
        assert good == pytest.approx(asked(address, GOOD, moment)[service], rel=1e-3)
        assert total == pytest.approx(asked(address, TOTAL, moment)[service])
        assert moment % STEP == 0
        assert objective == 0.99
        assert good / total == pytest.approx({"shop": 0.9, "search": 1.0}[service])


def test_a_range_of_too_many_points_is_refused_by_prometheus_and_not_asked_by_us(address: str) -> None:
    now = int(time.time())
    text = urllib.parse.urlencode({"query": "up", "start": now - 86400, "end": now, "step": STEP})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(f"{address}/api/v1/query_range?{text}")


def test_pieces_of_any_size_give_the_same_windows_and_known_ones_are_not_asked_for_again(
    address: str, tmp_path: Path
) -> None:
    whole = Read(tmp_path / "a", settings(address, points=11000), "prom")
    count_ = "SELECT sum(len(from_json(points, '[\"JSON\"]'))) FROM prom_series WHERE begins::BIGINT <= {}"
    pieces = Read(tmp_path / "b", settings(address, points=997), "prom")
    until = whole.column("SELECT min(ends::BIGINT) FROM prom_series WHERE points <> '[]'")[0]
    assert whole.rows(count_.format(until)) != [(None,)]
    assert pieces.column("SELECT count(DISTINCT slo || kind) FROM prom_series") == [2]
    again = Read(tmp_path / "b", settings(address, points=997), "prom")
    assert again.column("SELECT count(*) FROM prom_series")[0] >= pieces.column("SELECT count(*) FROM prom_series")[0]


def test_a_query_that_is_none_is_told_in_prometheus_own_words(address: str, tmp_path: Path) -> None:
    wrong = {"fast": {"good": "sum(increase(x[", "total": TOTAL}}
    with pytest.raises(SourceError, match=r"does not understand the request \(400\): .*parse error"):
        Read(tmp_path, settings(address, slos=wrong))


def canned(values: dict[str, list[Any]]) -> Server:
    """A server that answers each query with one series."""

    def answer(asked: Any) -> Answer:
        result = [{"metric": {}, "values": values[asked.params["query"]]}] if asked.params["query"] in values else []
        return Answer({"status": "success", "data": {"resultType": "matrix", "result": result}})

    return Server({"/api/v1/query_range": answer})


def test_a_window_without_any_value_is_a_gap_and_good_never_beats_total(tmp_path: Path) -> None:
    start = int(datetime(2026, 5, 4, 1, tzinfo=UTC).timestamp())
    values = {
        "g": [[start, "10.0000001"], [start + 3600, "NaN"], [start + 7200, "0"], [start + 14400, "7"]],
        "t": [[start, "10"], [start + 3600, "4"], [start + 7200, "0"]],
    }
    server = canned(values)
    server.start()
    given = {
        **settings(server.url, window="1h", since="2026-05-01"),
        "slos": {"fast": {"good": "g", "total": "t", "service": "s"}},
    }
    manifest = taken(
        tmp_path, {"prom": given}, {"slo_windows": {"source": "prom"}}, rejected_at_most=1.0
    )  # fmt: skip
    server.stop()
    assert facts(tmp_path, "slo_windows", "epoch(started_at)::BIGINT, good, total") == [
        (start - 3600, 10.0, 10.0), (start + 3600, 0.0, 0.0),
    ]  # fmt: skip
    assert manifest.entities["slo_windows"].rejected == {"good is missing": 1}
