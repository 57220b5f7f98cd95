"""Starting, finding, ending the server: the real lab.py in a folder of its own, with a stand-in for Streamlit."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bootstrap import environment, launcher, server
from bootstrap.paths import SetupError
from tests.bootstrap.fakes import empty_venv, make_home

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="ends processes with POSIX signals"),
]


@pytest.fixture
def home(tmp_path):
    """A lab that is built, in a folder with spaces and letters that are not ASCII."""
    home = make_home(tmp_path / "Ünïcode Ordner (1)")
    home.requirements.write_text("# nothing\n")
    (home.root / "streamlit" / "web").mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "fake_streamlit.py", home.root / "streamlit" / "web" / "cli.py")
    (home.root / "streamlit" / "runtime").mkdir()
    manager = home.root / "streamlit" / "runtime" / "pages_manager.py"
    manager.write_text("class PagesManager: pass\n", encoding="utf-8")
    door = home.root / "streamlit" / "web" / "server" / "starlette"
    door.mkdir(parents=True)
    (door / "starlette_server.py").write_text("create_starlette_app = None\n", encoding="utf-8")
    (home.root / "streamlit" / "file_util.py").write_text("def get_static_dir(): return ''\n", encoding="utf-8")
    for name in ("net_util", "config"):
        (home.root / "streamlit" / f"{name}.py").write_text("", encoding="utf-8")
    empty_venv(home)
    python = ".".join(map(str, sys.version_info[:3]))
    environment.write_stamp(home, {**environment.wanted(home), "python": python})
    return home


@pytest.fixture
def start(home):
    """Start the lab; whatever the test leaves running is ended."""
    started = []

    def run(*words: str, **variables: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, str(home.root / "lab.py"), *(words or ["launch"]), "--no-browser"],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def opened_at(process: subprocess.Popen) -> int:
    """The port from the line that says where the lab is open."""
    line = process.stdout.readline()
    assert line.startswith("Latent Lab is open at http://localhost:"), line + process.stderr.read()
    assert line.endswith("  (Ctrl+C to stop)\n")
    return int(line.split()[5].rpartition(":")[2])


def hold_line(port: int) -> socket.socket:
    """A connection that the server keeps until its process ends."""
    line = socket.create_connection(("127.0.0.1", port), timeout=30)
    line.sendall(b"GET /hold HTTP/1.1\r\n\r\n")
    while b"holding" not in line.recv(1000):
        pass
    return line


def assert_ends(line: socket.socket) -> None:
    """The server's process is gone: the system closes the line. A time-out here fails the test."""
    try:
        assert line.recv(1) == b""
    except ConnectionResetError:
        pass
    finally:
        line.close()


def test_launch_and_ctrl_c(home, start):
    lab = start()
    port = opened_at(lab)
    assert launcher.is_healthy(port)
    line = hold_line(port)
    lab.send_signal(signal.SIGINT)
    out, err = lab.communicate(timeout=30)
    assert (lab.returncode, err) == (0, "")
    assert "closing" in out
    assert_ends(line)
    log = home.server_log(port).read_text(encoding="utf-8")
    assert f"run app.py --server.port {port} --server.headless true" in log
    assert "said goodbye" in log, "the server is asked to end before it is made to"
    assert not home.running.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_server_never_outlives_the_launcher(home, start, number):
    """A polite kill, a closed terminal, and a kill that the launcher cannot even notice."""
    lab = start()
    line = hold_line(opened_at(lab))
    lab.send_signal(number)
    lab.communicate(timeout=30)
    assert_ends(line)
    again = start()
    opened_at(again)  # and nothing it left behind stands in the next one's way


@pytest.mark.parametrize("killed", [False, True], ids=["Ctrl+C", "a killed server"])
def test_a_training_that_still_saves_is_waited_for(home, start, killed):
    lab = start(FAKE="trains")
    opened_at(lab)
    if killed:
        os.kill(json.loads(home.running.read_text())["pid"], signal.SIGKILL)
    else:
        lab.send_signal(signal.SIGINT)
    lab.communicate(timeout=60)
    assert (home.root / "saved").exists()


