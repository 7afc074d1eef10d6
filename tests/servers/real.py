"""Real servers that tests start on loopback: Prometheus and PostgreSQL, as Debian packages them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def prometheus(folder: Path, target: str, interval: str = "1s") -> Iterator[str]:
    """The address of a Prometheus that scrapes `target` (host:port) every `interval`."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("no prometheus here: apt-get install prometheus")
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "prometheus.yml"
    config.write_text(
        f"global: {{scrape_interval: {interval}}}\n"
        f"scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    port = free_port()
    command = [
        binary, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready").status == 200)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of an empty database of a new PostgreSQL, which lives in `folder`."""
    binaries = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = next((b for b in binaries if (b / "initdb").is_file()), None)
    if found is None:
        pytest.skip("no postgresql here: apt-get install postgresql")
    who = _unprivileged(folder)
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run(
            command, check=True, capture_output=True, cwd=folder, user=who, group=who and pwd.getpwuid(who).pw_gid
        )

    run(str(found / "initdb"), "-D", str(data), "-U", "reader", "--auth=trust", "--no-sync", "-E", "UTF8")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    run(str(found / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://reader@127.0.0.1:{port}/postgres"
    finally:
        _unprivileged(folder)  # another pytest that has started meanwhile has locked its user out again
        run(str(found / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


def _unprivileged(folder: Path) -> int | None:
    """Somebody who owns the folder and is not root, for as root PostgreSQL refuses to run; None where we are not root."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    who = known.get("postgres", known["nobody"])
    os.chown(folder, who, pwd.getpwuid(who).pw_gid)
    for parent in folder.parents:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return who


def _until(ready: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if ready():  # type: ignore[operator]
                return
        except OSError:
            pass
        if time.monotonic() > end:
            raise TimeoutError("the server did not get ready")
        time.sleep(0.1)
