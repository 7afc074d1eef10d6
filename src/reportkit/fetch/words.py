"""What went wrong between us and an API, as one sentence for a PM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from reportkit.errors import ReportkitError, SourceError
from reportkit.fetch.addresses import host_of
from reportkit.fetch.secrets import redact

STATUS = {
    401: "refuses the token (401): it is wrong or has expired; make a new one",
    403: "forbids this (403): the token lacks the permission to read {table}",
    404: "knows no such place (404: {path}), or hides it from this token: mend the names in sources.yaml, or give the token access",
    410: "has closed this off (410)",
    400: "does not understand the request (400){said}",
    422: "does not understand the request (422){said}",
    429: "has still too many requests (429); run it again later",
}


def explained(error: BaseException, source: str, host: str, kept: int) -> ReportkitError:
    """What stopped a fetch. `kept` pages wait in the journal for the next one."""
    where = f"source {source}"
    for cause in _causes(error):
        if isinstance(cause, ReportkitError):
            return cause
        answer = getattr(cause, "response", None)
        if answer is not None and answer.status_code:
            return SourceError(f"{host_of(host)} {_status(answer)}.{_kept(kept)}", where=where)
    for cause in _causes(error):
        if said := _network(cause, host_of(host)):
            return SourceError(f"{said}{_kept(kept)}", where=where)
    last = list(_causes(error))[-1]
    return SourceError(
        f"{host_of(host)} could not be read: {redact(' '.join(str(last).split()))[:300]}.{_kept(kept)}", where=where
    )


def _status(answer: Any) -> str:
    code = int(answer.status_code)
    if code in STATUS:
        table = answer.request.headers.get("X-Reportkit-Table", "it")
        return STATUS[code].format(table=table, path=urlsplit(str(answer.url)).path, said=_said(answer))
    return f"answers with an error ({code}), again and again; run it again later" if code >= 500 else f"answers {code}"


def _said(answer: Any) -> str:
    """What the API itself says about a request that it does not understand."""
    try:
        body = answer.json()
        text = str(body.get("error") or body.get("message") or body.get("errorMessages") or "")
    except (ValueError, AttributeError):
        return ""
    return f": {redact(' '.join(text.split()))[:200]}" if text else ""


def _network(error: BaseException, host: str) -> str | None:
    name, text = type(error).__name__, str(error)
    if name == "SSLError":
        return f"{host} shows a certificate that this machine does not trust; let its administrator mend it."
    if "Timeout" in name:
        return f"{host} does not answer in time; run it again later."
    if name in ("ConnectionError", "ChunkedEncodingError", "ProtocolError", "Broken"):
        if "cut short" in text or "IncompleteRead" in text or "broken" in text.lower():
            return f"{host} cuts its answers short, again and again; run it again later."
        return f"{host} cannot be reached; is the address right, and does this machine have a way there?"
    return None


def _kept(pages: int) -> str:
    return f" {pages:,} pages are kept; the next run goes on from there." if pages else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    seen: set[int] = set()
    here: BaseException | None = error
    while here is not None and id(here) not in seen:
        seen.add(id(here))
        yield here
        here = here.__cause__ or here.__context__
