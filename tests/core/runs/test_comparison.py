"""The common table of several runs, read back by pandas."""

import io

import numpy as np
import pandas as pd

from core.runs.comparison import histories_csv
from tests.tiny_runs import tiny, trained


def test_the_table_of_several_runs_holds_all_their_numbers_and_settings():
    vae, ae = trained(tiny(beta=4.0), "a"), trained(tiny(model="ae", epochs=1), "b")
    table = pd.read_csv(
        io.StringIO(histories_csv([vae, ae], {run.name: {"β": text} for run, text in ((vae, "4"), (ae, "–"))}))
    )
    assert list(table)[:2] == ["run", "β"] and set(table["β"]) == {"4", "–"}
    for run in (vae, ae):
        rows, history = table[table["run"] == run.name], run.history()
        for column, values in history.items():
            assert np.array_equal(rows[column].to_numpy(float), values, equal_nan=True), column
    assert table[table["run"] == "b"]["train_kl"].isna().all(), "an autoencoder has no KL"
