"""Media guard: keeps a file that no page shows any more for a while, in case a browser still asks for it.

Streamlit (seen in 1.67) drops pictures and downloads at the end of every run of every session's script, as soon as no
session refers to them. That is too early in three ways, each an error 404 or "Deferred file … not found":

- A whole run of a script begins by giving up all its session's files and takes them up again one by one. If another
  visitor's script ends meanwhile, what the first one's page still shows and offers is gone.
- Each run of a fragment offers its downloads under new names and drops the old ones, which the browser holds until it
  has got the new ones.
- A file that a click on a download has made is referred to by nobody. It is gone after two ends of a script, such as
  ticks of a fragment, perhaps before the browser has fetched it.

So a file goes once it has not been referred to for `KEPT` seconds.
"""

from __future__ import annotations

import time
from typing import Any

KEPT = 60.0
"""Seconds."""

MOST = 300
"""Files without a reference that are kept at most; then the oldest go sooner."""


def guard() -> None:
    """Put the guard in front of the files of this process. Another Streamlit, which keeps them in another way, is left
    as it is."""
    try:
        from streamlit.runtime.media_file_manager import MediaFileManager
    except ImportError:
        return
    if all(hasattr(MediaFileManager, name) for name in ("remove_orphaned_files", "_delete_file", "_drop_deferred_id")):
        MediaFileManager.remove_orphaned_files = remove_old_files


def remove_old_files(manager: Any) -> None:
    """Remove the files of a `MediaFileManager` that no session has referred to for a while."""
    now = time.monotonic()
    with manager._lock:
        used = {file for files in manager._files_by_session_and_coord.values() for file in files.values()}
        unused = [file for file in (*manager._file_metadata, *manager._deferred_callables) if file not in used]
        before = getattr(manager, "unused_since", {})
        since = {file: before.get(file, now) for file in unused}
        oldest_first = sorted(since, key=since.__getitem__)
        for place, file in enumerate(oldest_first):
            if now - since[file] < KEPT and place >= len(oldest_first) - MOST:
                break
            del since[file]
            remove = manager._delete_file if file in manager._file_metadata else manager._drop_deferred_id
            remove(file)
        manager.unused_since = since
