"""100,000 commits in a clone: seconds to read its story, against `git log` printing the same commits and nothing else.

Run it with `python benchmarks/git.py [commits]`. A commit in ten is a merge of a branch of three, one in a hundred is tagged.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from reportkit.fetch.place import Place
from reportkit.sources.git import Spec, read


def make(folder: Path, count: int) -> None:
    """A bare repository made by fast-import."""
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    with subprocess.Popen(
        ["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        out, mark, main = process.stdin, 0, 0
        while mark < count:
            line = [main] if main else []
            for _ in range(3 if mark % 10 == 0 and main else 1):
                mark += 1
                out.write(commit(mark, "refs/heads/side" if line and mark % 10 < 4 else "refs/heads/main", line[-1:]))
                line.append(mark)
            if len(line) > 2:
                mark += 1
                out.write(commit(mark, "refs/heads/main", [main, line[-1]]))
                line.append(mark)
            main = line[-1]
            if mark % 100 < 3:
                out.write(f"reset refs/tags/v0.{mark}\nfrom :{main}\n\n")
        out.write(f"reset refs/heads/main\nfrom :{main}\n\n")


def commit(mark: int, ref: str, parents: list[int]) -> str:
    at = 1_400_000_000 + mark * 600
    who = f"Dev {mark % 300} <dev{mark % 300}@example.com> {at} +0000"
    text = f"feat(part{mark % 40}): step {mark}"
    head = f"commit {ref}\nmark :{mark}\nauthor {who}\ncommitter {who}\ndata {len(text)}\n{text}\n"
    links = "".join(f"{'from' if i == 0 else 'merge'} :{parent}\n" for i, parent in enumerate(parents))
    return f"{head}{links}\n"


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        make(root / "big.git", count)
        start = time.perf_counter()
        log = ["git", "-C", str(root / "big.git"), "log", "--format=%H%x00%P%x00%at%x00%ct%x00%aN%x00%aE%x00%B", "main"]
        subprocess.run(log, check=True, stdout=subprocess.DEVNULL)
        least = time.perf_counter() - start
        (root / "scratch").mkdir()
        with duckdb.connect() as connection:
            start = time.perf_counter()
            read(Spec(type="git", paths=("big.git",)), "git", Place(root, connection, root / "scratch"))
            seconds = time.perf_counter() - start
            changes = connection.execute("SELECT count(*) FROM git_changes").fetchall()[0][0]
    print(
        f"{count:,} commits, {changes:,} changes: {seconds:.1f} s, {seconds / least:.1f} times git log alone ({least:.1f} s)"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
