"""The virtual environment: check that it is complete and up to date, and bring it up to date with the least work.

The stamp (.venv/latent-lab.json) is the memory: it is written last, in one step, and says what was installed,
for which Python and in which folder (environments do not survive being moved). A start that finds it in order
installs nothing.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bootstrap import torch_wheel
from bootstrap.error_messages import diagnose
from bootstrap.paths import LabPaths, SetupError
from bootstrap.run_command import Runner, environment

# Run by the environment's own Python: which Python is it, and which versions of the named packages has it?
PROBE = """
import importlib.metadata as metadata, json, sys
versions = {}
for name in sys.argv[1:]:
    try:
        versions[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        versions[name] = None
print(json.dumps({"python": sys.version.split()[0], "versions": versions}))
"""

MOVED = "The folder was moved"

# Where the download of uv fails for one of these, pip would meet the same wall, only later.
SAME_FOR_PIP = ("disk", "denied", "certificate", "network")


def names_in(requirements: Path) -> list[str]:
    """The package names of a requirements file, without their versions.

    A package with a condition (`name; python_version < …`) is left out: it is not for every machine, so the lab must
    do without it, and its absence is no fault of the set-up.
    """
    found = []
    for line in requirements.read_text(encoding="utf-8").splitlines():
        name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
        if name and ";" not in line.split("#")[0]:
            found.append(name.group())
    return found


def wanted(home: LabPaths, dev: bool = False) -> dict:
    """The stamp of an environment that is up to date."""
    files = [home.requirements] + ([home.dev_requirements] if dev else [])
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return {"requirements": digests, "folder": str(home.venv.resolve())}


def read_stamp(home: LabPaths) -> dict:
    """The stamp, or an empty one where it is missing or unreadable: then everything is checked again."""
    try:
        stamp = json.loads(home.stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(home: LabPaths, stamp: dict) -> None:
    """Write the stamp in one step, so that a half-written one is never found."""
    fresh = home.stamp.with_suffix(".new")
    fresh.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    os.replace(fresh, home.stamp)


def probe(home: LabPaths, names: list[str]) -> dict | None:
    """The environment's Python and package versions (None: missing); None where its Python does not run."""
    try:
        answer = subprocess.run(
            [str(home.python), "-I", "-c", PROBE, *names],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment(),
            timeout=60,
        )
        return json.loads(answer.stdout) if answer.returncode == 0 else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def lacking(found: dict) -> str:
    """The missing packages that a probe found, in words; empty where there are none."""
    return ", ".join(name for name, version in found["versions"].items() if version is None)


def why_build(home: LabPaths, dev: bool = False) -> str | None:
    """Why something must be installed, or None if nothing must be. Fast: every later start runs this."""
    if not home.venv.exists():
        return "This is the first start"
    stamp, want = read_stamp(home), wanted(home, dev)
    if not stamp:
        return "An earlier set-up was interrupted"
    if stamp.get("folder") != want["folder"]:
        return MOVED
    have = stamp.get("requirements", {})
    if any(have.get(name) != digest for name, digest in want["requirements"].items()):
        return "The list of packages has changed"
    found = probe(home, names_in(home.requirements) + (names_in(home.dev_requirements) if dev else []))
    if found is None:
        return "The Python in .venv does not run any more"
    if lacking(found):
        return f"Packages are missing from .venv ({lacking(found)})"
    if found["python"].split(".")[:2] != stamp.get("python", "").split(".")[:2]:
        return "The Python in .venv is another one now"
    return None


def build(home: LabPaths, dev: bool = False, run: Runner | None = None, say=print) -> bool:
    """Bring .venv up to date. True if anything had to be done."""
    reason = why_build(home, dev)
    if reason is None:
        return False
    if run is None:
        home.build_log.unlink(missing_ok=True)
        run = Runner(home.build_log)
    say(f"{reason}: setting up .venv (details in {home.build_log}).")
    # Who ran the tests before keeps the developer packages. The old stamp must not vouch for this build.
    dev = dev or home.dev_requirements.name in read_stamp(home).get("requirements", {})
    _make_venv(home, run, say, usable=reason != MOVED)
    home.stamp.unlink(missing_ok=True)
    source = _install(home, dev, run)
    found = probe(home, names_in(home.requirements))
    if found is None or lacking(found):
        what = lacking(found) if found else "a Python that runs"
        raise SetupError(
            f"The set-up ended without {what}: delete the folder .venv, then start again. Details: {home.build_log}"
        )
    torch = f"PyTorch: {torch_wheel.build_name(found['versions'].get('torch') or '')}, {source}."
    write_stamp(home, {**wanted(home, dev), "python": found["python"], "torch": torch})
    say(torch)
    return True


def _make_venv(home: LabPaths, run: Runner, say, usable: bool) -> None:
    """A .venv whose Python and pip work: the one that is there if `usable`, or a new one in its place."""
    if home.venv.is_symlink() or home.venv.exists():
        if home.venv.is_symlink() or not home.venv.is_dir():
            raise SetupError(f"{home.venv} is not a folder of ours: rename or delete it, then start again.")
        found = probe(home, [])
        if usable and found and _is_ours(found) and run([home.python, "-m", "pip", "--version"]).ok:
            return
        say("The .venv that is there cannot be used: making it again.")
        try:
            shutil.rmtree(home.venv)
        except OSError as error:
            raise SetupError(
                f"{home.venv} could not be deleted ({error.strerror}): close other windows of the lab, delete"
                " it by hand, then start again."
            ) from error
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetupError(diagnose("No module named ensurepip").advice)
    made = run([sys.executable, "-m", "venv", home.venv], note="Making the environment")
    if not made.ok:
        raise SetupError(f"{diagnose(made.output).advice} Details: {home.build_log}")


def _is_ours(found: dict) -> bool:
    """Whether a .venv's Python is the version that lab.py runs under now."""
    return found["python"].split(".")[:2] == [str(part) for part in sys.version_info[:2]]


def _install(home: LabPaths, dev: bool, run: Runner) -> str:
    """Install the requirements with uv, or with pip where uv cannot be had. Returns PyTorch's source."""
    lists = ["-r", home.requirements] + (["-r", home.dev_requirements] if dev else [])
    pip = [home.python, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "1"]
    note = "Installing the packages (the first time this takes a few minutes)"
    got_uv = run([*pip, "uv"], note="Getting the installer")
    if got_uv.ok and home.uv.exists():
        choice = torch_wheel.choose(home, run)
        # Compiled now, as pip does: or the first start would compile all that it imports, and every start where
        # Python may not write into .venv.
        install = [home.uv, "pip", "install", "--compile-bytecode", "--python", home.python]
        done = run([*install, *choice.options, *lists], note=note)
        source = choice.reason
    elif diagnose(got_uv.output).name in SAME_FOR_PIP:
        done, source = got_uv, ""
    else:
        done = run([*pip, *lists], note=note)
        source = "from the plain package index, because the installer uv could not be obtained"
    if not done.ok:
        raise SetupError(f"{diagnose(done.output).advice} Details: {home.build_log}")
    return source
