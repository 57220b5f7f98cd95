"""A run brought in as a zip file: whole or not at all, and never more than a run."""

import io
import stat
import zipfile

import pytest

from core import runs
from core.runs import RunError, unpack
from core.runs.export import to_zip
from core.system import paths
from tests.tiny_runs import tiny, trained


@pytest.fixture(autouse=True)
def own_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def files_of(run: runs.Run) -> dict[str, bytes]:
    return {
        file.relative_to(run.path).as_posix(): file.read_bytes()
        for file in run.path.rglob("*")
        if file.is_file() and not file.name.startswith(".") and file.name != "status.json"
    }


def left() -> list[str]:
    """Everything in the folder of runs, hidden names included."""
    return sorted(entry.name for entry in paths.runs_folder().iterdir()) if paths.runs_folder().is_dir() else []


@pytest.fixture
def run():
    return trained(tiny(), "mine")


def test_an_exported_run_comes_back_as_it_was_beside_the_first_one_and_belongs_to_who_brought_it(run):
    wanted = files_of(run)
    wanted.pop("resume.safetensors")
    again = unpack.unpack(to_zip(run), owner="abc")
    assert again.name == "mine 2" and {k: v for k, v in files_of(again).items() if k in wanted} == wanted
    assert (again.owner, again.status["state"], again.status["epoch"]) == ("abc", "finished", 2)
    run.delete()
    assert unpack.unpack(to_zip(again)).name == "mine 2 2", "its own name is taken"
    assert left() == ["mine 2", "mine 2 2"]


def test_only_the_files_of_a_run_are_unpacked_wherever_the_others_want_to_go(run, tmp_path):
    recipe = (run.path / "recipe.json").read_bytes()
    run.delete()
    places = ("../out", "/abs", "x/../../out", "x/frames/../../out", "x/evil.py", "x/frames/1.png")
    evil = dict.fromkeys(places, b"evil")
    entry = zipfile.ZipInfo("x/best.safetensors")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO(packed({"x/recipe.json": recipe, **evil}))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    found = unpack.unpack(buffer.getvalue())
    assert set(files_of(found)) == {"recipe.json", "best.safetensors"}
    assert not (found.path / "best.safetensors").is_symlink() and left() == ["x"]
    assert not (tmp_path / "out").exists() and not (tmp_path.parent / "out").exists()


@pytest.mark.parametrize("around", ["", "models_ckpt/", "C:/Users/me/runs/", "__MACOSX/", "recipe.json/"])
def test_a_run_is_found_within_other_folders_and_keeps_its_own_name(run, around):
    files = {f"{around}mine/{name}": content for name, content in files_of(run).items()}
    again = unpack.unpack(packed({f"{around}.DS_Store": b"", f"{around}mine/._recipe.json": b"", **files}))
    assert again.name == "mine 2" and files_of(again) == files_of(run)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "cannot be unpacked"),
        (b"PK\x03\x04 nothing", "cannot be unpacked"),
        (packed({"readme.txt": b"hello"}), "no recipe.json"),
        (packed({"a/recipe.json": b"{}", "b/recipe.json": b"{}"}), "more than one run"),
        (packed({"a/recipe.json": b"{not json"}), "cannot be used"),
        (packed({"a/recipe.json": b'{"model": "vae", "nonsense": 1}'}), "cannot be used"),
    ],
)
def test_what_is_no_run_gets_a_sentence_and_leaves_nothing(content, said):
    with pytest.raises(RunError, match=said):
        unpack.unpack(content)
    assert left() == []


def test_a_zip_that_is_cut_off_damaged_or_too_large_leaves_nothing(run, monkeypatch):
    content = to_zip(run)
    run.delete()
    spoilt = bytearray(content)
    spoilt[len(spoilt) // 3] ^= 0xFF
    for bad in (content[:-40], content[: len(content) // 2]):
        with pytest.raises(RunError, match="cannot be unpacked"):
            unpack.unpack(bad)
    try:
        unpack.unpack(bytes(spoilt)).delete()  # the byte may lie in the README
    except RunError as error:
        assert "cannot be unpacked" in str(error)
    monkeypatch.setattr(unpack, "LARGEST", 10_000)
    with pytest.raises(RunError, match="larger than"):
        unpack.unpack(content)
    assert left() == []


def test_a_full_disk_is_a_sentence_and_leaves_nothing(run, monkeypatch):
    content = to_zip(run)
    run.delete()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpack, "_write", full)
    with pytest.raises(RunError, match="No space left"):
        unpack.unpack(content)
    assert left() == []
