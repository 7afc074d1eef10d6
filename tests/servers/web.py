"""An HTTP server in a thread: paths to functions, every request noted, faults on demand."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"

    def number(self, name: str, default: int) -> int:
        return int(self.params.get(name, default))


@dataclass
class Answer:
    """One answer: a body that becomes JSON (bytes stay as they are), status, headers; `cut` sends only half of it."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False


Handler = Callable[[Asked], Answer]
Fault = Callable[[int, Asked], Answer | None]


class Server:
    """Serves what `routes` (regular expression → function) say; `asked` has every request."""

    def __init__(self, routes: dict[str, Callable[..., Answer]], fault: Fault | None = None) -> None:
        self.routes = {re.compile(pattern): handler for pattern, handler in routes.items()}
        self.fault = fault
        self.asked: list[Asked] = []
        self._lock = threading.Lock()  # or two at once would both be the fifth, and none the fourth
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            count = len(self.asked)
        if self.fault and (found := self.fault(count, asked)):
            return found
        for pattern, handler in self.routes.items():
            if match := pattern.fullmatch(asked.path):
                return handler(asked, *match.groups())
        return Answer({"message": "Not Found"}, 404)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handle(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                length = int(headers.get("content-length", 0))
                params = dict(parse_qsl(parts.query, keep_blank_values=True))
                if length:
                    params |= dict(parse_qsl(self.rfile.read(length).decode()))
                _send(self, server.answer(Asked(parts.path, params, headers, self.command)))

            def do_POST(self) -> None:
                self.do_GET()

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with suppress(OSError):
                    super().handle()

        return Handle

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if answer.drop:
        handler.close_connection = True
        handler.connection.close()
        return
    data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    handler.send_response(answer.status)
    for name, value in {"Content-Type": "application/json; charset=utf-8", **answer.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(data[: len(data) // 2] if answer.cut else data)
    handler.close_connection = handler.close_connection or answer.cut


@contextmanager
def serving(routes: dict[str, Callable[..., Answer]], fault: Fault | None = None) -> Iterator[Server]:
    server = Server(routes, fault)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def linked(rows: list[Any], asked: Asked, base: str, *, per_page: int | None = None) -> Answer:
    """A page of a list as GitHub and GitLab give it: `page` and `per_page`, the next one in the header Link."""
    size, page = per_page or asked.number("per_page", 30), asked.number("page", 1)
    found = rows[(page - 1) * size : page * size]
    headers = {}
    if page * size < len(rows):
        rest = "&".join(f"{k}={v}" for k, v in asked.params.items() if k != "page")
        headers["Link"] = (
            f'<{base}{asked.path}?{rest}&page={page + 1}>; rel="next", <{base}{asked.path}?page=99>; rel="last"'
        )
    return Answer(found, headers=headers)
