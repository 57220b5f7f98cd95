"""The house stands on its floors: imports run one way, the first page waits for no torch, nothing is unpickled."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core import paths

FLOORS = {"core": 0, "ui": 1, "pages": 2, "app": 3}
ROOMS = ("core", "ui", "pages", "bootstrap", "tests", "benchmarks", "models_ckpt")
SOURCES = sorted([*paths.ROOT.glob("*.py"), *(f for room in ROOMS for f in (paths.ROOT / room).rglob("*.py"))])
LIGHT = ("core.recipe", "core.presets", "core.paths", "core.data", "core.images", "core.frames", "core.runs",
         "core.status", "core.names", "core.history", "core.files", "core.job", "core.worker", "core.curves",
         "core.classifier_job", "core.interpolation", "core.embedding", "core.embedding_job", "core.embedding_lessons",
         "core.embedding_process", "core.embedding_files")


def named(files):
    return [str(f.relative_to(paths.ROOT)) for f in files]


def imports(file: Path, whole: bool = True) -> set[str]:
    """Modules a file imports; only at the top level with `whole=False`."""
    tree = ast.parse(file.read_bytes())
    found = set()
    for node in ast.walk(tree) if whole else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def run_blocking(blocked: tuple[str, ...], code: str) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter in which some packages cannot be imported."""
    block = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {blocked!r}: raise ImportError('blocked: ' + name)\n"
        "sys.meta_path.insert(0, Block())\n")
    return subprocess.run([sys.executable, "-c", block + code], cwd=paths.ROOT, capture_output=True, text=True)


def test_every_module_of_core_imports_without_streamlit_and_plotly():
    modules = [".".join(f.relative_to(paths.ROOT).with_suffix("").parts) for f in SOURCES
               if f.is_relative_to(paths.ROOT / "core")]
    modules = [m.removesuffix(".__init__") for m in modules if not m.endswith("__main__")]
    assert "core.training" in modules and "core.models" in modules
    code = f"import importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
    done = run_blocking(("streamlit", "plotly", "altair"), code)
    assert done.returncode == 0, done.stderr[-600:]


def test_what_the_first_page_touches_imports_without_torch():
    code = ("import importlib\n"
            f"for m in {LIGHT!r}: importlib.import_module(m)\n"
            "from core import data, runs, presets, worker\n"
            "data.status(); runs.list_runs(); presets.first_model(); worker.devices()\n"
            "assert not {'torch', 'torchvision', 'sklearn'} & set(sys.modules)\n")
    done = run_blocking(("torch", "torchvision", "sklearn"), code)
    assert done.returncode == 0, done.stderr[-600:]


def test_the_digits_load_without_torch_and_without_importing_all_of_scikit_learn():
    done = run_blocking(("torch",), "from core import data\nassert len(data.load('digits').train_images) == 1500\n"
                                    "assert 'sklearn.datasets' not in sys.modules\n")
    assert done.returncode == 0, done.stderr[-600:]


@pytest.mark.parametrize("room", ["core", "ui", "pages"])
def test_imports_run_one_way_only(room):
    files = [f for f in SOURCES if f.is_relative_to(paths.ROOT / room)]
    assert files
    for file in files:
        for module in imports(file):
            floor = FLOORS.get(module.split(".")[0], -1)
            assert floor <= FLOORS[room], f"{file.relative_to(paths.ROOT)} imports {module} from the floor above"


def test_core_and_ui_know_nothing_of_the_set_up():
    for file in SOURCES:
        if file.relative_to(paths.ROOT).parts[0] in ("core", "ui", "pages"):
            assert not {m for m in imports(file) if m.split(".")[0] in ("bootstrap", "lab", "tests")}, file


def test_nothing_in_the_house_is_ever_unpickled():
    dangerous = re.compile(r"\btorch\.load\b|\bpickle\b|\bjoblib\b|\bmarshal\b|\bshelve\b|allow_pickle\s*=\s*True")
    for file in SOURCES:
        if file.relative_to(paths.ROOT).parts[0] == "tests":
            continue
        tree = ast.parse(file.read_bytes())
        code = "\n".join(ast.unparse(node) for node in tree.body if not isinstance(node, ast.Expr))
        code = re.sub(r'"""[\s\S]*?"""', "", code)  # words about it are welcome
        assert not dangerous.search(code), file.relative_to(paths.ROOT)
        assert not {m for m in imports(file) if m.split(".")[0] in ("pickle", "dill", "joblib", "marshal", "shelve")}


@pytest.mark.parametrize("room, most", [("core", 260), ("ui", 260), ("pages", 200)])
def test_a_file_can_be_read_in_one_sitting(room, most):
    long = {str(f.relative_to(paths.ROOT)): n for f in SOURCES if f.is_relative_to(paths.ROOT / room)
            and (n := len(f.read_text(encoding="utf-8").splitlines())) > most}
    assert not long


def test_every_module_and_public_function_of_core_says_what_it_is_for():
    silent = []
    for file in SOURCES:
        if not file.is_relative_to(paths.ROOT / "core"):
            continue
        tree = ast.parse(file.read_bytes())
        if tree.body and not ast.get_docstring(tree):
            silent.append(str(file.name))
        silent += [f"{file.name}: {node.name}" for node in tree.body
                   if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
                   and not ast.get_docstring(node)]
    assert not silent
