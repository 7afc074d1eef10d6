"""100,000 pull requests through a local server, 100 a page: seconds, memory, and a second extract in which nothing is new.

Run it with `python benchmarks/github.py [pull requests]`. The server is a process of its own and gives records as large as
GitHub's (20 kB); the extract is a process of its own, whose peak memory is told. The ratio is against asking for the same
pages one after another and parsing them, without keeping anything: the least that any extract has to do.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

PAGE = 100
FILLING = "x" * 17_000


def serve(count: int, ready: multiprocessing.Queue) -> None:
    """A repository of `count` pull requests, the last updated first; not merged, so that no details are asked for."""
    repository = {
        "id": 1,
        "full_name": "acme/shop",
        "default_branch": "main",
        "topics": [],
        "fork": False,
        "archived": False,
    }

    def pull(n: int) -> bytes:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_767_225_600 + n * 150))
        return json.dumps({
            "id": 10**10 + n, "number": n, "url": f"http://127.0.0.1/repos/acme/shop/pulls/{n}", "title": f"change {n}",
            "user": {"login": f"user{n % 500}"}, "state": "open", "labels": [], "draft": False, "created_at": at, "updated_at": at,
            "closed_at": None, "merged_at": None, "merge_commit_sha": f"{n:040x}", "base": {"ref": "main", "repo": repository}, "body": FILLING,
        }).encode()  # fmt: skip

    class Handle(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            page = int(dict(parse_qsl(parts.query)).get("page", 1))
            link = ""
            if parts.path.endswith("/pulls"):
                first = count - (page - 1) * PAGE
                body = b"[" + b",".join(pull(n) for n in range(first, max(0, first - PAGE), -1)) + b"]"
                if first > PAGE:
                    rest = parts.query.split("&page=")[0]
                    link = f'<http://{self.headers["Host"]}{parts.path}?{rest}&page={page + 1}>; rel="next"'
            else:
                body = json.dumps(repository).encode() if parts.path.endswith("/shop") else b"[]"
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if link:
                self.send_header("Link", link)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handle)
    ready.put(server.server_address[1])
    server.serve_forever()


def extract(root: Path, port: int, told: multiprocessing.Queue) -> None:
    """One extract of changes; tells seconds, seconds of the processor, peak MiB and facts."""
    from reportkit.model.params import Organisation, Sources
    from reportkit.model.period import Quarter
    from reportkit.snapshot import take

    settings = {
        "type": "github",
        "url": f"http://127.0.0.1:{port}",
        "repositories": ["acme/shop"],
        "since": "2025-12-01",
    }
    entities = {"changes": {"source": "github", "where": "true"}}
    sources = Sources.model_validate({"sources": {"github": settings}, "entities": entities})
    start = time.perf_counter()
    manifest = take(sources, Organisation(name="Acme"), Quarter.parse("2026-Q4"), root)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told.put((time.perf_counter() - start, time.process_time(), peak, manifest.entities["changes"].rows_in))


def bare(port: int) -> tuple[float, float]:
    """Seconds, and seconds of the processor, to ask for every page and parse it."""
    start, used, address = (
        time.perf_counter(),
        time.process_time(),
        f"http://127.0.0.1:{port}/repos/acme/shop/pulls?per_page=100",
    )
    while address:
        with urllib.request.urlopen(address) as answer:
            json.loads(answer.read())
            link = answer.headers.get("Link", "")
        address = link.partition(">")[0].removeprefix("<")
    return time.perf_counter() - start, time.process_time() - used


def main(count: int) -> None:
    context = multiprocessing.get_context("spawn")
    ready, told = context.Queue(), context.Queue()
    server = context.Process(target=serve, args=(count, ready), daemon=True)
    server.start()
    port = ready.get()
    with tempfile.TemporaryDirectory() as folder:
        results = []
        for _ in range(2):
            process = context.Process(target=extract, args=(Path(folder), port, told))
            process.start()
            results.append(told.get())
            process.join()
        least = bare(port)
    for name, (seconds, used, peak, rows) in zip(("first", "nothing new"), results, strict=True):
        print(f"{name:12} {seconds:6.1f} s  ({used:5.1f} s of its processor)  {peak:6.0f} MiB  {rows:,} pull requests")
    print(f"pages alone  {least[0]:6.1f} s  ({least[1]:5.1f} s of its processor)")
    print(
        f"the first extract takes {results[0][0] / least[0]:.1f} times as long as its pages alone, with the server on the same machine"
    )
    server.terminate()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
