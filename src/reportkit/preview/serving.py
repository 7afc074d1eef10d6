"""The page that shows a report as it is now: a shell that reloads it, served to this machine alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

from reportkit.errors import ReportkitError

HOST = "127.0.0.1"
OURS = ("127.0.0.1", "localhost")  # what a browser may call us; anything else is a foreign page that found our port
WAIT = 15.0  # seconds after which a sign of life is sent to a browser that waits


@dataclass(frozen=True)
class Shown:
    """What there is to see: the report's page, and what is wrong with the latest edit, if anything."""

    version: int = 0
    page: str = ""
    error: str = ""
    seconds: float = 0.0


class Stage:
    """Holds what is shown, and wakes whoever waits for something newer."""

    def __init__(self) -> None:
        self._shown = Shown()
        self._changed = threading.Condition()
        self.closed = False

    @property
    def shown(self) -> Shown:
        """What is shown now."""
        return self._shown

    def show(self, page: str, seconds: float) -> None:
        """Show this page."""
        self._put(Shown(self._shown.version + 1, page, "", seconds))

    def complain(self, error: str, seconds: float) -> None:
        """Keep the last good page, and say what is wrong."""
        self._put(Shown(self._shown.version + 1, self._shown.page, error, seconds))

    def _put(self, shown: Shown) -> None:
        with self._changed:
            self._shown = shown
            self._changed.notify_all()

    def close(self) -> None:
        """Let everybody go who waits."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def newer(self, version: int) -> Shown | None:
        """What is shown once it is newer than `version`; None where nothing came in WAIT seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._shown.version > version, WAIT)
            return self._shown if self._shown.version > version and not self.closed else None


@contextmanager
def served(stage: Stage, title: str, port: int) -> Iterator[str]:
    """The address at which the stage can be seen while the block runs. Raises ReportkitError where the port is taken."""
    handler = type("Handler", (_Handler,), {"stage": stage, "title": title})
    try:
        server = ThreadingHTTPServer((HOST, port), handler)
    except OSError as error:
        raise ReportkitError(f"port {port} cannot be had ({error.strerror}); choose another with --port.") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        stage.close()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """/ is the shell, /report the page itself, /events tells of each new version."""

    stage: Stage
    title: str
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a browser of this machine."""
        if (self.headers.get("Host") or "").rsplit(":", 1)[0] not in OURS:
            self._send(HTTPStatus.FORBIDDEN, "text/plain", "This preview is for this machine alone.")
        elif self.path == "/":
            shell = (files("reportkit.preview") / "shell.html").read_text(encoding="utf-8")
            self._send(HTTPStatus.OK, "text/html", shell.replace("__TITLE__", escape(self.title)))
        elif self.path.split("?")[0] == "/report":
            self._send(
                HTTPStatus.OK,
                "text/html",
                self.stage.shown.page or "<!DOCTYPE html><p>The first page is being made …</p>",
            )
        elif self.path == "/events":
            self._events()
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", "There is nothing here.")

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _events(self) -> None:
        """Server-sent events until the browser goes away."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        version = -1
        try:
            while not self.stage.closed:
                shown = self.stage.newer(version)
                if shown is None:
                    self.wfile.write(b": still here\n\n")
                else:
                    version = shown.version
                    told = {"version": version, "error": shown.error, "seconds": round(shown.seconds, 2)}
                    self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())
                self.wfile.flush()
        except OSError:
            pass  # it has gone
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server names it)
        """Nothing: the terminal shows what was made, not who looked."""
