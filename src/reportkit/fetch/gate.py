"""The one way out to an API: to its own host alone, with the token put on at the last moment, waiting where it says wait.

It sits below dlt's session, which follows pages, redirects and retries. So whatever dlt or requests make of a `next` link
or a redirect, the token goes to no other host, and nothing but the kept fields of an answer comes back from here.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as Broken

from reportkit.errors import SourceError
from reportkit.fetch.addresses import host_of
from reportkit.fetch.journal import Journal, Page
from reportkit.fetch.people import People
from reportkit.fetch.place import Progress
from reportkit.fetch.records import Seen, Table, reduced

MARK = "X-Reportkit-Table"  # which table a request is for; taken off before it is sent
LIMITED = (403, 429)
LEFT = ("x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining")
AGAIN = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")
KEPT_HEADERS = ("Link", "X-Next-Page", "X-Total-Count")
SENSITIVE = ("Authorization", "Private-Token", "Cookie", "Proxy-Authorization")
EPOCH = 10**9  # a larger number is a moment, a smaller one a span of seconds

Authorise = Callable[[MutableMapping[Any, Any]], None]


def no_token(_: MutableMapping[Any, Any]) -> None:
    """For an API that asks for none."""


@dataclass
class Budget:
    """How many seconds may be waited for an API altogether."""

    seconds: float
    spent: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, seconds: float) -> bool:
        """Whether so many seconds are left; they are spent then."""
        with self.lock:
            if self.spent + seconds > self.seconds:
                return False
            self.spent += seconds
            return True


@dataclass
class Told:
    """What a gate works with: the source's name, people, tables, journal, and who hears of progress."""

    source: str
    tables: Mapping[str, Table]
    people: People
    journal: Journal
    progress: Progress
    seen: dict[str, Seen] = field(default_factory=dict)
    pages: int = 0
    lists: set[str] = field(default_factory=set)
    followed: bool = False  # whether some list went over several pages

    @property
    def where(self) -> str:
        """How errors name the source."""
        return f"source {self.source}"


class Gate(HTTPAdapter):
    """Sends requests to one host. Raises SourceError for any other, and once the budget of waiting is spent."""

    def __init__(self, address: str, authorise: Authorise, told: Told, budget: Budget) -> None:
        super().__init__(pool_maxsize=16)
        self._home = host_of(address)
        self._authorise = authorise
        self._told = told
        self._budget = budget

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """The answer, its records reduced to what is kept; from the journal where an earlier fetch had it."""
        address = str(request.url)
        self._may(address)
        table = self._told.tables[str(request.headers[MARK])]
        if page := self._told.journal.get(address):
            return _replayed(request, page)
        sent = request.copy()
        for name in (MARK, *SENSITIVE):
            sent.headers.pop(name, None)
        self._authorise(sent.headers)
        response = super().send(sent, *args, **kwargs)
        response.request = request  # without the token
        _ = response.content  # here, where a broken answer is tried again
        self._wait(response)
        if response.status_code == 200:
            self._keep(address, response, table)
        return response

    def _may(self, address: str) -> None:
        if host_of(address) != self._home:
            raise SourceError(
                f"{self._home} points to another host, {host_of(address)}; nothing was sent there, the token least of "
                "all. If the API has moved, mend the address in sources.yaml.",
                where=self._told.where,
            )

    def _keep(self, address: str, response: Response, table: Table) -> None:
        told = self._told
        body = reduced(
            _parsed(response, told.where), table, told.people, told.seen.setdefault(table.name, Seen()), told.where
        )
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        told.journal.put(address, Page(headers, body))
        told.pages += 1
        path = address.partition("?")[0]
        told.followed = told.followed or path in told.lists
        told.lists.add(path)
        told.progress(f"{told.source}: {told.pages:,} pages, now {table.name}")
        _fill(response, body)

    def _wait(self, response: Response) -> None:
        """Tell the session how long to wait where a limit is reached. Raises SourceError once that is too long."""
        seconds = _seconds_to_wait(response)
        if seconds is None:
            return
        seconds = int(seconds) + 1 + random.randint(0, int(seconds) // 20)  # noqa: S311  so that many do not return at once
        if not self._budget.take(seconds):
            raise SourceError(
                f"{self._home} lets us wait {_span(seconds)} for its rate limit, and `patience` allows "
                f"{_span(self._budget.seconds)} in all; {self._told.journal.pages:,} pages are kept, so run it again later "
                "and it goes on from there.",
                where=self._told.where,
            )
        self._told.progress(f"{self._told.source}: its rate limit is reached; waiting {_span(seconds)}")
        response.headers["Retry-After"] = str(seconds)


def _parsed(response: Response, where: str) -> Any:
    """The answer's JSON. Raises Broken, which is tried again, where it was cut short, and SourceError where it is none."""
    try:
        return json.loads(response.content)
    except ValueError:
        if "html" in response.headers.get("Content-Type", ""):
            raise SourceError(
                "the answer is a page for people, not data; is the address in sources.yaml that of the API?",
                where=where,
            ) from None
        raise Broken("the answer was cut short") from None


def _seconds_to_wait(response: Response) -> float | None:
    """How long a limited answer asks to wait, None where it is not limited."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.status_code not in (*LIMITED, 503):
        return None
    if (after := headers.get("retry-after")) is not None:
        return _span_of(after)
    if response.status_code == 503 or not any(headers.get(name, "").strip() == "0" for name in LEFT):
        return None
    return next((_span_of(headers[name]) for name in AGAIN if name in headers), None)


def _span_of(text: str) -> float:
    """Seconds from now, of a number of seconds, a moment in seconds since 1970, an ISO time or an HTTP date."""
    from email.utils import parsedate_to_datetime

    try:
        number = float(text)
    except ValueError:
        pass
    else:
        return max(0.0, number - time.time() if number > EPOCH else number)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text.replace("Z", "+00:00") if read is datetime.fromisoformat else text)
        except ValueError:
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return 60.0


def _span(seconds: float) -> str:
    """'42 s', '12 min', '3 h'."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _replayed(request: PreparedRequest, page: Page) -> Response:
    response = Response()
    response.status_code, response.reason = 200, "OK"
    response.request, response.url = request, str(request.url)
    response.headers.update(page.headers)
    _fill(response, page.body)
    return response


def _fill(response: Response, body: Any) -> None:
    """Give an answer another body."""
    response._content = json.dumps(body).encode()  # noqa: SLF001  (requests has no other way)
    response._content_consumed = True  # noqa: SLF001
    response.headers.pop("Content-Encoding", None)
    response.headers["Content-Type"] = "application/json"
    response.encoding = "utf-8"