def test_whoever_does_not_end_is_ended():
    """Not the group's first process only, and after the patience, not before the others had their chance."""
    deaf = "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [15]); print(1, flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True) as left:
        left.stdout.readline()
        launcher.sweep(left.pid, patience=0.2)
        assert left.wait(30) == -signal.SIGKILL
    launcher.sweep(left.pid, patience=float("inf"))  # returns: nobody is there to wait for


def test_each_waits_longer_than_the_one_it_waits_for():
    assert server.GRACE < launcher.SERVER_GRACE


def test_starting_twice_opens_the_same_lab(home, start):
    port = opened_at(start())
    second = start("launch")
    out, err = second.communicate(timeout=30)
    assert (second.returncode, err) == (0, "")
    assert out.startswith(f"Latent Lab is already open at http://localhost:{port}")


def test_two_starts_at_the_same_moment_make_one_server(home, start):
    """Whoever comes second waits for the first one's server, and finds it."""
    ends = [next(line for line in lab.stdout if line.startswith("Latent Lab is")) for lab in (start(), start())]
    assert sorted(" ".join(line.split()[:5]) for line in ends) == [
        "Latent Lab is already open",
        "Latent Lab is open at",
    ]


def test_windows_that_look_at_the_folder_at_the_same_moment_do_not_refuse_each_other(home):
    with ThreadPoolExecutor(4) as windows:
        for look in [windows.submit(home.check) for _ in range(400)]:
            look.result()
    assert not [left.name for left in home.logs.iterdir()]


def test_build_refuses_to_change_an_open_lab(home, start):
    port = opened_at(start())
    home.requirements.write_text("# something else\n")
    build = subprocess.run([sys.executable, home.root / "lab.py", "build"], capture_output=True, text=True, timeout=30)
    assert build.returncode == 1
    assert build.stderr.startswith(f"The lab is open at http://localhost:{port} and its packages must change")


def test_server_that_dies(home, start):
    lab = start(FAKE="dies")
    out, err = lab.communicate(timeout=30)
    assert lab.returncode == 1
    assert err.startswith("The lab's server ended while starting.")
    assert "No module named 'torch'" in err, "its last words are shown"
    assert str(home.logs) in err
    assert "Traceback" not in err
    assert not home.running.exists()


def test_port_taken_in_the_last_moment(home, start):
    port = opened_at(start(FAKE="port snatched"))
    assert launcher.is_healthy(port)
    tried = sorted(int(path.stem.rpartition("-")[2]) for path in home.logs.glob("server-*.log"))
    assert len(tried) == 2
    assert tried[-1] == port


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        yield somebody.getsockname()[1]


def test_taken_port_means_the_next(taken):
    assert not launcher.is_free(taken)
    assert launcher.free_port(None, start=taken) > taken


def test_wanted_port_that_is_taken(home, start, taken):
    lab = start("launch", "--port", str(taken))
    _, err = lab.communicate(timeout=30)
    assert lab.returncode == 1
    assert err == f"Port {taken} is taken or not allowed: choose another with --port, or leave --port away.\n"


@pytest.mark.parametrize("port", [-1, 70000])
def test_ports_that_do_not_exist(port):
    with pytest.raises(SetupError, match=f"Port {port} is taken or not allowed"):
        launcher.free_port(port)


def test_another_server_on_the_remembered_port(home, start, taken):
    """A killed lab leaves its note. Nobody holds the lock, so whoever has that port now is not taken for it."""
    home.running.write_text(f'{{"port": {taken}}}')
    assert opened_at(start()) != taken


def test_build_says_when_there_is_nothing_to_do(home):
    build = subprocess.run([sys.executable, home.root / "lab.py", "build"], capture_output=True, text=True, timeout=30)
    assert (build.returncode, build.stderr) == (0, "")
    assert build.stdout == "Latent Lab is built and up to date: start it with launch.\n"
