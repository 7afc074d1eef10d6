"""Importing with little: a library hidden, run when it is asked for, or imported when it is called."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reportkit.lean import later, on_call, replaced, without


def test_a_library_is_hidden_from_its_thread_alone_and_for_the_block() -> None:
    found: list[object] = []
    with without("this"), contextlib.redirect_stdout(io.StringIO()):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("this")
        other = threading.Thread(target=lambda: found.append(importlib.import_module("this")))
        other.start()
        other.join()
    assert found == [importlib.import_module("this")]


def test_a_library_is_run_when_something_of_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_one.py").write_text("import sys; sys.slow_one_ran = True; value = 1")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "slow_one_ran", False, raising=False)
    with later("slow_one"):
        import slow_one  # type: ignore[import-not-found]
    assert not sys.slow_one_ran  # type: ignore[attr-defined]
    assert slow_one.value == 1
    assert sys.slow_one_ran  # type: ignore[attr-defined]
    assert importlib.import_module("slow_one") is slow_one
    with later("no_such_one"), pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_one")


def test_a_library_is_run_once_whichever_threads_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "import sys, time; sys.slow_one_ran += 1; time.sleep(0.2); value = 1\ndef __getattr__(name): return name"
    (tmp_path / "slow_too.py").write_text(slow)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "slow_one_ran", 0, raising=False)
    with later("slow_too"):
        import slow_too  # type: ignore[import-not-found]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda name: getattr(slow_too, name), ("value", "value", "other", "value"))) == [
            1,
            1,
            "other",
            1,
        ]
    assert sys.slow_one_ran == 1  # type: ignore[attr-defined]


def test_a_library_that_fails_to_run_fails_for_each_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_one.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with later("broken_one"):
        import broken_one  # type: ignore[import-not-found]
    del sys.modules["broken_one"]  # whoever looks through all modules asks each for something
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            broken_one.value  # noqa: B018


def test_a_part_of_a_late_library_is_imported_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "late_package"
    package.mkdir()
    (package / "__init__.py").write_text("'Told.'\nimport sys; sys.package_ran = True\nfrom late_package import other")
    (package / "part.py").write_text("value = 1")
    (package / "other.py").write_text("value = 2")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "package_ran", False, raising=False)
    with later("late_package"):
        import late_package.part  # type: ignore[import-not-found]
    assert late_package.part.value == 1
    assert Path(late_package.__file__).parent == package
    assert not sys.package_ran  # type: ignore[attr-defined]
    assert late_package.__doc__ == "Told."
    assert late_package.other.value == 2


def test_a_function_imports_its_library_when_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "called_one.py").write_text("import sys; sys.called_ran = True\ndef twice(number): return 2 * number")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "called_ran", False, raising=False)
    with on_call("called_one"):
        from called_one import twice  # type: ignore[import-not-found]

        with pytest.raises(AttributeError):
            sys.modules["called_one"].__path__  # noqa: B018
    assert "called_one" not in sys.modules
    assert not sys.called_ran  # type: ignore[attr-defined]
    assert twice(21) == 42
    assert sys.modules["called_one"].twice is not twice
    with on_call("called_one"):
        assert importlib.import_module("called_one").twice(1) == 2
    assert sys.modules["called_one"].twice.__name__ == "twice"


def test_a_part_of_a_library_is_replaced_for_the_block_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "class Usual:\n    def told(self): return 1\ndef __getattr__(name): return 'made'"
    (tmp_path / "usual_one.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    import usual_one  # type: ignore[import-not-found]

    with replaced("usual_one", "Usual.told", lambda _: 2), replaced("usual_one", "late", None):
        assert (usual_one.Usual().told(), usual_one.late) == (2, None)
    assert (usual_one.Usual().told(), usual_one.late) == (1, "made")
    with (
        replaced("usual_one", "Usual.untold", 3),
        replaced("usual_one", "Other.told", 3),
        replaced("no_such_one", "a", 3),
    ):
        assert not hasattr(usual_one.Usual, "untold")
