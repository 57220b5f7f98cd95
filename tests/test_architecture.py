"""Rules on the structure of the code: where files lie, which way imports run, what loads torch, nothing unpickled."""

import ast
import functools
import re
import subprocess
import sys
import tokenize
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
    "priors",
    "evaluation embedding export",
    "training",
    "gan lessons",
    "jobs",
    "cli",
)
LEVELS = {package: level for level, packages in enumerate(ORDER) for package in packages.split()}
FLOORS = {"core": 0, "ui": 1, "pages": 2, "app": 3}
ROOMS = ("core", "ui", "pages", "bootstrap", "tests", "benchmarks", "models_ckpt")
SOURCES = sorted([*paths.ROOT.glob("*.py"), *(f for room in ROOMS for f in (paths.ROOT / room).rglob("*.py"))])
WITHOUT_TORCH = ("system", "images", "data", "recipes", "runs", "jobs", "embedding")
"""Packages of core that the first page imports, so that it opens before torch is loaded."""
WITH_TORCH = {"core.runs.weights"}
"""Modules of those packages that compute with models, besides the modules of worker processes."""
UI_ORDER = ("components registry", "shared", "charts diagram", "training_view")
UI_LEVELS = {package: level for level, packages in enumerate(UI_ORDER) for package in packages.split()}
LONG = 65  # lines of a function
FAMILIES = {"ae", "vae", "ad", "vad", "vq", "gan"}


def under(folder: str) -> list[Path]:
    """Python files of a folder of the repository."""
    return [file for file in SOURCES if file.is_relative_to(paths.ROOT / folder)]


def module_name(file: Path) -> str:
    return ".".join(file.relative_to(paths.ROOT).with_suffix("").parts).removesuffix(".__init__")


def packages_of(folder: str) -> set[str]:
    """Names of the packages in a folder of the repository."""
    return {file.parent.name for file in (paths.ROOT / folder).glob("*/__init__.py")}


@functools.cache
def tree_of(file: Path) -> ast.Module:
    """Syntax tree of a file, parsed once for all tests. No test changes it."""
    return ast.parse(file.read_bytes())


@functools.cache
def imports(file: Path) -> set[str]:
    """Modules that a file imports, at its top or within a function."""
    tree = tree_of(file)
    found = set()
    for node in ast.walk(tree):
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


@pytest.mark.slow
def test_every_module_of_core_imports_without_streamlit_and_plotly():
    modules = [module_name(file) for file in under("core") if file.name != "__main__.py"]
    assert "core.training.loop" in modules and "core.models" in modules
    code = f"import importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
    done = run_blocking(("streamlit", "plotly", "altair"), code)
    assert done.returncode == 0, done.stderr[-600:]


