"""Inpainting error over the share of hidden pixels: `python benchmarks/hidden_pixels.py` (several minutes)

The curve of the VAD paper (Zadeh et al. 2019) on FashionMNIST: MSE of the hidden pixels against their share, the same
pixels for every model, over the first test images. A variational auto-decoder (fully connected decoder, 400)
searches from the visible pixels; a VAE with the same decoder, latent size, β and epochs encodes the image with its hole
filled with zeros, or with the mean image. The VAE's decoder searched like the auto-decoder's stands beside them.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import data
from core.evaluation import inpainting  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    from common import DENSE_VAD, trained

    recipe = DENSE_VAD.with_(seed=args.seed)
    images = data.load("fashion-mnist")
    test = images.test_images[: args.images]
    zeros, mean = (inpainting.fill_image(name, images) for name in ("zeros", "mean"))
    rows = {}
    for name, one in (("VAD", recipe), ("VAE", recipe.with_(model="vae"))):
        began = time.perf_counter()
        model = trained(one)
        print(f"{name} trained in {time.perf_counter() - began:.0f} s", flush=True)
        if name == "VAD":
            rows["VAD, searched"] = inpainting.sweep(model, test)
        else:
            rows["VAE, zeros"] = inpainting.sweep(model, test, fill=zeros)
            rows["VAE, mean"] = inpainting.sweep(model, test, fill=mean)
            rows["VAE, searched"] = inpainting.sweep(model, test)
    print(f"\n{len(test)} test images, MSE of hidden pixels (standard error)")
    print("hidden  " + "".join(f"{name:>20}" for name in rows))
    for p in next(iter(rows.values())):
        cells = [f"{e.mean():.4f} ({e.std() / len(e) ** 0.5:.4f})" for e in (row[p] for row in rows.values())]
        print(f"{100 * p:4.0f} %  " + "".join(f"{cell:>20}" for cell in cells), flush=True)
    best = all(
        rows["VAD, searched"][p].mean() < min(rows[f][p].mean() for f in ("VAE, zeros", "VAE, mean"))
        for p in rows["VAD, searched"]
    )
    print("the VAD is below the filled VAE at every share" if best else "the VAD is NOT below the VAE everywhere")


if __name__ == "__main__":
    main()
