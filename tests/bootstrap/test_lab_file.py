"""lab.py is met by any Python, so it must be read by any."""

import ast
import importlib.util
import subprocess
import sys

import pytest

from bootstrap.cli import parser
from tests.bootstrap.fakes import ROOT


def load_lab():
    spec = importlib.util.spec_from_file_location("lab_under_test", ROOT / "lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_parses_on_old_pythons():
    tree = ast.parse((ROOT / "lab.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    # Python 2 reads neither f-strings nor annotations, and it too should hear the sentence.
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign)]
    (ROOT / "lab.py").read_bytes().decode("ascii")


def test_imports_nothing_of_ours_before_the_check():
    """bootstrap/ is written for new Pythons: imported too early it would be a SyntaxError on an old one."""
    tree = ast.parse((ROOT / "lab.py").read_text(encoding="utf-8"))
    first = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in first] == ["import sys"]


@pytest.mark.parametrize(("windows", "then"), [(False, "python3.11 lab.py"), (True, "double-click launch.bat again")])
def test_old_python_sentence(windows, then):
    sentence = load_lab().age_problem((3, 9, 2, "final", 0), "/usr/bin/python3", windows)
    assert sentence.startswith("Latent Lab needs Python 3.11 or newer; this is 3.9.2 (/usr/bin/python3).")
    assert "https://www.python.org/downloads/" in sentence
    assert then in sentence
    assert "\n" not in sentence


def test_old_python_ends_with_an_error(monkeypatch, capsys):
    lab = load_lab()
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    assert lab.main() == 1
    assert "this is 3.10.13" in capsys.readouterr().err


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 1), (4, 0, 0)])
def test_new_enough(version):
    assert load_lab().age_problem(version, "python", False) is None


def test_options_before_and_after_the_command():
    for words in (["--port", "9000", "--no-browser"], ["launch", "--port", "9000", "--no-browser"]):
        options = parser().parse_args(words)
        assert (options.port, options.no_browser) == (9000, True)


def test_pytest_gets_its_own_arguments():
    options, rest = parser().parse_known_args(["test", "-q", "-k", "vae", "-m", "not browser", "tests/setup"])
    assert options.command == "test"
    assert rest == ["-q", "-k", "vae", "-m", "not browser", "tests/setup"]


def test_unknown_option_is_refused():
    run = subprocess.run(
        [sys.executable, ROOT / "lab.py", "launch", "--prot", "1"], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 2
    assert "unknown option: --prot 1" in run.stderr
