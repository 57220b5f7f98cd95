"""Time of the latent search for 1,000 new images: `python benchmarks/latent_search.py [--decoder mlp conv]`

FashionMNIST test images, an auto-decoder that was trained for a moment (fully connected, and the conv decoder
of `auto-decoder`), decoder frozen. The textbook way starts every z at N(0, 0.01²) and makes 800 steps of
Adam at 5e-3. The lab's way is `core.latent.search.search`: a ridge start, larger steps that shrink along a cosine,
chunks of 250.

The mark for both is 5 % above the converged error (the lab's search with 600 steps). Printed: seconds to reach it, for
the lab with the fewest steps (of 10, 15, 20, …) that do; for the textbook the moment it crosses the mark, or all of its
800 steps if it never does. Both run in turn, `--rounds` times.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices  # noqa: E402

os.environ.update(devices.openmp_environment())  # as in the pages' worker, before torch is imported

import torch  # noqa: E402
from common import DENSE_AD, trained  # noqa: E402

from core import data
from core.images import convert  # noqa: E402
from core.latent import encoding
from core.models import LatentModel  # noqa: E402
from core.recipes.presets import preset  # noqa: E402

CPU = torch.device("cpu")
RECIPES = {"mlp": DENSE_AD, "conv": preset("auto-decoder").with_(train_images=20_000, epochs=2)}


def error(model: LatentModel, x: torch.Tensor, z: torch.Tensor) -> float:
    with torch.no_grad():
        return float(
            torch.cat(
                [
                    (model.decode(part) - y).square().mean((1, 2, 3))
                    for part, y in zip(z.split(250), x.split(250), strict=True)
                ]
            ).mean()
        )


def textbook(model: LatentModel, x: torch.Tensor, mark: float, steps: int = 800) -> tuple[float, float, int]:
    """(seconds, MSE, steps): all images in one batch, stopped when their mean error crosses the mark."""
    z = (0.01 * torch.randn(len(x), model.latent_dim, generator=torch.Generator().manual_seed(0))).requires_grad_()
    adam = torch.optim.Adam([z], lr=5e-3)
    began = time.perf_counter()
    for step in range(1, steps + 1):
        adam.zero_grad()
        output = model.decoder(z)
        loss = (output - x).square().sum() + float(model.beta) * 0.5 * z.square().sum()
        loss.backward()
        adam.step()
        if step % 10 == 0 and float((output.detach().clamp(0, 1) - x).square().mean()) <= mark:
            break
    return time.perf_counter() - began, error(model, x, z.detach()), step


def lab(model: LatentModel, x: torch.Tensor, steps: int) -> tuple[float, float]:
    began = time.perf_counter()
    placed = encoding.optimise_latents(model, x, steps=steps)
    return time.perf_counter() - began, error(model, x, placed.posterior.mean)


def measure(name: str, count: int, rounds: int) -> None:
    model = trained(RECIPES[name])
    x = convert.to_tensor(data.load("fashion-mnist").test_images[:count], CPU)
    converged = lab(model, x, 600)[1]
    mark = 1.05 * converged
    steps = next(n for n in range(10, 605, 5) if lab(model, x, n)[1] <= mark)
    print(f"\n{name} decoder: converged MSE {converged:.5f}, mark {mark:.5f}", flush=True)
    ratios = []
    for _ in range(rounds):
        (ours, our_error), (theirs, their_error, their_steps) = lab(model, x, steps), textbook(model, x, mark)
        ratios.append(theirs / ours)
        print(
            f"  lab {steps} steps {ours:6.2f} s, MSE {our_error:.5f}   textbook {their_steps} steps {theirs:6.2f} s, "
            f"MSE {their_error:.5f}   {ratios[-1]:5.1f}×",
            flush=True,
        )
    print(f"  {statistics.median(ratios):.1f}× (median of {rounds}; {min(ratios):.1f}–{max(ratios):.1f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decoder", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--images", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    for name in args.decoder:
        measure(name, args.images, args.rounds)


if __name__ == "__main__":
    main()
