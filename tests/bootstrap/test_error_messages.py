"""What failing tools print, as they print it, and the sentence that a user gets."""

import sys

import pytest

from bootstrap.error_messages import CAUSES, UNKNOWN, diagnose
from bootstrap.run_command import Runner
from tests.bootstrap.fakes import ROOT

SEEN = [
    (
        "network",
        "error: Request failed after 3 retries\n  cause: error sending request for url (https://x.example/)",
    ),
    (
        "network",
        "  cause: dns error\n  cause: failed to lookup address information: Name or service not known",
    ),
    (
        "network",
        "NewConnectionError('<…>: Failed to establish a new connection: [Errno 111] Connection refused')",
    ),
    ("network", "socket.gaierror: [Errno 11001] getaddrinfo failed"),
    ("network", "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool: Read timed out."),
    ("network", "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))"),
    (
        "certificate",
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
    ),
    ("certificate", "error sending request for url\n  cause: invalid peer certificate: UnknownIssuer"),
    ("disk", "error: failed to copy file\n  cause: No space left on device (os error 28)"),
    ("disk", "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"),
    ("disk", "There is not enough space on the disk. (os error 112)"),
    ("denied", "error: failed to create directory: Permission denied (os error 13)"),
    ("denied", "PermissionError: [WinError 5] Access is denied: 'C:\\\\Program Files\\\\lab\\\\.venv'"),
    ("busy", "[WinError 32] The process cannot access the file because it is being used by another process"),
    ("long", "[WinError 206] The filename or extension is too long"),
    ("venv", "The virtual environment was not created successfully because ensurepip is not available."),
    (
        "build",
        "  × No solution found when resolving dependencies:\n  ╰─▶ Because only torch<=2.2 is available",
    ),
    ("build", "ERROR: No matching distribution found for torch>=2.15"),
    ("unknown", "Killed"),
    ("unknown", ""),
]


@pytest.mark.parametrize(("name", "output"), SEEN)
def test_cause(name, output):
    assert diagnose(output).name == name


@pytest.mark.parametrize("cause", [*CAUSES, UNKNOWN], ids=lambda cause: cause.name)
def test_each_advice_is_one_sentence_with_a_next_step(cause):
    assert cause.advice.count(". ") == 0
    assert cause.advice.endswith(".")
    assert any(word in cause.advice for word in ("start again", "try another network"))


def test_a_log_keeps_what_a_command_printed(tmp_path):
    run = Runner(tmp_path / "build.log")
    script = "import sys; print('to out ü'); print('to err', file=sys.stderr); sys.exit(3)"
    result = run([sys.executable, "-c", script])
    assert (result.code, result.ok) == (3, False)
    log = run.log.read_text(encoding="utf-8")
    assert all(words in log and words in result.output for words in ("to out ü", "to err"))


def test_a_command_that_is_not_there(tmp_path):
    result = Runner(tmp_path / "build.log")([tmp_path / "nothing"])
    assert not result.ok
    assert "nothing" in result.output


def test_a_command_that_takes_too_long(tmp_path):
    assert not Runner(tmp_path / "build.log")([sys.executable, "-c", "while True: pass"], timeout=0.3).ok


def test_no_package_index_is_named():
    """Where packages come from is the user's own setting: a name written here would be wrong somewhere."""
    for path in [ROOT / "lab.py", *(ROOT / "bootstrap").iterdir()]:
        if path.is_file():
            text = path.read_text(encoding="utf-8").lower()
            assert "pypi" not in text and "download.pytorch" not in text, path
