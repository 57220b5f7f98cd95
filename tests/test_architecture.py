"""The house stands on its floors: imports run one way, the first page waits for no torch, nothing is unpickled."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.system import paths

ORDER = (
    "system images",
    "data",
    "recipes",
    "models",
    "runs",
    "latent",
    "evaluation embedding",
    "training",
    "gan lessons",
    "jobs",
    "cli",
)
LEVELS = {package: level for level, packages in enumerate(ORDER) for package in packages.split()}
FLOORS = {"core": 0, "ui": 1, "pages": 2, "app": 3}
ROOMS = ("core", "ui", "pages", "bootstrap", "tests", "benchmarks", "models_ckpt")
SOURCES = sorted([*paths.ROOT.glob("*.py"), *(f for room in ROOMS for f in (paths.ROOT / room).rglob("*.py"))])
LIGHT = (
    "core.recipes.recipe",
    "core.recipes.presets",
    "core.system.paths",
    "core.data.loading",
    "core.images.convert",
    "core.runs.frames",
    "core.runs.run",
    "core.runs.status",
    "core.runs.names",
    "core.runs.history",
    "core.system.atomic_files",
    "core.jobs.training_job",
    "core.jobs.training_queue",
    "ui.charts.decimate",
    "core.jobs.classifier",
    "core.latent.interpolation",
    "core.embedding.settings",
    "core.jobs.embedding",
    "core.embedding.pitfalls",
    "core.jobs.embedding_worker",
    "core.embedding.export",
)


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
        "sys.meta_path.insert(0, Block())\n"
    )
    return subprocess.run([sys.executable, "-c", block + code], cwd=paths.ROOT, capture_output=True, text=True)


def test_every_module_of_core_imports_without_streamlit_and_plotly():
    modules = [
        ".".join(f.relative_to(paths.ROOT).with_suffix("").parts)
        for f in SOURCES
        if f.is_relative_to(paths.ROOT / "core")
    ]
    modules = [m.removesuffix(".__init__") for m in modules if not m.endswith("__main__")]
    assert "core.training.loop" in modules and "core.models" in modules
    code = f"import importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
    done = run_blocking(("streamlit", "plotly", "altair"), code)
    assert done.returncode == 0, done.stderr[-600:]


def test_what_the_first_page_touches_imports_without_torch():
    code = (
        "import importlib\n"
        f"for m in {LIGHT!r}: importlib.import_module(m)\n"
        "from core import data, runs\n"
        "from core.jobs import training_queue\n"
        "from core.recipes import presets\n"
        "data.status(); runs.list_runs(); presets.first_model(); training_queue.devices()\n"
        "assert not {'torch', 'torchvision', 'sklearn'} & set(sys.modules)\n"
    )
    done = run_blocking(("torch", "torchvision", "sklearn"), code)
    assert done.returncode == 0, done.stderr[-600:]


def test_the_digits_load_without_torch_and_without_importing_all_of_scikit_learn():
    done = run_blocking(
        ("torch",),
        "from core import data\nassert len(data.load('digits').train_images) == 1500\n"
        "assert 'sklearn.datasets' not in sys.modules\n",
    )
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


def test_packages_of_core_import_only_packages_below_them():
    for file in (f for f in SOURCES if f.is_relative_to(paths.ROOT / "core")):
        package, *rest = file.relative_to(paths.ROOT / "core").parts
        if not rest:
            assert package in ("__init__.py", "__main__.py"), f"{file.name} lies directly in core/"
            continue
        for module in imports(file):
            other = (module.split(".") + [""])[1] if module.startswith("core.") else ""
            if other in LEVELS and other != package:
                assert LEVELS[other] < LEVELS[package], f"{package}/{rest[-1]} imports {module} from a package above"


def test_every_module_and_public_function_of_core_says_what_it_is_for():
    silent = []
    for file in SOURCES:
        if not file.is_relative_to(paths.ROOT / "core"):
            continue
        tree = ast.parse(file.read_bytes())
        if tree.body and not ast.get_docstring(tree):
            silent.append(str(file.name))
        silent += [
            f"{file.name}: {node.name}"
            for node in tree.body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert not silent