def test_what_the_first_page_imports_needs_no_torch():
    modules = [module_name(file) for package in WITHOUT_TORCH for file in under(f"core/{package}")]
    assert set(modules) >= WITH_TORCH
    light = [m for m in modules if m not in WITH_TORCH and not m.endswith("worker")]
    light += ["core.latent.interpolation", "ui.charts.decimate", "ui.registry"]
    code = (
        "import importlib\n"
        f"for m in {light!r}: importlib.import_module(m)\n"
        "from core import data, runs\n"
        "from core.jobs import training_queue\n"
        "from core.recipes import adaptation\n"
        "data.status(); runs.list_runs(); adaptation.first_model(); training_queue.devices()\n"
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


@pytest.mark.parametrize("folder", ["core", "ui", "pages"])
def test_imports_run_from_app_to_pages_to_ui_to_core_only(folder):
    files = under(folder)
    assert files
    for file in files:
        for module in imports(file):
            floor = FLOORS.get(module.split(".")[0], -1)
            assert floor <= FLOORS[folder], f"{file.relative_to(paths.ROOT)} imports {module}"


def test_core_ui_and_pages_import_nothing_of_the_set_up():
    for file in SOURCES:
        if file.relative_to(paths.ROOT).parts[0] in ("core", "ui", "pages"):
            assert not {m for m in imports(file) if m.split(".")[0] in ("bootstrap", "lab", "tests")}, file


SIZES = {
    ("core/images/shape.py", "28"): "the shape of MNIST, named there once",
    ("core/images/convert.py", '"L"'): "Pillow's mode of a grey picture, chosen by the shape",
    ("core/images/picture_files.py", '"L"'): "Pillow's mode of a grey picture, chosen by the shape",
    ("core/images/shrinking.py", '"L"'): "Pillow's mode of a grey picture, chosen by the shape",
    ("core/images/decoding_memory.py", '"L"'): "Pillow's mode of a grey picture, with its bytes a pixel",
    ("core/images/original.py", '"L"'): "Pillow's mode of a grey picture, among those of 8 bits",
    ("core/images/prepare.py", '"L"'): "Pillow's mode of a grey picture, chosen by the shape",
    ("core/images/deep_pictures.py", '"L"'): "little-endian, in Pillow's name of a raw mode",
    ("core/images/animation.py", '"L"'): "Pillow's mode of a grey picture, which a GIF holds exactly",
    ("ui/components/latent/plane.py", "49"): "images along a side of the plane, not pixels",
}
"""Tokens of code that look like an image size and are none, or are a fact of a data set, with the reason."""


def test_no_image_size_is_written_out_where_an_image_shape_belongs():
    """28, 784 (28 · 28), 49 (7 · 7), mode "L" and their old names; comments and docstrings may speak of them."""
    found = set()
    for file in SOURCES:
        name = file.relative_to(paths.ROOT).as_posix()
        if name.split("/")[0] not in ("core", "ui", "pages", "app.py"):
            continue
        if not re.search(r"28|784|49|['\"]L['\"]|SIDE|PIXELS", file.read_text("utf-8")):
            continue  # reading its tokens takes a hundred times as long
        with open(file, "rb") as source:
            for token in tokenize.tokenize(source.readline):
                number = token.type == tokenize.NUMBER and token.string in ("28", "784", "49")
                mode = token.type == tokenize.STRING and token.string in ('"L"', "'L'")
                if number or mode or (token.type == tokenize.NAME and token.string in ("SIDE", "PIXELS")):
                    found.add((name, token.string))
    assert not found - set(SIZES), "ask the ImageShape of the recipe, the model or the images"
    assert not set(SIZES) - found, "an exception that is no longer needed"


def test_nothing_in_the_house_is_ever_unpickled():
    dangerous = re.compile(r"\btorch\.load\b|\bpickle\b|\bjoblib\b|\bmarshal\b|\bshelve\b|allow_pickle\s*=\s*True")
    for file in SOURCES:
        if file.relative_to(paths.ROOT).parts[0] == "tests":
            continue
        assert not {m for m in imports(file) if m.split(".")[0] in ("pickle", "dill", "joblib", "marshal", "shelve")}
        if not dangerous.search(file.read_text("utf-8")):
            continue
        tree = tree_of(file)
        code = "\n".join(ast.unparse(node) for node in tree.body if not isinstance(node, ast.Expr))
        code = re.sub(r'"""[\s\S]*?"""', "", code)  # words about it are welcome
        assert not dangerous.search(code), file.relative_to(paths.ROOT)


def test_nothing_but_packages_lies_directly_in_core_and_ui():
    for folder, files in {"core": {"__init__", "__main__"}, "ui": {"__init__", "registry", "shell"}}.items():
        assert {file.stem for file in (paths.ROOT / folder).glob("*.py")} == files
        nested = {file.relative_to(paths.ROOT / folder).parts[0] for file in under(folder)}
        assert {name for name in nested if not name.endswith(".py")} == packages_of(folder)


def test_packages_of_core_import_only_packages_below_them():
    assert packages_of("core") <= set(LEVELS), "a new package needs its place in ORDER"
    for package in packages_of("core"):
        for file in under(f"core/{package}"):
            for module in imports(file):
                other = (module.split(".") + [""])[1] if module.startswith("core.") else ""
                if other in LEVELS and other != package:
                    assert LEVELS[other] < LEVELS[package], f"{package}/{file.name} imports {module}"


def test_packages_of_ui_import_only_packages_below_them_and_no_page_another():
    """Shared packages stand below all others in the order of UI_ORDER; every other package is that of a page."""
    pages = len(UI_ORDER)
    for package in packages_of("ui"):
        for file in under(f"ui/{package}"):
            for module in imports(file):
                other = (module.split(".") + [""])[1] if module.startswith("ui.") else ""
                if other and other != package:
                    level = UI_LEVELS.get(other, pages)
                    assert level < UI_LEVELS.get(package, pages), f"{package}/{file.name} imports {module}"


def test_tests_mirror_the_packages():
    assert {folder.name for folder in (paths.ROOT / "tests/core").iterdir() if any(folder.glob("test_*.py"))} == (
        packages_of("core")
    )
    of_ui = {folder.name for folder in (paths.ROOT / "tests/ui").iterdir() if folder.is_dir()} - {"__pycache__"}
    assert of_ui <= packages_of("ui")
    pages = {file.stem for file in (paths.ROOT / "pages").glob("*.py")}
    assert {file.stem for file in (paths.ROOT / "tests/pages").glob("test_*_page.py")} == {
        f"test_{page}_page" for page in pages
    }


def test_no_function_is_longer_than_a_screen():
    long = set()
    for file in (f for folder in ("core", "ui", "pages", "bootstrap") for f in under(folder)):
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= LONG:
                long.add(f"{module_name(file)}.{node.name}")
    assert not long, f"more than {LONG} lines: {long}"


def test_every_module_and_public_function_of_core_has_a_docstring():
    silent = []
    for file in SOURCES:
        if not file.is_relative_to(paths.ROOT / "core"):
            continue
        tree = tree_of(file)
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


def test_no_family_is_compared_by_name_outside_its_own_package():
    """A comparison, a pattern, a subscript or a key of a dictionary with the name of a family."""
    found = []
    for file in (f for folder in ("core", "ui", "pages") for f in under(folder)):
        if file.is_relative_to(paths.ROOT / "core/models") or module_name(file) == "core.recipes.presets":
            continue
        for node in ast.walk(tree_of(file)):
            found += [f"{module_name(file)}:{node.lineno}" for name in compared(node) if name in FAMILIES]
    assert not found


def compared(node: ast.AST) -> list[object]:
    """Constants that a node compares with, matches, subscripts by or has as keys."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        parts = [one for side in sides for one in getattr(side, "elts", [side])]
    elif isinstance(node, ast.Dict):
        parts = [key for key in node.keys if key]
    elif isinstance(node, ast.Subscript):
        parts = [node.slice]
    elif isinstance(node, ast.MatchValue):
        parts = [node.value]
    else:
        parts = []
    return [part.value for part in parts if isinstance(part, ast.Constant)]


BUTTONS = {"button", "download_button"}
BOUND = {"run_key"}
"""Functions whose result, as a key, names a run."""
ACTED_ON = re.compile(r"(.*_)?(run|job|jobs|source|example|pending)")
"""Names of variables that hold a run, or a job, on the pages."""
UNBOUND = {
    "planes_sample": "`source` is a distribution there",
    "f'stop_{name}": "names the data set whose download it stops",
    "f'map_csv{view.suffix}": "saves the points that are on this visitor's page",
    "f'map_png{view.suffix}": "saves the points that are on this visitor's page",
    "key": "trains the classifier of a data set, which all its runs share",
    "reconstruct_sweep": "starts a computation for the models that this visitor has chosen",
}
"""Keys of buttons that act on no run in particular although they look like it, with the reason."""


def unbound_buttons(tree: ast.Module) -> set[str]:
    """Keys of the plain buttons that act on a run or a job: in their arguments, or in what follows their click."""
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    found = set()
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in BUTTONS):
            continue
        key = next((word.value for word in call.keywords if word.arg == "key"), ast.Constant(None))
        if isinstance(key, ast.Call) and getattr(key.func, "id", "") in BOUND:
            continue
        statement: ast.AST = call
        while statement in parents and not isinstance(statement, ast.stmt):
            statement = parents[statement]
        parts = [call, *(statement.body if isinstance(statement, ast.If) else [])]
        names = {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}
        if any(ACTED_ON.fullmatch(name) for name in names):
            found.add(ast.unparse(key).strip("'\""))
    return found


def test_a_button_that_acts_on_a_run_or_a_job_is_bound_to_it():
    """`ui.shared.run_buttons` binds them: with a constant key a click falls on whatever stands in that place now."""
    files = [file for file in under("ui") if file.name != "run_buttons.py"]
    found = {key: file for file in files for key in unbound_buttons(tree_of(file))}
    assert not found.keys() - UNBOUND.keys(), found
    assert not UNBOUND.keys() - found.keys(), "an exception that is no longer needed"
    wrong = "if st.button('Open', key='open'):\n    open_page('generate', run=run.name)"
    assert unbound_buttons(ast.parse(wrong)) == {"open"}


MADE_AT_THE_CLICK = (ast.Lambda, ast.Name, ast.Attribute)


def early_downloads(tree: ast.Module) -> list[int]:
    """Lines of the download buttons whose file is made before anybody clicks."""
    found = []
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "download_button"):
            continue
        data = next((word.value for word in call.keywords if word.arg == "data"), None) or call.args[1]
        is_partial = isinstance(data, ast.Call) and getattr(data.func, "id", "") == "partial"
        if not (is_partial or isinstance(data, MADE_AT_THE_CLICK)):
            found.append(call.lineno)
    return found


def test_a_download_is_made_at_the_click():
    """A file that is made with the page is looked for once its button is drawn, when the next run of the script may
    have dropped it already."""
    assert not {file: lines for file in under("ui") if (lines := early_downloads(tree_of(file)))}
    assert early_downloads(ast.parse("st.download_button('CSV', table(rows), 'a.csv')")) == [1]


WIDE_ANCESTOR = re.compile(r"\[class[*^$]=[^\]]*\][^,{]*[ >(]\*")
"""A rule that reaches everything below an element which is found by a part of its class."""


def test_no_rule_makes_a_change_of_class_style_a_whole_part_of_the_page_anew():
    """Streamlit changes the class of every part that a run of the script draws, at each key press on Generate."""
    rules = re.sub(r"/\*.*?\*/", "", (paths.ROOT / "ui" / "lab.css").read_text(encoding="utf-8"), flags=re.S)
    assert not WIDE_ANCESTOR.findall(rules)
    assert WIDE_ANCESTOR.search('[class*="card_"] :is([data-testid="stPageLink"] *) {')


CONTROLS = {
    *("button", "download_button", "popover", "selectbox", "select_slider", "slider", "number_input", "toggle"),
    *("checkbox", "radio", "segmented_control", "pills", "multiselect", "text_input", "text_area", "file_uploader"),
}


def unexplained_controls(tree: ast.Module) -> list[int]:
    """Lines on which Streamlit draws a control without a help text."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules = {name.asname or name.name for node in imports for name in node.names}
    return [
        call.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in CONTROLS
        if ast.unparse(call.func.value) not in modules  # a function of the lab by the same name
        if not any(word.arg in ("help", None) for word in call.keywords)
    ]


def test_every_control_has_a_help_text():
    assert not {file: lines for file in under("ui") if (lines := unexplained_controls(tree_of(file)))}
    assert unexplained_controls(ast.parse("from ui import board\nboard.button(1)\nst.button('Go')")) == [3]
