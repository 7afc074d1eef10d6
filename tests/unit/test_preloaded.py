"""What the fork servers import: all that they say, without what nobody asks for, which is there for whoever does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reportkit import forks


def told(code: str, cache: Path) -> str:
    """What the code prints in a process like a fork server."""
    environment = {**os.environ, **forks.SETTLED, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("server", [forks.KERNELS, forks.PAGES, forks.FEW])
def test_a_server_imports_all_that_it_names(server, tmp_path):
    code = (
        f"import {server} as server, sys\n"
        "for name in server.MODULES:\n"
        "    if name not in sys.modules: print(name)\n"
    )  # fmt: skip
    assert told(code, tmp_path) == ""


def test_what_was_left_for_later_is_there_when_asked_for(tmp_path):
    code = (
        f"import {forks.KERNELS}, sys\n"
        "print([name in sys.modules for name in ('numpy.f2py', 'ibis.backends.sql.compilers.postgres')])\n"
        "import inspect, ibis, numpy\n"
        "inspect.getmodule(print)\n"  # looks through all modules, as a kernel does
        "print('ibis.backends.sql.compilers.postgres' in sys.modules)\n"
        "print(numpy.f2py.__name__)\n"
        "print(ibis.to_sql(ibis.table({'a': 'int'}, 't').a.sum(), dialect='postgres').split())\n"
        "import ibis.backends.sql.compilers.risingwave\n"  # which needs all the others
        "from ibis.backends.sql.compilers import PostgresCompiler\n"
        "print(PostgresCompiler.__name__)\n"
    )
    assert told(code, tmp_path).splitlines() == [
        "[False, False]",
        "False",
        "numpy.f2py",
        """['SELECT', 'SUM("t0"."a")', 'AS', '"Sum(a)"', 'FROM', '"t"', 'AS', '"t0"']""",
        "PostgresCompiler",
    ]


def test_help_is_made_again_once_the_libraries_are_there(tmp_path):
    code = (
        f"import {forks.KERNELS}\n"
        "import inspect\n"
        "from matplotlib.patches import Rectangle\n"
        "from scipy import special\n"
        "class Own(Rectangle): pass\n"
        "print('linewidth' in inspect.signature(Own.set).parameters, 'linewidth' in Own.set.__doc__)\n"
        "print('Regularized incomplete beta' in special.betainc.__doc__)\n"
    )
    assert told(code, tmp_path).splitlines() == ["True True", "True"]


def test_what_is_imported_later_has_all_its_help(tmp_path):
    code = "import scipy.signal, hashlib\nprint(hashlib.sha256(scipy.signal.convolve.__doc__.encode()).hexdigest())"
    assert told(f"import {forks.KERNELS}\n{code}", tmp_path) == told(code, tmp_path)


def test_a_broken_library_does_not_end_the_server(tmp_path, monkeypatch):
    (tmp_path / "scipy").mkdir()
    (tmp_path / "scipy" / "__init__.py").write_text("raise ValueError('numpy.dtype size changed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert told(f"import {forks.KERNELS}, sys; print('pandas' in sys.modules)", tmp_path) == "True\n"


def test_an_interrupt_ends_no_server_that_imports(tmp_path):
    code = (
        "import os, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'pandas': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        f"import {forks.KERNELS}\n"
        "print('pandas' in sys.modules, signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
    )
    assert told(code, tmp_path) == "True True\n"


def test_pages_do_without_what_they_seldom_need_and_have_it_when_they_do(tmp_path):
    code = (
        f"import {forks.PAGES}, sys\n"
        "late = 'fontTools.subset.svg', 'fontTools.varLib', 'nbclient', 'tornado', 'asyncio.events'\n"
        "print([name for name in late if name in sys.modules])\n"
        "import io, nbconvert.preprocessors, nbformat, weasyprint.pdf.fonts as fonts\n"
        "from reportkit.figures.theme import faces\n"
        "from reportkit.model.brand import Brand\n"
        "print(nbconvert.preprocessors.ExecutePreprocessor(timeout=3).timeout, fonts.subset.Subsetter.__name__)\n"
        "try: fonts.instantiateVariableFont(fonts.TTFont(faces(Brand())[0][2]), {})\n"
        "except Exception as error: print(error)\n"  # by fontTools
    )
    assert told(code, tmp_path).splitlines() == [
        "[]",
        "3 Subsetter",
        "Missing required table fvar",
    ]


FONTS = (
    "from matplotlib import font_manager\n"
    "print(font_manager.findfont('DejaVu Serif:bold'), sorted(font_manager.get_font_names()))\n"
    "print(len(font_manager.fontManager.afmlist), type(font_manager.fontManager) is font_manager.FontManager)\n"
)


def test_the_fonts_of_the_machine_are_listed_when_one_is_sought_by_name(tmp_path):
    usual = told(FONTS, tmp_path / "cold")
    late = told(f"import {forks.KERNELS}\n{FONTS}", tmp_path / "warm")
    assert "DejaVuSerif-Bold.ttf" in late
    assert late == usual
    assert next((tmp_path / "warm" / "matplotlib").glob("fontlist*")).stat().st_size > 10_000


def test_the_list_of_fonts_is_read_once_whichever_threads_ask(tmp_path):
    code = (
        f"import {forks.KERNELS}, glob, os, pickle\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from matplotlib import font_manager as fonts\n"
        "print(glob.glob(os.environ['XDG_CACHE_HOME'] + '/matplotlib/fontlist*'))\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    found = list(pool.map(lambda _: os.path.basename(fonts.findfont('DejaVu Serif')), range(4)))\n"
        "print(set(found), len(pickle.loads(pickle.dumps(fonts.fontManager)).ttflist) > 10)\n"
    )
    assert told(code, tmp_path).splitlines() == ["[]", "{'DejaVuSerif.ttf'} True"]
