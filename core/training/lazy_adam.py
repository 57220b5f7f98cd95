"""Lazy Adam: dense Adam over a table of latent vectors, computed only for the rows of the batch.

With plain indexing, a batch of 128 gives a gradient for all 60,000 rows, nearly all of it zeros, and Adam then reads
and writes 200 MB to move rows that were not in the batch. Those rows do move, by the momentum of the last step in which
they had a gradient. Leaving that out (SparseAdam, Adam per row) is another optimiser, which at the same rate ends far
worse. Here the zero-gradient steps that a row has missed are applied in closed form when the row is next needed: the
arithmetic of dense Adam at the cost of the batch's rows.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

WINDOW = 256
"""Zero-gradient steps after which a row no longer moves: (β₁/√β₂)^256 ≈ 2 · 10⁻¹² of the first one."""


class LazyAdam:
    """Dense Adam (Kingma & Ba 2015) over rows [N, k], touching only the rows of the batch.

        rows = lazy.gather(batch)      # their values under dense Adam; requires grad
        loss(rows).backward()
        lazy.step()

    Step t of dense Adam with a zero gradient moves a row that last had one at step s, with the moments m and v, by

        −lr_t · (β₁^(t−s) m / (1 − β₁^t)) / (√(β₂^(t−s) v / (1 − β₂^t)) + ε)  ≈  −(m / (√v + ε')) · r^(t−s) · c_t
        with r = β₁ / √β₂ and c_t = lr_t · √(1 − β₂^t) / (1 − β₁^t).

    The sum over the missed steps is then m / (√v + ε') times one number that depends on s alone. `replay` holds that
    number for each s; a new step adds its term to the last `WINDOW` of them.

    Approximation: ε stays in the proportion to √v that it had at step s (√(1 − β₂^s) ε, the bias correction turned
    round), while in dense Adam it grows against the fading √v̂. Where √v̂ ≫ ε, which is wherever a gradient ever was, the
    two agree to rounding; a row that never had one has m = 0 and stays. `step` itself is exact.

    Attributes:
        lr: the learning rate of the next step. steps: made so far.
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
            start: [N, k], copied. longest_gap: steps that may pass between two that see the same row, at most.
        """
        self.table = start.detach().clone()
        self.m, self.v = torch.zeros_like(self.table), torch.zeros_like(self.table)
        self.last = torch.zeros(len(start), dtype=torch.long, device=start.device)
        self.lr, self.betas, self.eps, self.steps = lr, betas, eps, 0
        # A ring: entry s % len is step s's. Longer than the gap, so that no entry is overwritten while a row needs it.
        self.replay = torch.zeros(max(longest_gap, WINDOW) + 2, device=start.device)
        self._back = torch.arange(WINDOW, device=start.device)
        ratio = betas[0] / math.sqrt(betas[1])
        self._decay = torch.tensor([ratio ** (1 + k) for k in range(WINDOW)], device=start.device)

    def gather(self, rows: Tensor) -> Tensor:
        """Current values [B, k] of the rows [B] of the table: a leaf that collects their gradient. No row twice."""
        self._rows = rows
        last = self.last[rows]
        self._gone = (self.steps - last).unsqueeze(1)
        self._m, self._v = self.m[rows], self.v[rows]
        self._leaf = self._caught_up(self.table[rows], self._m, self._v, last).requires_grad_()
        return self._leaf

    @torch.no_grad()
    def step(self) -> None:
        """One step of Adam on the rows gathered last."""
        b1, b2 = self.betas
        self.steps = t = self.steps + 1
        grad, gone = self._leaf.grad, self._gone
        if grad is None:
            raise RuntimeError("step: the rows gathered last have no gradient; call backward first.")
        m = self._m * b1 ** (gone + 1.0) + (1 - b1) * grad
        v = self._v * b2 ** (gone + 1.0) + (1 - b2) * grad.square()
        root = (v / (1 - b2**t)).sqrt_().add_(self.eps)
        rows = self._rows
        self.table[rows] = self._leaf.detach() - (self.lr / (1 - b1**t)) * m / root
        self.m[rows], self.v[rows], self.last[rows] = m, v, t
        self._extend(t)

    def _extend(self, t: int) -> None:
        """Add step t to the sums of missed steps, and begin a sum for the rows that had a gradient in it."""
        b1, b2 = self.betas
        scale = self.lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        reach = min(WINDOW, t)
        places = (t - 1 - self._back[:reach]) % len(self.replay)
        self.replay.index_add_(0, places, self._decay[:reach], alpha=scale)
        self.replay[t % len(self.replay)] = 0.0

    def _caught_up(self, table: Tensor, m: Tensor, v: Tensor, last: Tensor) -> Tensor:
        moved = self.replay[last % len(self.replay)].unsqueeze(1)
        # A row of step 0 was never seen: m = 0 over anything but 0.
        eps: Tensor = self.eps * (1 - self.betas[1] ** last.clamp_min(1).unsqueeze(1)).sqrt()
        caught_up: Tensor = table - moved * m / (v.sqrt() + eps)
        return caught_up

    def materialize(self) -> Tensor:
        """Current values of the whole table under dense Adam, [N, k]: a copy; the state is unchanged."""
        parts = zip(*(torch.split(x, 8192) for x in (self.table, self.m, self.v, self.last)), strict=True)
        return torch.cat([self._caught_up(*part) for part in parts]) if len(self.table) else self.table.clone()

    def state_dict(self) -> dict[str, Tensor]:
        """Tensors of the state; with `counters` they are the whole state."""
        return {"table": self.table, "m": self.m, "v": self.v, "last": self.last, "replay": self.replay}

    def counters(self) -> dict[str, Any]:
        """Plain numbers of the state, for JSON."""
        return {"steps": self.steps, "lr": self.lr}

    def load_state_dict(self, tensors: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Restore a state.

        Raises:
            KeyError, RuntimeError: the state is of another table.
        """
        for name, own in self.state_dict().items():
            own.copy_(tensors[name])
        self.steps, self.lr = int(counters["steps"]), float(counters["lr"])
