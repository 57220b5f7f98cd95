"""The VAE → diffusion page in each of its states: without a flow, while one is learned, with one, and out of date."""

import numpy as np
import pytest

from core.evaluation import sampler_comparison
from core.evaluation.sampler_comparison import LATENTS, Comparison, SamplerMeasures
from core.jobs.messages import Ended
from core.latent import sampling
from core.priors import store
from core.priors.events import LEARNING, PriorProgress
from core.priors.kinds import FLOW
from core.priors.learning import learn
from core.priors.settings import FlowSettings
from core.runs import weights
from core.runs.images import images_of
from tests.pages.page_tools import button_of, keys_of, open_page, text_of, untrained
from tests.tiny_gans import gan_run
from tests.tiny_runs import tiny, trained
from ui.components.diffusion import flow_path, latent_scatter

pytestmark = pytest.mark.usefixtures("executor")

QUICK = FlowSettings(steps=20, batch=32, width=16, blocks=1)


@pytest.fixture
def boards(monkeypatch) -> dict[str, dict]:
    """The last message to each component by its key."""
    sent: dict[str, dict] = {}
    for module in (flow_path, latent_scatter):
        monkeypatch.setattr(module, "_mount", lambda key, data: sent.__setitem__(key, data))
    return sent


def with_flow(name: str = "flat", **changes):
    run = trained(tiny("plane-vae", **changes), name)
    list(learn(run, FLOW, QUICK, "cpu"))
    return run


def test_without_a_flow_the_page_offers_to_learn_one_and_shows_it_coming(executor, boards):
    run = trained(tiny("plane-vae"), "flat")
    page = open_page("diffusion", run="flat")
    assert "This model has no flow yet" in text_of(page)
    button_of(page, "learn_flow").click().run()
    execution = executor.next()
    assert execution.order.arguments["kind"] == "flow" and execution.order.arguments["run"] == str(run.path)
    points = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    execution.send(
        PriorProgress(
            LEARNING, 750, 1_500, 30.0, np.array([[750, 0.9]], np.float32), np.zeros((3, 28, 28), np.uint8), points
        )
    )
    from core.jobs import prior

    job = prior.current(run, FLOW)
    assert job.wait(lambda j: j.step == 750, 60)
    page.run()
    assert "Samples** after 750 learning steps" in text_of(page) and boards["diffusion_live"]["planes"][0]["n"] == 50
    list(learn(run, FLOW, QUICK, "cpu"))
    execution.send(Ended("finished"))
    assert job.wait(timeout=60)
    page.run()
    assert not page.exception and "20 steps on the latents of 64 training images" in text_of(page)


def test_with_a_flow_noise_becomes_images_along_its_path(boards):
    run = with_flow()
    page = open_page("diffusion", run="flat", steps=7, solver="euler", seed=5)
    message = next(data for key, data in boards.items() if key.startswith("diffusion_path"))
    assert message["frames"] == 8 and message["times"][0] == 0 and message["times"][-1] == 1 and message["n"] == 24
    model = weights.load_model(run)
    z = store.load(run, FLOW, model).path(sampling.prior(24, 2, 5), 7, "euler")
    from ui.components.base import pack_numbers

    assert message["plane"]["points"] == pack_numbers(z, np.float32)
    planes = next(data for key, data in boards.items() if key.startswith("diffusion_planes"))["planes"]
    assert [plane["name"] for plane in planes] == [
        *("Prior N(0, I)", "Fitted Gaussian", "Mixture of Gaussians", "Flow matching", "Training latents")
    ]
    assert "in 7 steps of the solver: the network is asked 7 times" in text_of(page)


def test_a_class_can_be_asked_for_with_guidance(boards):
    run = with_flow()
    open_page("diffusion", run="flat", **{"class": 3, "guidance": 2, "steps": 4})
    message = next(data for key, data in boards.items() if key.startswith("diffusion_path"))
    z = store.load(run, FLOW, weights.load_model(run)).path(sampling.prior(24, 2, 1), 4, "heun", 3, 2.0)
    from ui.components.base import pack_numbers

    assert message["plane"]["points"] == pack_numbers(z, np.float32)


