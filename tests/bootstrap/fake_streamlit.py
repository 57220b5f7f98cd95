"""Stands in for streamlit.web.cli: answers the health question, holds a line open, or fails as it is told to.

Copied into a test lab's own folder, which Python searches first. FAKE says how to behave.
"""

import http.server
import os
import subprocess
import sys
from pathlib import Path


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path == "/hold":  # the line stays open for as long as this process lives
            self.wfile.write(b"holding")
            self.wfile.flush()
            self.rfile.read()

    def log_message(self, *words):
        pass


WORKER = """
import pathlib, sys, time
sys.stdin.read()  # until the server is gone
time.sleep(1)  # a slow disk
pathlib.Path("saved").touch()
"""


def main(prog_name):
    port = int(sys.argv[sys.argv.index("--server.port") + 1])
    manner = os.environ.get("FAKE", "")
    if manner == "dies":
        sys.exit("ModuleNotFoundError: No module named 'torch'")
    if manner == "port snatched" and not Path("snatched").exists():
        Path("snatched").touch()
        sys.exit(f"Port {port} is not available")
    if manner == "trains":
        subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE)
    print("arguments:", *sys.argv[1:], flush=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("said goodbye", flush=True)
