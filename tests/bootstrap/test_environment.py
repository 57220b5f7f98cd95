"""What a build does and leaves alone, on a machine of stand-ins: no network, nothing installed."""

import json
import shutil

import pytest

from bootstrap import environment, torch_wheel
from bootstrap.paths import SetupError
from tests.bootstrap.fakes import OFFLINE, PIP_OFFLINE, Machine, make_home, site_packages

FULL_BUILD = ["venv", "get_uv", "choose", "uv_install"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(torch_wheel, "machine", lambda: "no GPU was found")
    return make_home(tmp_path / "Ünïcode Ordner (1)")


def build(home, dev=False, **broken):
    """Build on a stand-in machine. Returns its steps and what was said."""
    machine, said = Machine(home, **broken), []
    environment.build(home, dev=dev, run=machine, say=said.append)
    return machine, "\n".join(said)


def refused(home, **broken):
    """Build where it must fail. Returns the machine's steps and the sentence."""
    machine = Machine(home, **broken)
    with pytest.raises(SetupError) as stop:
        environment.build(home, run=machine, say=lambda text: None)
    assert not home.stamp.exists(), "an unfinished build must not count as one"
    return machine, str(stop.value)


def test_first_build(home):
    machine, said = build(home)
    assert machine.steps == FULL_BUILD
    assert {"--torch-backend=auto", "--compile-bytecode"} <= set(machine.commands[-1])
    line = "PyTorch: CPU build 2.15.0+cpu, from PyTorch's own index, because no GPU was found."
    assert said.splitlines() == [
        f"This is the first start: setting up .venv (details in {home.build_log}).",
        line,
    ]
    stamp = json.loads(home.stamp.read_text())
    assert stamp["torch"] == line
    assert stamp["folder"] == str(home.venv)


def test_second_start_installs_nothing(home):
    build(home)
    assert environment.why_build(home) is None
    machine, said = build(home)
    assert (machine.steps, said) == ([], "")


def test_changed_list_installs_again(home):
    build(home)
    home.requirements.write_text(home.requirements.read_text() + "pillow>=13\n")
    machine, said = build(home)
    assert machine.steps == ["has_pip", "get_uv", "choose", "uv_install"]
    assert said.startswith("The list of packages has changed")
    assert (site_packages(home) / "pillow-1.dist-info").exists()


def test_interrupted_install_is_taken_up(home):
    refused(home, uv_install="Killed")
    machine, said = build(home)
    assert machine.steps == ["has_pip", "get_uv", "choose", "uv_install"]
    assert said.startswith("An earlier set-up was interrupted")


def test_failed_update_leaves_no_stamp(home):
    build(home)
    home.requirements.write_text("torch>=3\n")
    refused(home, uv_install=OFFLINE)
    assert environment.why_build(home) == "An earlier set-up was interrupted"


def no_python(home):
    shutil.rmtree(home.python.parent)


def no_pip(home):
    (site_packages(home) / "pip").rmdir()


@pytest.mark.parametrize("damage", [no_python, no_pip])
@pytest.mark.parametrize("stamped", [True, False])
def test_half_made_venv_is_made_anew(home, damage, stamped):
    build(home)
    damage(home)
    (home.venv / "rubbish").touch()
    if not stamped:
        home.stamp.unlink()
    else:
        home.requirements.write_text("torch>=2.16\n")
    machine, said = build(home)
    assert machine.steps[-4:] == FULL_BUILD
    assert "cannot be used: making it again" in said
    assert not (home.venv / "rubbish").exists()
    assert environment.why_build(home) is None


def test_venv_of_another_python_is_made_anew(home, monkeypatch):
    build(home)
    monkeypatch.setattr(environment, "_is_ours", lambda found: False)
    home.stamp.unlink()
    assert "venv" in build(home)[0].steps


def test_lost_package_is_noticed(home):
    build(home)
    shutil.rmtree(site_packages(home) / "numpy-1.dist-info")
    _, said = build(home)
    assert said.startswith("Packages are missing from .venv (numpy)")
    assert environment.why_build(home) is None


def test_moved_folder_is_built_anew(home):
    build(home)
    moved = type(home)(home.root.rename(home.root.with_name("elsewhere")))
    machine, said = build(moved)
    assert machine.steps == FULL_BUILD
    assert said.startswith("The folder was moved")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folder": 1}'])
def test_broken_stamp_means_a_build(home, text):
    build(home)
    home.stamp.write_text(text)
    assert environment.why_build(home)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_not_ours_is_left_alone(home, kind, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    home.venv.write_text("precious") if kind == "file" else home.venv.symlink_to(other)
    with pytest.raises(SetupError, match="is not a folder of ours"):
        environment.build(home, run=Machine(home), say=print)
    assert home.venv.read_text() == "precious" if kind == "file" else other.is_dir()


def test_developer_packages_come_and_stay(home):
    build(home)
    assert environment.why_build(home, dev=True)
    build(home, dev=True)
    assert (site_packages(home) / "pytest-1.dist-info").exists()
    assert environment.why_build(home, dev=True) is None
    assert environment.why_build(home) is None
    home.requirements.write_text("torch>=2.16\n")
    build(home)
    assert environment.why_build(home, dev=True) is None, "an update must not drop what the tests need"


def test_own_index_out_of_reach(home):
    machine, said = build(home, torch="2.15.0", choose=OFFLINE)
    assert machine.steps == FULL_BUILD
    assert not [word for word in machine.commands[-1] if "torch-backend" in word]
    assert "PyTorch: build 2.15.0, from the plain package index" in said
    assert said.endswith("because PyTorch's own index could not be reached.")


def test_own_index_without_a_build(home):
    _, said = build(home, choose="  × No solution found when resolving dependencies")
    assert said.endswith("because PyTorch's own index has no build for this Python and machine.")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("2.15.0+cu130", "CUDA 13.0 build 2.15.0+cu130"),
        ("2.15.0+rocm7.2", "ROCm 7.2 build 2.15.0+rocm7.2"),
        ("2.15.0+cpu", "CPU build 2.15.0+cpu"),
        ("2.15.0", "build 2.15.0"),
    ],
)
def test_build_names(version, name):
    assert torch_wheel.build_name(version) == name


