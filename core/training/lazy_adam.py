"""Lazy Adam: dense Adam over a table of latent vectors, computed only for the rows of the batch.

With plain indexing, a batch of 128 gives a gradient for all 60,000 rows, nearly all of it zeros, and Adam reads and
writes 200 MB to update rows outside the batch. Those rows do move, by the momentum of the last step in which they had a
gradient. Omitting these updates (SparseAdam, Adam per row) gives a different optimiser, with a far worse result at the
same learning rate. Here the zero-gradient steps that a row has missed are applied in closed form when the row is next
needed: the result of dense Adam at the cost of the batch's rows.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from core.training.base_trainer import checked_number, copy_exactly

WINDOW = 256
"""Zero-gradient steps after which a row's motion is neglected: (β₁/√β₂)^256 ≈ 2 · 10⁻¹² of the first such step."""


class LazyAdam:
    """Dense Adam (Kingma & Ba 2015) over rows [N, k], touching only the rows of the batch.

        rows = lazy.gather(batch)      # values under dense Adam; requires grad
        loss(rows).backward()
        lazy.step()

    Step t of dense Adam with a zero gradient moves a row with last gradient at step s and moments m and v by

        −lr_t · (β₁^(t−s) m / (1 − β₁^t)) / (√(β₂^(t−s) v / (1 − β₂^t)) + ε)  ≈  −(m / (√v + ε')) · r^(t−s) · c_t
        with r = β₁ / √β₂ and c_t = lr_t · √(1 − β₂^t) / (1 − β₁^t).

    The sum over the missed steps is then m / (√v + ε') times a factor that depends on s alone. `replay` holds this
    factor for each s; a new step adds its term to the last `WINDOW` factors.

    Approximation: ε' = √(1 − β₂^s) ε keeps the ratio of ε to √v̂ at step s, while in dense Adam the ratio grows as √v̂
    decays. Where √v̂ ≫ ε, which holds for every row that ever had a gradient, the two agree to rounding; a row that
    never had a gradient has m = 0 and does not move. `step` itself is exact.

    Attributes:
        lr: learning rate of the next step.
        steps: number of steps so far.
    """

    def __init__(
        self,
        start: Tensor,
        lr: float,
        longest_gap: int,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        """
        Args:
            start: initial table, [N, k], copied.
            lr: learning rate.
            longest_gap: maximum number of steps between two batches that contain the same row.
            betas: β₁ and β₂.
            eps: ε.
        """
        self.table = start.detach().clone()
        self.m, self.v = torch.zeros_like(self.table), torch.zeros_like(self.table)
        self.last = torch.zeros(len(start), dtype=torch.long, device=start.device)
        self.lr, self.betas, self.eps, self.steps = lr, betas, eps, 0
        # Ring buffer: step s has entry s % len. Longer than the gap, so that no entry is overwritten while in use.
        self.replay = torch.zeros(max(longest_gap, WINDOW) + 2, device=start.device)
        self._back = torch.arange(WINDOW, device=start.device)
        ratio = betas[0] / math.sqrt(betas[1])
        self._decay = torch.tensor([ratio ** (1 + k) for k in range(WINDOW)], device=start.device)

    def gather(self, rows: Tensor) -> Tensor:
        """Current values [B, k] of distinct rows [B] of the table, as a leaf tensor that accumulates their gradient."""
        self._rows = rows
        last = self.last[rows]
        self._gone = (self.steps - last).unsqueeze(1)
        self._m, self._v = self.m[rows], self.v[rows]
        self._leaf = self._caught_up(self.table[rows], self._m, self._v, last).requires_grad_()
        return self._leaf

    def gradient(self) -> Tensor:
        """The gradient [B, k] of the rows gathered last.

        Raises:
            RuntimeError: they have none.
        """
        if self._leaf.grad is None:
            raise RuntimeError("step: the rows gathered last have no gradient; call backward first.")
        return self._leaf.grad

    @torch.no_grad()
    def step(self) -> None:
        """Take one Adam step on the rows gathered last.

        Raises:
            RuntimeError: the rows have no gradient.
        """
        b1, b2 = self.betas
        grad, gone = self.gradient(), self._gone
        self.steps = t = self.steps + 1
        m = self._m * b1 ** (gone + 1.0) + (1 - b1) * grad
        v = self._v * b2 ** (gone + 1.0) + (1 - b2) * grad.square()
        root = (v / (1 - b2**t)).sqrt_().add_(self.eps)
        rows = self._rows
        self.table[rows] = self._leaf.detach() - (self.lr / (1 - b1**t)) * m / root
        self.m[rows], self.v[rows], self.last[rows] = m, v, t
        self._extend(t)

    def _extend(self, t: int) -> None:
        """Add step t to the sums of missed steps, and start the sum of the rows with a gradient at step t."""
        b1, b2 = self.betas
        scale = self.lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        reach = min(WINDOW, t)
        places = (t - 1 - self._back[:reach]) % len(self.replay)
        self.replay.index_add_(0, places, self._decay[:reach], alpha=scale)
        self.replay[t % len(self.replay)] = 0.0

    def _caught_up(self, table: Tensor, m: Tensor, v: Tensor, last: Tensor) -> Tensor:
        moved = self.replay[last % len(self.replay)].unsqueeze(1)
        # A row with last = 0 had no gradient yet and has m = 0; the clamp keeps the denominator above 0.
        eps: Tensor = self.eps * (1 - self.betas[1] ** last.clamp_min(1).unsqueeze(1)).sqrt()
        caught_up: Tensor = table - moved * m / (v.sqrt() + eps)
        return caught_up

    def materialize(self) -> Tensor:
        """Current values of the whole table under dense Adam, [N, k]: a copy; the state is unchanged."""
        parts = zip(*(torch.split(x, 8192) for x in (self.table, self.m, self.v, self.last)), strict=True)
        return torch.cat([self._caught_up(*part) for part in parts]) if len(self.table) else self.table.clone()

    def state_dict(self) -> dict[str, Tensor]:
        """Tensors of the state by name; with `counters` they are the whole state."""
        return {"table": self.table, "m": self.m, "v": self.v, "last": self.last, "replay": self.replay}

    def counters(self) -> dict[str, Any]:
        """Plain numbers of the state, for JSON."""
        return {"steps": self.steps, "lr": self.lr}

    def load_state_dict(self, tensors: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Restore a state.

        Raises:
            KeyError, ValueError: the state does not fit this table.
        """
        self.check_counters(counters)
        last = tensors["last"]
        if len(last) and not 0 <= int(last.min()) <= int(last.max()) <= counters["steps"]:
            raise ValueError("last names a step that was not taken")
        for name, own in self.state_dict().items():
            copy_exactly(f"latents.{name}", own, tensors[name])
        self.steps, self.lr = int(counters["steps"]), float(counters["lr"])

    def check_counters(self, counters: dict[str, Any]) -> None:
        """Check the counters of a saved state.

        Raises:
            KeyError, ValueError: one is missing, or no number that it can be.
        """
        checked_number("latents.steps", counters["steps"], 0, 1e12, whole=True)
        checked_number("latents.lr", counters["lr"], 0, 1e6)
