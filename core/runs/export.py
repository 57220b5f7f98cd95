"""A run as one zip file that can be carried away, with a page inside that says how to use it."""

from __future__ import annotations

import io
import zipfile

from core.runs.run import Run, RunError

FILES = (
    "recipe.json",
    "status.json",
    "history.csv",
    "kl.csv",
    "evaluation.json",
    "best.safetensors",
    "last.safetensors",
)
RESUME = "resume.safetensors"

README = """{name}
{line}
A run of Latent Lab: {summary}

recipe.json       what was asked for
status.json       how the training went
history.csv       the loss curves, in nats per image;  kl.csv  the KL of every latent dimension
evaluation.json   figures on the test set
*.safetensors     weights: best (lowest validation loss) and last
frames/           fixed images and fixed latents, decoded after every epoch
(A file is missing here where the run has none.)

In the lab: unpack the folder into models_ckpt/, or into the folder that LATENT_LAB_RUNS names. It then stands in
the list of every page, and of `python -m core list`. {resume}

In Python, from the lab's folder:

    from core import runs
    from core.runs import weights
    model = weights.load_model(runs.open_run("{name}"))
    images = model.sample(16)            # floats in [0, 1], [16, 1, 28, 28]

Without the lab, the weights are plain arrays by name:

    from safetensors.numpy import load_file
    arrays = load_file("best.safetensors")
"""


def to_zip(run: Run, resume_state: bool = False) -> bytes:
    """The run's folder as a zip file.

    Args:
        resume_state: with what is needed to train on: three times the size.
    Raises:
        RunError: the run is damaged or training now, or has no state to resume from.
        OSError: a file cannot be read.
    """
    recipe = run.recipe
    if run.locked():
        raise RunError(f"'{run.name}' is training now. Stop it first, then export it.")
    if resume_state and not (run.path / RESUME).is_file():
        raise RunError(f"'{run.name}' has no saved state to resume from. Export it without.")
    files = [*FILES, *([RESUME] if resume_state else []), *(f"frames/{epoch:04d}.png" for epoch in run.frames())]
    resume = "`python -m core resume` trains on." if resume_state else "The state to train on from is not included."
    text = README.format(name=run.name, line="=" * len(run.name), summary=recipe.summary(), resume=resume)
    buffer = io.BytesIO()
    # Weights and pictures hardly shrink any more; packing them would only take time.
    with zipfile.ZipFile(buffer, "w", strict_timestamps=False) as archive:
        archive.writestr(f"{run.name}/README.txt", text, zipfile.ZIP_DEFLATED)
        for file in files:
            if (run.path / file).is_file():
                packed = zipfile.ZIP_STORED if file.endswith((".safetensors", ".png")) else zipfile.ZIP_DEFLATED
                archive.write(run.path / file, f"{run.name}/{file}", packed)
    return buffer.getvalue()
