"""VQ-VAE: error and perplexity on CIFAR-10, and on MNIST samples of a prior learned over the codes.

`python benchmarks/codes.py [--part cifar mnist] [--path cifar10-images.zip] [--epochs N] [--seeds 0 1 2] [--steps N]`

    cifar  `vq-vae-32-fast`: MSE per pixel on all test images, and how many codes they use: exp of the entropy of the
           codes' frequencies over all test images. PATH is a folder or a zip archive with `train/` and `test/`.
    mnist  `vq-vae-fast`: Fréchet distance of 10,000 samples to 10,000 test images in the features of the lab's
           classifier, of the transformer learned over the codes and of random codes; of the samples from the prior of
           `conv-vae-fast` beside it; floor: of the decoded codes of 10,000 training images

Minutes are those of the processor, all cores together, for the training alone.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices

os.environ.update(devices.openmp_environment())  # as in the pages' worker, before torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
from common import trained  # noqa: E402

from core import data  # noqa: E402
from core.evaluation import metrics, sample_quality  # noqa: E402
from core.images.shape import ImageShape  # noqa: E402
from core.latent import codebook, codec, sampling  # noqa: E402
from core.models.vq_vae import perplexity  # noqa: E402
from core.priors import code_transformer  # noqa: E402
from core.priors.latents import TrainingLatents  # noqa: E402
from core.priors.settings import CodeTransformerSettings  # noqa: E402
from core.recipes.presets import preset  # noqa: E402

SAMPLES = 10_000


def timed(recipe, images):
    """The trained model and the minutes of the processor that it took."""
    began = time.process_time()
    model = trained(recipe, images)
    return model, (time.process_time() - began) / 60


def spread(values: list[float], digits: int) -> str:
    more = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{more}"


def cifar(args: argparse.Namespace) -> None:
    shape = ImageShape(3, 32, 32)
    images = data.load("folder", args.path, shape)
    errors, used = [], []
    for seed in args.seeds:
        changes = {"epochs": args.epochs} if args.epochs else {}
        recipe = preset("vq-vae-32-fast").with_(
            dataset="folder", folder=args.path, image_shape=shape.chw, seed=seed, **changes
        )
        model, minutes = timed(recipe, images)
        errors.append(metrics.evaluate(model, images.test_images)["mse"])
        codes = codebook.of_latents(model, codec.encode(model, images.test_images))
        used.append(float(perplexity(torch.bincount(torch.from_numpy(codes.ravel()), minlength=512).float())))
        print(f"  seed {seed}: MSE {errors[-1]:.5f}, perplexity {used[-1]:.0f}, {minutes:.1f} min", flush=True)
    print(f"CIFAR-10: MSE {spread(errors, 5)}, perplexity {spread(used, 0)} of 512 (n = {len(args.seeds)})", flush=True)


def mnist(args: argparse.Namespace) -> None:
    images = data.load("mnist")
    quality = sample_quality.for_dataset(images).with_reference(images.test_images[:SAMPLES])
    vae, minutes = timed(preset("conv-vae-fast"), images)
    found: dict[str, list[float]] = {"VAE's prior": [], "transformer": [], "random codes": [], "decoded codes": []}
    print(f"  conv-vae-fast: {minutes:.1f} min", flush=True)
    for seed in args.seeds:
        changes = {"epochs": args.epochs} if args.epochs else {}
        model, minutes = timed(preset("vq-vae-fast").with_(seed=seed, **changes), images)
        error = metrics.evaluate(model, images.test_images)["mse"]
        began = time.process_time()
        settings = CodeTransformerSettings(seed=seed, **({"steps": args.steps} if args.steps else {}))
        latents = torch.from_numpy(codec.encode(model, images.train_images))
        state = None
        for state in code_transformer.learn(TrainingLatents(latents, None, None), model, settings):
            if state.step % 200 == 0:
                print(f"    step {state.step}: {49 * state.loss:.1f} nats", flush=True)
        assert state is not None
        learned = (time.process_time() - began) / 60
        pictures = {
            "VAE's prior": sample_quality.generate(vae, SAMPLES, seed),
            "transformer": codec.decode(model, state.prior.draw(SAMPLES, seed)),
            "random codes": codec.decode(model, sampling.draws(model, SAMPLES, seed)),
            # Evenly spread, but not every sixth: MNIST's writers take turns, and those images differ from the rest.
            "decoded codes": codec.decode(model, latents.numpy()[codec.evenly(len(latents), SAMPLES)]),
        }
        for name, drawn in pictures.items():
            found[name].append(quality.measure(drawn).frechet)
        print(
            f"  seed {seed}: MSE {error:.5f}, model {minutes:.1f} min, prior {learned:.1f} min, "
            f"{49 * state.loss:.1f} nats; " + ", ".join(f"{name} {values[-1]:.1f}" for name, values in found.items()),
            flush=True,
        )
    for name, values in found.items():
        print(f"MNIST, Fréchet distance, {name}: {spread(values, 1)} (n = {len(values)})", flush=True)


PARTS = {"cifar": cifar, "mnist": mnist}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--path", default=str(Path(os.environ.get("LATENT_LAB_DATA", "data")) / "cifar10-images.zip"))
    parser.add_argument("--epochs", type=int, default=0, help="default: the preset's")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=0, help="of the transformer; default: its own")
    args = parser.parse_args()
    np.set_printoptions(precision=4)
    print(f"torch {torch.__version__}, {devices.cores()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for part in args.part:
        PARTS[part](args)


if __name__ == "__main__":
    main()
