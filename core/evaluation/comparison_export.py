"""The table that compares runs as a file: CSV with all digits, Markdown and LaTeX (booktabs) as it is shown.

Columns in which no row has a value are left out. The best value of a column is bold where the noise allows to tell it
(`comparison.best`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from core.evaluation import comparison
from core.evaluation.comparison import Cell, Row
from core.evaluation.comparison_measures import MEASURES, Measure

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "−": "$-$",
    "—": "---",
    "±": r"$\pm$",
}
"""Characters that mean something to LaTeX, or that its fonts may lack, and what stands for them."""

MARKDOWN = "\\`*_{}[]()<>#+-.!|~$:&"
"""Characters that may mean something to Markdown and are escaped by a backslash."""


def columns(table: Sequence[Row], measures: Sequence[Measure] = MEASURES) -> list[Measure]:
    """The measures of which a row has a value."""
    return [measure for measure in measures if any(row.cell(measure).value is not None for row in table)]


def to_csv(table: Sequence[Row], measures: Sequence[Measure] = MEASURES) -> str:
    """The table as CSV, with all digits: of each measure the value, its ± and what that comes from.

    Shares stay shares; a value that does not exist is empty.
    """
    shown, text = columns(table, measures), io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    parts = [(f"{measure.key}", f"{measure.key}_error", f"{measure.key}_n") for measure in shown]
    lines.writerow(["run", "runs", *(name for part in parts for name in part)])
    for row in table:
        cells = [row.cell(measure) for measure in shown]
        numbers = [part for cell in cells for part in _numbers(cell)]
        lines.writerow([row.name, len(row.entries), *numbers])
    return text.getvalue()


def _numbers(cell: Cell) -> tuple[str, str, str]:
    if cell.value is None:
        return "", "", ""
    return repr(cell.value), "" if cell.spread is None else repr(cell.spread), str(cell.n or "")


def to_markdown(table: Sequence[Row], measures: Sequence[Measure] = MEASURES) -> str:
    """The table in GitHub's Markdown, numbers to the right."""
    shown = columns(table, measures)
    head = ["Run", *(_markdown(_heading(measure)) for measure in shown)]
    lines = [head, ["---", *("---:" for _ in shown)], *_lines(table, shown, _markdown, "**{}**")]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def to_latex(table: Sequence[Row], measures: Sequence[Measure] = MEASURES) -> str:
    """The table for LaTeX with the package booktabs: names in the first line, units in the second."""
    shown = columns(table, measures)
    arrows = {"lower": r" $\downarrow$", "higher": r" $\uparrow$", "": ""}
    names = ["Run", *(_latex(measure.name) + arrows[measure.better] for measure in shown)]
    units = ["", *(_latex(measure.unit) for measure in shown)]
    body = _lines(table, shown, _latex, r"\textbf{{{}}}")
    lines = [
        "% \\usepackage{booktabs}",
        rf"\begin{{tabular}}{{l{'r' * len(shown)}}}",
        r"\toprule",
        *(" & ".join(line) + r" \\" for line in (names, units)),
        r"\midrule",
        *(" & ".join(line) + r" \\" for line in body),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _heading(measure: Measure) -> str:
    arrow = {"lower": " ↓", "higher": " ↑", "": ""}[measure.better]
    return f"{measure.name}{f' ({measure.unit})' if measure.unit else ''}{arrow}"


def _lines(table: Sequence[Row], shown: Sequence[Measure], escape: Callable[[str], str], bold: str) -> list[list[str]]:
    """The escaped name and cells of all rows; the best cell of a column bold."""
    best = [comparison.best(table, measure) for measure in shown]
    found = []
    for row in table:
        texts = [escape(row.name)]
        for measure, winner in zip(shown, best, strict=True):
            cell = row.cell(measure)
            spread = cell.spread_text(measure)
            text = escape(f"{cell.text(measure)}{f' ± {spread}' if spread else ''}")
            texts.append(bold.format(text) if row is winner else text)
        found.append(texts)
    return found


def _latex(text: str) -> str:
    return "".join(LATEX.get(c, c) for c in text)


def _markdown(text: str) -> str:
    number = text.replace(",", "").replace(".", "").replace(" ± ", "").isdigit()
    return text if number else "".join(f"\\{c}" if c in MARKDOWN else c for c in text)