def test_pip_stands_in_for_uv(home):
    machine, said = build(home, get_uv="ERROR: No matching distribution found for uv")
    assert machine.steps == ["venv", "get_uv", "pip_install"]
    assert "because the installer uv could not be obtained" in said
    assert environment.why_build(home) is None


def test_no_network_is_said_at_once(home):
    machine, sentence = refused(home, get_uv=PIP_OFFLINE)
    assert machine.steps == ["venv", "get_uv"], "pip would only fail again, later"
    assert sentence.startswith("The packages could not be downloaded: check your internet connection")
    assert str(home.build_log) in sentence


def test_network_lost_on_the_way(home):
    _, sentence = refused(home, choose=OFFLINE, uv_install=OFFLINE)
    assert sentence.startswith("The packages could not be downloaded")


def test_no_venv_module(home, monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    machine, sentence = refused(home)
    assert machine.steps == []
    assert "sudo apt install python3-venv" in sentence


def test_install_that_only_claims_success(home):
    machine = Machine(home)
    machine._put = lambda name: None
    with pytest.raises(SetupError, match="ended without torch, numpy: delete the folder .venv"):
        environment.build(home, run=machine, say=lambda text: None)
    assert not home.stamp.exists()


def test_names_in_requirements(home):
    home.requirements.write_text("# torch\n\n-r other.txt\nscikit-learn>=1.9  # t-SNE\nuvicorn[standard]==1\n")
    assert environment.names_in(home.requirements) == ["scikit-learn", "uvicorn"]


def test_a_package_that_is_not_for_every_machine_may_be_missing(home):
    home.requirements.write_text('torch>=2.15  # one; two\nopenTSNE>=1; platform_machine == "x86_64"  # t-SNE\n')
    assert environment.names_in(home.requirements) == ["torch"]
