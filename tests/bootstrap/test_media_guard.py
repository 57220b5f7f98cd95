"""Files of pages: kept while a browser may still ask for them, and no longer."""

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from bootstrap import media_guard


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(media_guard, "time", clock)
    monkeypatch.setattr(MediaFileManager, "remove_orphaned_files", MediaFileManager.remove_orphaned_files)
    media_guard.guard()
    return clock


@pytest.fixture
def manager() -> MediaFileManager:
    return MediaFileManager(MemoryMediaFileStorage("/media"))


def there(manager: MediaFileManager, url: str) -> bool:
    try:
        return manager.read_file(url.rsplit("/", 1)[1].split(".")[0]) is not None
    except MediaFileStorageError:
        return False


def test_a_picture_outlives_the_run_that_gives_it_up_and_goes_after_a_while(clock, manager):
    url = manager.add(b"picture", "image/png", "1.0")
    manager.clear_session_refs()
    manager.remove_orphaned_files()  # the end of another visitor's script
    assert there(manager, url)
    manager.add(b"picture", "image/png", "1.0")
    clock.now = 10 * media_guard.KEPT
    manager.remove_orphaned_files()
    assert there(manager, url), "a page shows it again"
    manager.clear_session_refs()
    manager.remove_orphaned_files()
    assert there(manager, url)
    clock.now += media_guard.KEPT
    manager.remove_orphaned_files()
    assert not there(manager, url)


def test_a_download_can_be_clicked_and_fetched_while_its_fragment_ticks(clock, manager):
    first = manager.add_deferred(lambda: b"data", "image/png", "1.0", "a.png")
    for _ in range(3):
        manager.add_deferred(lambda: b"data", "image/png", "1.0", "a.png")  # a tick offers it under another name
        manager.remove_orphaned_files()
    url = manager.execute_deferred(first)  # the browser has not got the new names yet
    for _ in range(3):
        manager.remove_orphaned_files()
    assert there(manager, url)
    clock.now += media_guard.KEPT
    manager.remove_orphaned_files()
    assert not there(manager, url)
    with pytest.raises(MediaFileStorageError, match="not found"):
        manager.execute_deferred(first)


def test_only_so_many_are_kept(clock, manager):
    urls = []
    for k in range(media_guard.MOST + 5):
        clock.now += 0.01
        urls.append(manager.add(bytes([k % 256, k // 256]), "image/png", "1.0"))
        manager.remove_orphaned_files()
    manager.clear_session_refs()
    manager.remove_orphaned_files()
    assert sum(there(manager, url) for url in urls) == media_guard.MOST and there(manager, urls[-1])
    assert not there(manager, urls[0])
