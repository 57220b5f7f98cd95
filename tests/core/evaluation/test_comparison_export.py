"""The table as CSV, Markdown and LaTeX, parsed back."""

import csv
import io
import re

import pytest

from core.evaluation import comparison, comparison_export
from core.evaluation.comparison import Entry
from core.evaluation.comparison_measures import Value
from core.recipes.presets import preset

NAMES = ("a_run & 50%", "b|c*d", "x#{y}~^$z\\", "1. first")


@pytest.fixture
def table() -> list[comparison.Row]:
    entries = [
        Entry(
            name,
            preset("mlp-vae"),
            {
                "mse": Value(0.0123456789 * (k + 1), 1e-5, 1_000),
                "probe": Value(0.9, 0.01, 500),
                "parameters": Value(123_456.0, 0.0),
                "decode_ms": Value(0.5 + k),
            },
        )
        for k, name in enumerate(NAMES)
    ]
    return comparison.rows([*entries, Entry("without", preset("deep-ae"), {"negative_elbo": Value(1.0)})])


KEYS = ["mse", "probe", "parameters", "decode_ms"]


def test_only_columns_with_a_value_are_there(table):
    assert [measure.key for measure in comparison_export.columns(table)] == KEYS, "an autoencoder has no ELBO"


def test_the_csv_reads_back_as_the_same_numbers(table):
    rows = list(csv.DictReader(io.StringIO(comparison_export.to_csv(table))))
    assert [row["run"] for row in rows] == [*NAMES, "without"]
    for k, row in enumerate(rows[:-1]):
        assert float(row["mse"]) == 0.0123456789 * (k + 1) and float(row["mse_error"]) == 1e-5
        assert row["mse_n"] == "1000" and row["decode_ms_error"] == "" and row["runs"] == "1"
    assert all(rows[-1][key] == "" for key in KEYS)


def cells_of_markdown(line: str) -> list[str]:
    """The texts of a line's cells, as Markdown shows them."""
    cells = re.split(r"(?<!\\)\|", line.strip())[1:-1]
    return [re.sub(r"\\([^a-zA-Z0-9\s])", r"\1", re.sub(r"(?<!\\)\*\*", "", cell.strip())) for cell in cells]


def test_the_markdown_shows_the_names_and_numbers(table):
    lines = comparison_export.to_markdown(table).splitlines()
    head, rule, *body = (cells_of_markdown(line) for line in lines)
    assert head == ["Run", "Test MSE (per pixel) ↓", "Linear probe (%) ↑", "Parameters ↓", "Decode (ms) ↓"]
    assert rule == ["---", *["---:"] * 4] and {len(line) for line in body} == {5}
    assert [line[0] for line in body] == [*NAMES, "without"]
    assert body[0][1:] == ["0.0123 ± 0.00001", "90.0 ± 1.0", "123,456", "0.500"]
    assert body[-1][1:] == ["—"] * 4
    assert "**0.0123 ± 0.00001**" in lines[2].replace("\\", "") and lines[3].count("**") == 0, "the best is bold"


def parse_latex(text: str) -> str:
    """A cell as LaTeX prints it."""
    text = re.sub(r"\\textbf\{(.*)\}$", r"\1", text.strip())
    for written, meant in {
        r"\textbackslash{}": "\\",
        r"\textasciitilde{}": "~",
        r"\textasciicircum{}": "^",
        r"\textbar{}": "|",
        "$-$": "−",
        r"$\pm$": "±",
        r"$\downarrow$": "↓",
        r"$\uparrow$": "↑",
        "---": "—",
    }.items():
        text = text.replace(written, meant)
    return re.sub(r"\\([&%$#_{}])", r"\1", text)


def test_the_latex_is_a_booktabs_table_that_prints_the_names_and_numbers(table):
    text = comparison_export.to_latex(table)
    begin, end = text.index(r"\begin{tabular}{lrrrr}"), text.index(r"\end{tabular}")
    rules = [line for line in text[begin:end].splitlines() if line in (r"\toprule", r"\midrule", r"\bottomrule")]
    assert rules == [r"\toprule", r"\midrule", r"\bottomrule"]
    lines = [line[: -len(r" \\")] for line in text[begin:end].splitlines() if line.endswith(r" \\")]
    head, units, *body = ([parse_latex(cell) for cell in re.split(r"(?<!\\) & ", line)] for line in lines)
    assert head == ["Run", "Test MSE ↓", "Linear probe ↑", "Parameters ↓", "Decode ↓"]
    assert [unit.strip() for unit in units] == ["", "per pixel", "%", "", "ms"]
    assert [line[0] for line in body] == [*NAMES, "without"]
    assert body[0][1] == "0.0123 ± 0.00001" and body[-1][1:] == ["—"] * 4
    assert r"\textbf{0.0123" in lines[2] and all(line.count(r"\textbf") == 0 for line in lines[3:])
    bare = re.sub(r"\\[&%$#_{}]|\\[a-z]+|\$[^$]*\$", "", "\n".join(lines[2:]))
    assert not set("%#_^~") & set(bare), "nothing is left that LaTeX would read as a command"