def test_with_more_dimensions_there_is_no_plane(boards):
    with_flow("deep", latent_dim=5)
    open_page("diffusion", run="deep", steps=3)
    assert [key for key in boards if key.startswith("diffusion_planes")] == []
    message = next(data for key, data in boards.items() if key.startswith("diffusion_path"))
    assert message["plane"] is None and message["frames"] == 4


def test_a_flow_of_other_weights_is_said_to_be_out_of_date(boards):
    run = with_flow()
    model = weights.load_model(run)
    weights.save(run.path / "best.safetensors", dict(model.state_dict()) | {"kl_per_dim": model.kl_per_dim + 1}, {})
    page = open_page("diffusion", run="flat")
    assert "learned for other weights of the model" in text_of(page, "warning")
    assert "learn_flow_flat" in keys_of(page, "button") and not any(k.startswith("diffusion_path") for k in boards)


def test_a_damaged_flow_is_a_sentence(boards):
    run = with_flow()
    store.file_of(run, FLOW).write_bytes(b"nonsense")
    page = open_page("diffusion", run="flat")
    assert "prior-flow.safetensors of 'flat' is damaged" in text_of(page, "warning")


def test_the_address_may_be_wrong(boards):
    with_flow()
    page = open_page("diffusion", run="flat", steps=1_000, solver="rk4", seed=-1, guidance="nan", colour=3)
    warnings = text_of(page, "warning")
    assert "Allowed: a whole number from 1 to 100" in warnings and "Allowed: heun or euler" in warnings
    assert "unknown parameter" in warnings


def test_a_gan_has_no_latents_of_training_images():
    gan_run("game")
    untrained("flat", "plane-vae", latent_dim=2)
    page = open_page("diffusion", run="game")
    assert "The address names a GAN" in text_of(page, "warning") and page.query_params["run"] in ("flat", ["flat"])


def test_a_comparison_is_a_job_and_shows_its_distances(executor, boards):
    run = with_flow()
    page = open_page("diffusion", run="flat")
    button_of(page, "compare_samplers").click().run()
    execution = executor.next()
    assert execution.order.task == "compare_samplers"
    path = sampler_comparison.file_of(run, images_of(run))
    pictures = np.zeros((24, 28, 28), np.uint8)
    rows = {
        key: SamplerMeasures(value, 0.07, 0.01, 0.5, 0.4, 0.1, 0.9, pictures)
        for key, value in (("prior", 90.0), ("mixture", 20.0), ("flow", 8.0), (LATENTS, 2.0))
    }
    assert sampler_comparison.save(path, Comparison(rows, 10_000, 297, "features", 0.5))
    execution.send(Ended("finished"))
    page.run()
    page.run()
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown == {
        "Prior N(0, I)": "90.0",
        "Mixture of Gaussians": "20.0",
        "Flow matching": "8.00",
        "Training latents": "2.00",
    }
    assert "comes to 0.400 of the best of the other samplers, 8.00 instead of 20.0" in text_of(page)


def test_a_question_is_answered_once_and_its_answer_is_kept(boards):
    with_flow()
    page = open_page("diffusion", run="flat", question="holes")
    page.radio(key="diffusion_answer_holes").set_value(0).run()
    assert "You predicted: Yes: all pictures are good then" in text_of(page, "warning")
    assert "A sampler has to do two things" in text_of(page, "markdown")
    assert "diffusion_answer_holes" not in keys_of(page, "radio")


def test_every_question_has_a_right_answer_and_a_comment_on_each():
    from core.priors.questions import QUESTIONS

    assert len({question.key for question in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        assert 0 <= question.right < len(question.choices) and all(all(choice) for choice in question.choices)
        assert question.choices[question.right][1].startswith("Yes")
