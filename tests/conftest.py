"""Isolation, distribution and shared fixtures of all tests.

No test reads or writes the user's own runs or cache: every process of the session begins with scratch folders in their
place, every test gets fresh ones, and the session fails if the lab's own folders have changed when it ends.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core import data
from core.system import devices, paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamlit.testing.v1.local_script_runner import LocalScriptRunner

    from core.evaluation.classifier import Classifier
    from tests.fake_executor import FakeExecutor

OWN_FOLDERS = (paths.ROOT / "models_ckpt", paths.ROOT / "cache")
BROWSER = "tests/browser/"
CLASSIFIER = "LATENT_LAB_TESTS_CLASSIFIER"
"""Variable with the file of the classifier, once a test of this process has needed it."""
UNUSED: dict[str, str] = {}
"""Folders of runs and of the cache in which no test works, by the variables that name them."""


def pytest_configure(config: pytest.Config) -> None:
    """Set the variables of all tests before any test module is imported: scratch folders for runs and cache."""
    scratch = tempfile.TemporaryDirectory(prefix="latent-lab-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(scratch.cleanup)
    UNUSED.update({name: str(Path(scratch.name) / name) for name in ("LATENT_LAB_RUNS", "LATENT_LAB_CACHE")})
    os.environ |= UNUSED
    os.environ["LATENT_LAB_PRIORITY"] = "normal"  # beside busy tests a process of lower priority starves
    # Several processes share the cores: threads that wait, sleep, as in a training (torch is not imported yet).
    os.environ |= devices.openmp_environment()
    if "PYTEST_XDIST_WORKER" in os.environ:  # one thread each: two workers with two threads do a fifth more work
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    # torch would load Triton, which is used by nothing here and lists objects as leaked behind the runner's summary.
    sys.modules.setdefault("triton", None)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def own_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test empty folders of runs and cache, unless a fixture of wider scope has arranged one."""
    for name, unused in UNUSED.items():
        if os.environ[name] == unused:
            monkeypatch.setenv(name, str(tmp_path / name.removeprefix("LATENT_LAB_").lower()))


@pytest.fixture
def mnist() -> data.ImageSet:
    """The real MNIST, where it is at hand."""
    if not data.status()["mnist"].ready:
        pytest.skip("needs the real MNIST files: set LATENT_LAB_DATA to a folder that holds them")
    return data.load("mnist")


@pytest.fixture(scope="session")
def digits_classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """The classifier of the digits, trained once per session: parallel workers share its file, as does a session that
    a test starts with the variable `CLASSIFIER`."""
    from filelock import FileLock

    from core.evaluation import classifier  # imports torch

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # of all workers
    file = Path(os.environ.get(CLASSIFIER, folder / "digits-classifier.safetensors"))
    images = data.load("digits")
    with FileLock(file.with_suffix(".lock")):
        if not file.exists():
            classifier.save(classifier.train(images), file)
    found = classifier.load(file, len(images.classes))
    assert found is not None
    os.environ[CLASSIFIER] = str(file)
    return found


@pytest.fixture
def cached_classifier(own_runs: None, digits_classifier: Classifier) -> Classifier:
    """The trained classifier of the digits, also kept in the test's cache."""
    from tests.tiny_runs import keep_in_cache  # imports torch

    keep_in_cache(digits_classifier)
    return digits_classifier


@pytest.fixture
def brief_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Latents are searched for in two steps in this process, where it is for many images."""
    from tests.tiny_runs import search_briefly  # imports torch

    search_briefly(monkeypatch, least=10)


@pytest.fixture
def executor() -> Iterator[FakeExecutor]:
    """The lab's jobs are carried out by the test: `executor.next()` is the work of the job that was started. Only
    latent searches run, in this process: one of their own would import torch for each test."""
    from core.jobs.queue import use_queue
    from tests.fake_executor import FakeExecutor, PatientQueue

    executor = FakeExecutor("search")
    with use_queue(PatientQueue(executor)):
        yield executor


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """GANs that this process trains are measured on few generated images."""
    from tests.tiny_gans import measure_few_samples  # imports torch

    measure_few_samples(monkeypatch)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember what the lab's own folders hold."""
    if not hasattr(session.config, "workerinput"):  # once, in the process that sums up
        session.config.stash[FOUND] = contents()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the session if a test has written into the lab's own folders."""
    before = session.config.stash.get(FOUND, None)
    if before is None:
        return
    after = contents()
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    session.config.stash[CHANGED] = changed
    if changed and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the files of the lab's own folders that have changed while the tests ran."""
    if changed := config.stash.get(CHANGED, []):
        terminalreporter.section("the lab's own folders have changed", red=True, bold=True)
        terminalreporter.write_line("A test wrote into them, or a lab that is open in this folder did:")
        for path in changed[:20]:
            terminalreporter.write_line(f"  {path}")


FOUND = pytest.StashKey[dict[str, tuple[int, int]]]()
CHANGED = pytest.StashKey[list[str]]()


def contents() -> dict[str, tuple[int, int]]:
    """(size, time of the last change) of every file in the lab's own folders of runs and of the cache."""
    found = {}
    for folder in OWN_FOLDERS:
        for file in folder.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                stat = file.stat()
                found[str(file.relative_to(paths.ROOT))] = (stat.st_size, stat.st_mtime_ns)
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests with the trained classifier as slow, and order the files: the browser's first, then those with slow
    tests, so that parallel workers end together."""
    for item in items:
        if "digits_classifier" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith(BROWSER), item.path not in slow))


def pytest_collection_finish() -> None:
    """Let `AppTest` wait for a page's script by its thread: it would look for the end a thousand times a second."""
    if module := sys.modules.get("streamlit.testing.v1.local_script_runner"):
        module.require_widgets_deltas = wait_for_script  # type: ignore[attr-defined]


def wait_for_script(runner: LocalScriptRunner, timeout: float = 3) -> None:
    """Wait until a page's script has ended; after so many seconds it is stopped, and the test fails."""
    assert runner._script_thread is not None
    runner._script_thread.join(timeout)
    if not runner.script_stopped():
        runner.request_stop()
        runner.join()
        raise RuntimeError(f"The page's script has not ended after {timeout} seconds")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Distribute whole files to parallel workers, and the browser tests in two halves: a lab and a browser for each."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            if not file.startswith(BROWSER):
                return file
            # All of them on one worker would end long after the other tests.
            return BROWSER + ("a-h" if file.removeprefix(BROWSER + "test_") < "i" else "i-z")

    config.option.loadscopereorder = False  # the order of the collection counts, not the number of tests
    return Scheduler(config, log)
