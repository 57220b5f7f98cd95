"""Remains of deletions and creations of runs that were cut off, in a folder beside healthy runs."""

import os
import time

from core.runs import leftovers


def test_remains_are_swept_and_nothing_else(tmp_path):
    for name in ("run", ".deleted-one", ".new-old", ".new-fresh", ".mine"):
        (tmp_path / name / "frames").mkdir(parents=True)
        (tmp_path / name / "status.json").write_text("{}")
    long_ago = time.time() - 2 * leftovers.PATIENCE
    os.utime(tmp_path / ".new-old", (long_ago, long_ago))
    leftovers.sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".mine", ".new-fresh", "run"]
    assert (tmp_path / "run" / "status.json").exists()


def test_a_missing_folder_has_no_remains(tmp_path):
    leftovers.sweep(tmp_path / "none")
