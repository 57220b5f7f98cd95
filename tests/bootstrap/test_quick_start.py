"""What is left for later at the start: it is not done, and it is done when it is needed."""

import subprocess
import sys

START = """
import sys
from bootstrap import quick_start
quick_start.import_streamlit()
quick_start.leave_packages_unread()
assert "streamlit" in sys.modules and "plotly.graph_objects" not in sys.modules
from streamlit.components.v2 import component_manager, manifest_scanner
manifest_scanner.scan_component_manifests = None
component_manager.BidiComponentManager().discover_and_register_components()
before = sys.meta_path
import plotly.graph_objects as go
import plotly.io
assert plotly.io.templates.default == "streamlit" and go.Figure().layout.template.layout.colorway[0] == "#000001"
finders = [[type(finder) is quick_start.ThemeOnImport for finder in path] for path in (before, sys.meta_path)]
assert any(finders[0]) and not any(finders[1]), "another thread goes through the list that it began with"
"""


def test_plotly_comes_with_the_first_chart_and_has_streamlits_theme_then():
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
