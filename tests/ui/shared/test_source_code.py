"""Source code on the pages: files come from the functions themselves."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.models.base import LatentModel
from core.models.gan import GAN
from core.recipes import presets
from core.system import paths
from ui.shared import source_code


def test_a_file_is_that_in_which_the_function_stands_also_for_an_inherited_method():
    for part in (GAN.decode, LatentModel.decode):
        assert source_code.file_of(part) == "core/models/base.py"
    assert source_code.file_of(presets.preset) == "core/recipes/presets.py"
    assert (paths.ROOT / source_code.file_of(presets.preset)).is_file()


def test_the_source_is_the_text_of_the_file_without_its_indentation():
    text = source_code.source_of(LatentModel.decode, presets.preset)
    assert text.startswith("def decode(") and "\ndef preset(" in text
    file = Path(paths.ROOT / "core/models/base.py").read_text()
    assert all(line.strip() in file for line in text.splitlines()[:3])


def test_the_caption_names_each_file_once():
    def script():
        from core.models.base import LatentModel
        from ui.shared.source_code import show_code

        show_code([LatentModel.decode, LatentModel.encode], "Decoding and encoding")

    page = AppTest.from_function(script).run()
    assert [c.value for c in page.caption] == ["Decoding and encoding (`core/models/base.py`):"]
    assert "def decode(" in page.code[0].value and "def encode(" in page.code[0].value
