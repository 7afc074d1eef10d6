"""The preview shows a report on this machine, follows every edit, and says what is wrong with one."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reportkit.errors import ReportkitError, UnknownName
from reportkit.preview import preview
from reportkit.preview.serving import Stage, served
from tests.packs import SHOW, notebook, workspace

QUARTER = "2026-Q2"


def get(port: int, path: str, host: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{port}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def events(port: int) -> Iterator[dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    for line in answer:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def test_what_is_staged_is_served_to_this_machine_alone() -> None:
    stage = Stage()
    with served(stage, 'Executives "<b>"', 0) as address:
        port = int(address.rstrip("/").rsplit(":", 1)[1])
        assert "being made" in get(port, "/report")[1]
        stage.show("<p>one</p>", 0.5)
        assert get(port, "/report?1") == (200, "<p>one</p>")
        told = events(port)
        assert next(told) == {"version": 1, "error": "", "seconds": 0.5}
        threading.Timer(0.1, stage.complain, ("cell 3 failed", 0.1)).start()
        assert next(told) == {"version": 2, "error": "cell 3 failed", "seconds": 0.1}
        assert get(port, "/report")[1] == "<p>one</p>"
        status, shell = get(port, "/")
        assert (status, "EventSource" in shell, "<b>" in shell) == (200, True, False)
        assert get(port, "/", host="evil.example")[0] == 403
        assert get(port, "/params/organisation.yaml")[0] == 404
        with pytest.raises(ReportkitError, match=f"port {port} cannot be had"), served(stage, "", port):
            pass


def test_an_unknown_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'security'"):
        preview(workspace(tmp_path), QUARTER, "securty", 0, lambda _: None)


HEEDING = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from reportkit.cli import main
main()"""


def test_an_edit_is_seen_and_a_fault_is_said_and_ctrl_c_ends_it_all(tmp_path: Path) -> None:
    root, temporary = workspace(tmp_path / "w"), tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-c", HEEDING, "preview", "security", QUARTER, "--port", "0", "-w", str(root)]
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout
            port = int(re.search(r"127\.0\.0\.1:(\d+)/", process.stdout.readline())[1])  # type: ignore[index]
            told = (event for event in events(port) if event["version"])
            assert next(told)["error"] == ""
            assert "Answer for security" in get(port, "/report")[1]
            notebook(root, "security", SHOW, 'show("answer", "A new answer")')
            assert next(told)["error"] == ""
            assert "A new answer" in get(port, "/report")[1]
            notebook(root, "security", SHOW, "1 / 0")
            assert "cell 3 (`1 / 0`) failed: ZeroDivisionError" in str(next(told)["error"])
            assert "A new answer" in get(port, "/report")[1]
            brand = root / "params" / "_brand.yml"
            notebook(root, "security", SHOW, 'show("answer", "A third answer")')
            assert next(told)["error"] == ""
            brand.write_text("color: {primary: '#aa1155'}\n")
            assert next(told)["error"] == ""
            assert "#aa1155" in get(port, "/report")[1]
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, err) == (130, "reportkit: stopped; nothing half-made was left behind.\n")
    assert psutil.wait_procs(children, timeout=5)[1] == []
    time.sleep(0.2)
    assert list(temporary.iterdir()) == []
