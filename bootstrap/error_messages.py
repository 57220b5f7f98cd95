"""Error messages: the known cause behind a failed command's output, and what to do."""

import re
from typing import NamedTuple


class Cause(NamedTuple):
    """A known cause of failure: its short name, how its output reads, and what the user can do."""

    name: str
    pattern: str
    advice: str


# First match wins: a full disk or a missing right often drags network-like words behind it: they come first.
CAUSES = (
    Cause(
        "disk",
        r"no space left on device|not enough space on the disk|\[errno 28\]|os error 28\b|os error 112\b|disk"
        r" quota exceeded",
        "The disk is full: free about 8 GB on the disk that holds this folder, then start again.",
    ),
    Cause(
        "long",
        r"filename or extension is too long|os error 206\b|file name too long",
        "This folder's path is too long: move the folder nearer to the top of the disk (for example C:\\lab),"
        " then start again.",
    ),
    Cause(
        "venv",
        r"ensurepip is not available|no module named '?(ensurepip|venv)'?",
        "This Python lacks its venv module: run `sudo apt install python3-venv` (or install Python from"
        " https://www.python.org/downloads/), then start again.",
    ),
    Cause(
        "busy",
        r"being used by another process|os error 32\b|winerror 32\b",
        "Another program holds files of .venv open: close other windows of the lab, then start again.",
    ),
    Cause(
        "denied",
        r"permission denied|access is denied|\[errno 13\]|os error 13\b|os error 5\b|read-only file system",
        "Writing in this folder was refused: move the folder to a place of your own (or check your virus"
        " scanner), then start again.",
    ),
    Cause(
        "certificate",
        r"certificate_verify_failed|invalid peer certificate|unknownissuer|self.signed certificate",
        "The network's certificate was not accepted: try another network, or ask your administrator how"
        " Python gets through this one.",
    ),
    Cause(
        "network",
        r"dns error|name or service not known|temporary failure in name resolution|getaddrinfo"
        r" failed|nodename nor servname"
        r"|failed to establish a new connection|connection (refused|reset|aborted|broken)|network is"
        r" unreachable|no route to host"
        r"|error sending request|request failed after|failed to fetch|failed to download|timed?"
        r" ?out|proxyerror|cannot connect to proxy",
        "The packages could not be downloaded: check your internet connection, then start again.",
    ),
    Cause(
        "build",
        r"no solution found|no matching distribution found|no wheels with a matching|is not a supported"
        r" wheel",
        "Some package has no build for this Python or machine: install 64-bit Python 3.12 or 3.13 from"
        " https://www.python.org/downloads/, delete the folder .venv, then start again.",
    ),
)

UNKNOWN = Cause("unknown", "", "The set-up did not finish: start again, and if it fails again, read the log.")


def diagnose(output: str) -> Cause:
    """The cause behind what a failed command printed."""
    for cause in CAUSES:
        if re.search(cause.pattern, output, re.IGNORECASE):
            return cause
    return UNKNOWN
