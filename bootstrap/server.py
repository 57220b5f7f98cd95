"""The server process: Streamlit, which ends with the launcher.

The launcher holds the other end of our standard input. When it closes that end, or ends in any way (a closed
window, a crash, a kill), we read the end of the file here and stop as if Ctrl+C had been pressed, on every
system alike.
"""

import _thread
import os
import signal
import sys
import threading

# Seconds for Streamlit to say goodbye to its pages, and for training to save what it has
# (core/jobs/training_queue.py grants its
# process 10 for that), before this process ends regardless. The launcher waits longer still.
GRACE = 15.0


def watch(stream) -> None:
    """Wait until `stream` ends, then stop this process: first by an interrupt, then at once."""
    while stream.read(1):
        pass
    last_resort = threading.Timer(GRACE, os._exit, args=(0,))
    last_resort.daemon = True
    last_resort.start()
    _thread.interrupt_main()


def end_when_hung_up() -> None:
    """Let a closed terminal end this process as SIGTERM does, for which Streamlit waits; it would be gone at once. A
    process started with `nohup` goes on."""
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none, and Streamlit waits for its Ctrl+Break
    if hangup is not None and signal.getsignal(hangup) is signal.SIG_DFL:
        signal.signal(hangup, lambda number, frame: signal.raise_signal(signal.SIGTERM))


if __name__ == "__main__":
    # Without Python's buffer, whose lock this thread would still hold when the process ends: that is a fatal error.
    threading.Thread(target=watch, args=(sys.stdin.buffer.raw,), daemon=True).start()
    from bootstrap import quick_start

    quick_start.import_streamlit()
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web.cli import main

    from bootstrap import door, limits, media_guard, rerun_guard

    limits.allow_open_files()
    sys.stdout, sys.stderr = limits.BoundedLog(sys.stdout), limits.BoundedLog(sys.stderr)
    if problem := limits.set_upload_limit(os.environ):
        print(problem, file=sys.stderr)
    door.guard()

    # A folder named pages/ switches Streamlit's older navigation on until app.py has run once: until then a link
    # such as /data would show that file alone. app.py has navigation of its own.
    PagesManager.uses_pages_directory = False
    rerun_guard.guard()
    media_guard.guard()
    quick_start.leave_packages_unread()
    end_when_hung_up()
    main(prog_name="streamlit")
