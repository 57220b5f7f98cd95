"""The five questions, with the runs their figures need and without."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from streamlit.testing.v1 import AppTest

from core import runs
from core.gan.questions import QUESTIONS
from core.runs import open_run
from core.runs.images import images_of
from tests.pages.page_tools import open_page, text_of
from tests.tiny_gans import gan_run
from tests.tiny_runs import tiny, trained
from ui.gan import question_figures
from ui.shared.formatting import format_sig

KEYS = [question.key for question in QUESTIONS]


def script(name):
    from core import runs
    from ui.gan.questions import questions

    questions(runs.open_run(name) if name else None)


def visit(key: str | None = None, name: str | None = None) -> AppTest:
    return open_page(script, args=(name,), **{"question": key} if key else {})


def answer(page: AppTest, key: str, choice: int) -> AppTest:
    page.radio(key=f"gan_answer_{key}").set_value(choice).run()
    assert not page.exception
    return page


@pytest.fixture
def models():
    """One run of each kind that a figure asks for."""
    for name, recipe in {"ae2": tiny("plane-ae"), "vae2": tiny("plane-vae"), "vae4": tiny(latent_dim=4)}.items():
        trained(recipe.with_(epochs=1), name)
    gan_run("a-gan")


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS, ids=KEYS)
def test_before_the_answer_nothing_is_given_away_and_after_it_every_choice_is_explained(question, models):
    page = visit(question.key, "a-gan")
    assert question.answer not in text_of(page)
    wrong = (question.right + 1) % len(question.choices)
    said = text_of(answer(page, question.key, wrong))
    assert question.answer in said and question.choices[wrong][0] in page.warning[0].value
    assert all(reply in said for _, reply in question.choices) and not page.info
    kept = page.session_state["gan_answers"][question.key]
    assert (kept["choice"], kept["right"], kept["said"]) == (wrong, False, question.choices[wrong][0])


@pytest.mark.parametrize("question", QUESTIONS, ids=KEYS)
def test_without_runs_each_answer_stands_and_the_figure_says_what_it_needs(question):
    page = answer(visit(question.key), question.key, question.right)
    assert page.success and question.answer in text_of(page)
    assert "needs" in page.info[0].value and "Train" in page.info[0].value


def test_the_right_answer_is_called_right_and_the_first_answer_stays(models):
    page = answer(visit("kl"), "kl", 2)
    assert page.success and page.session_state["gan_answers"]["kl"]["right"]
    assert not [r for r in page.radio if r.key == "gan_answer_kl"], "it cannot be answered again"


def test_a_question_that_is_not_there_is_ignored_with_a_message():
    page = visit("nonsense")
    assert "it is one of reparameterisation, kl" in page.warning[0].value and QUESTIONS[0].text in text_of(page)


def test_the_decoder_and_the_generator_show_the_same_z(models, monkeypatch):
    import numpy as np

    from core.latent import codec, sampling
    from core.runs import open_run, weights
    from ui.gan import question_figures

    shown = []
    monkeypatch.setattr(question_figures, "still", lambda images, *_: shown.append(images))
    answer(visit("generator", "a-gan"), "generator", 1)
    model = weights.load_model(open_run("a-gan"))
    z = sampling.prior(16, 3, 0)
    assert np.array_equal(shown[0], codec.decode(model.source_model(), z))
    assert np.array_equal(shown[1], codec.decode(model, z)) and not np.array_equal(*shown)


@pytest.mark.slow
@pytest.mark.parametrize(
    "key, page_file",
    [
        ("kl", "planes"),
        ("size", "reconstruct"),
        ("generator", "generate"),
        ("reparameterisation", "gan"),
        ("two", "generate"),
    ],
)
def test_the_link_leads_to_the_page_with_the_state_that_shows_it(models, monkeypatch, key, page_file):
    from ui.gan import question_figures

    went = []
    monkeypatch.setattr(
        question_figures.st, "switch_page", lambda page, query_params: went.append((page, query_params))
    )
    page = answer(visit(key, "a-gan"), key, 0)
    next(b for b in page.button if b.key and b.key.startswith("gan_link")).click().run()
    assert went[0][0] == f"pages/{page_file}.py"
    wanted = {
        "kl": {"ae": "ae2", "vae": "vae2"},
        "generator": {"run": "a-gan"},
        "two": {"run": "a-gan"},
        "reparameterisation": {"tab": "idea", "part": "latent"},
    }
    if key in wanted:
        assert went[0][1] == wanted[key]
    else:
        assert set(went[0][1]["runs"].split(",")) == {"vae2", "vae4"}


def test_the_proof_of_the_kl_term_is_a_pair_that_differs_in_nothing_else(models):
    """A newer VAE with β = 0, or one whose β was changed to 0, must not become the proof that the KL term pulls."""
    trained(tiny("plane-vae", epochs=1, beta=0.0), "off")
    changed = trained(tiny("plane-vae", epochs=1), "changed")
    changed.update_status(changes=[{"step": 1, "epoch": 0.5, "field": "beta", "old": 1.0, "new": 0.0}])
    trained(tiny("plane-vae", epochs=1, hidden=(8,)), "narrow")
    said = text_of(answer(visit("kl"), "kl", 2))
    assert "Computed from ae2 (AE · " in said and "and vae2 (VAE · " in said and "2-d · β 1 · seed 0" in said
    assert not any(name in said for name in ("off (", "changed (", "narrow ("))


def test_where_no_run_fits_the_figure_is_refused_with_what_is_needed(models):
    open_run("vae2").update_status(changes=[{"step": 1, "epoch": 0.5, "field": "beta", "old": 1.0, "new": 0.0}])
    page = answer(visit("kl"), "kl", 2)
    assert "the VAE with β = 1, both with the same network" in text_of(page, "info") and "Computed from" not in text_of(
        page
    )


def test_another_visitor_s_run_is_no_evidence(models):
    open_run("vae4").update_status(owner="0123456789ab")
    page = answer(visit("reparameterisation"), "reparameterisation", 1)
    assert "needs a trained VAE" in page.info[0].value


@pytest.mark.slow
def test_the_latent_sizes_are_compared_among_vaes_with_beta_one_and_missing_ones_are_named(models):
    trained(tiny(epochs=1, latent_dim=9, beta=5.0), "strong")
    said = text_of(answer(visit("size"), "size", 0))
    assert "| 2 | vae2 |" in said and "| 4 | vae4 |" in said and "ae2 |" not in said.replace("vae2 |", "")
    assert "strong" not in said and "No VAE with 20 or 128 latent dimensions yet" in said
    pictures = images_of(open_run("vae2"))
    x, y = (images.reshape(len(images), -1) / 255.0 for images in (pictures.train_images, pictures.test_images))
    for d in (20, 128):  # sizes without a VAE have PCA's error, with no more components than images allow
        copies = (found := PCA(min(d, len(x) - 1), svd_solver="full").fit(x)).inverse_transform(found.transform(y))
        assert f"| {d} | – | – | – | – | {format_sig(((copies - y) ** 2).mean())} |" in said


def test_sizes_of_one_network_are_compared_where_there_are_some(monkeypatch):
    sizes = {"plain-2": 2, "plain-20": 20, "plain-128": 128, "newer-20": 20}
    found = [runs.create(tiny(latent_dim=d, hidden=(9 if "newer" in name else 8,)), name) for name, d in sizes.items()]
    other = runs.create(tiny(latent_dim=2, hidden=(7, 7)), "other-2")
    monkeypatch.setattr(question_figures, "_runs", lambda fits: [other, *reversed(found)])
    chosen = question_figures._one_of_each_size(found[-1])
    assert {d: run.name for d, run in chosen.items()} == {2: "plain-2", 20: "plain-20", 128: "plain-128"}
    monkeypatch.setattr(question_figures, "_runs", lambda fits: [other, found[-1]])
    chosen = question_figures._one_of_each_size(found[-1])
    assert {d: run.name for d, run in chosen.items()} == {2: "other-2", 20: "newer-20"}, (
        "of two networks, better than one"
    )


def test_what_the_errors_of_the_sizes_say_follows_from_them():
    said = question_figures.findings({128: (0.009, 0.001), 2: (0.02, 0.04), 20: (0.01, 0.008)})
    assert "from 2 to 20 dimensions it falls by 50 %, from 20 to 128 dimensions it falls by 10 %" in said
    assert "With 2 dimensions it is lower than PCA’s, with 128 higher" in said
    said = question_figures.findings({2: (0.02, 0.04), 20: (0.03, 0.04)})
    assert "from 2 to 20 dimensions it rises by 50 %" in said and "PCA" not in said
    assert not question_figures.findings({2: (0.02, 0.04)}), "one size says nothing about size"


def test_of_a_large_set_pca_has_images_evenly_spread(monkeypatch):
    monkeypatch.setattr(question_figures, "PCA_VALUES", 5_000)
    pictures = np.broadcast_to(np.arange(100, dtype=np.uint8)[:, None, None, None], (100, 20, 25, 1))
    assert question_figures._evenly(pictures)[:, 0, 0, 0].tolist() == [*range(0, 100, 11)]
    assert len(question_figures._evenly(pictures[:7])) == 7
