"""Export of a run as one zip file, with a README that says how to use it."""

from __future__ import annotations

import io
import shutil
import zipfile

from core.runs import figures, frames, layout
from core.runs.run import Run, RunError
from core.system.regular_files import is_regular, open_regular

RESUME = "resume.safetensors"
FILES = (
    *layout.FACTS,
    *layout.TABLES,
    layout.IMAGES,
    layout.CLASSIFIER,
    *(name for name in layout.WEIGHTS if name != RESUME),
)

README = """{name}
{line}
A run of Latent Lab: {summary}

recipe.json       the recipe: model, data, training
images.safetensors  digests of its images, by which the lab recognises them
status.json       state of the training
history.csv       the loss curves, in {unit};  kl.csv  the KL of every latent dimension
classes.csv       of a GAN: the share of each class among the generated images
evaluation.json   metrics on the test set
classifier.safetensors  of a GAN: the classifier that judged its images
prior-flow.safetensors  a learned prior: a distribution of the latents to draw samples from
best.safetensors, last.safetensors  weights: with the lowest validation loss, and the newest
frames/           fixed images and fixed latents, decoded after every epoch
(A file is missing here where the run has none.)

In the lab: unpack the folder into models_ckpt/, or into the folder that LATENT_LAB_RUNS names. Every page and
`python -m core list` then list it. {resume}

In Python, from the lab's folder:

    from core import runs
    from core.runs import weights
    model = weights.load_model(runs.open_run("{name}"))
    images = model.sample(16)            # floats in [0, 1], [16, {channels}, {height}, {width}]

Without the lab, the weights are plain arrays by name:

    from safetensors.numpy import load_file
    arrays = load_file("best.safetensors")
"""


def to_zip(run: Run, resume_state: bool = False) -> bytes:
    """Zip file of a run's folder.

    Args:
        resume_state: whether to include the state that a resume needs; three times the size.
    Raises:
        RunError: the run is damaged or in training, or has no state to resume from.
        OSError: a file cannot be read.
    """
    recipe = run.recipe
    if run.locked():
        raise RunError(f"'{run.name}' is training now. Stop it first, then export it.")
    if resume_state and not (run.path / RESUME).is_file():
        raise RunError(f"'{run.name}' has no saved state to resume from. Export it without.")
    files = [
        *FILES,
        *layout.prior_files(run.path),
        *([RESUME] if resume_state else []),
        *(f"frames/{frames.file_name(epoch)}" for epoch in run.frames()),
    ]
    channels, height, width = recipe.shape.chw
    text = README.format(
        name=run.name,
        unit=figures.unit(recipe),
        line="=" * len(run.name),
        summary=run.summary(),
        resume="`python -m core resume` continues its training."
        if resume_state
        else "The state needed to continue its training is not included.",
        channels=channels,
        height=height,
        width=width,
    )
    buffer = io.BytesIO()
    # Weights and PNG files hardly compress.
    with zipfile.ZipFile(buffer, "w", strict_timestamps=False) as archive:
        archive.writestr(f"{run.name}/README.txt", text, zipfile.ZIP_DEFLATED)
        for file in files:
            if is_regular(run.path / file):  # a link could lead out of the folder
                _add(archive, run, file)
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, run: Run, file: str) -> None:
    packed = zipfile.ZIP_STORED if file.endswith((".safetensors", ".png")) else zipfile.ZIP_DEFLATED
    entry = zipfile.ZipInfo.from_file(run.path / file, f"{run.name}/{file}", strict_timestamps=False)
    entry.compress_type = packed
    with open_regular(run.path / file, layout.MOST_BYTES) as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target)
