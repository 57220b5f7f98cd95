"""The lazy table against torch's own dense Adam, row by row."""

import pytest
import torch

from core.training.lazy_adam import WINDOW, LazyAdam


def batches(n: int, size: int, epochs: int, seed: int = 0):
    """Every row once an epoch, in an order of its own each time; the last batch is short."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        yield from torch.randperm(n, generator=generator).split(size)


def loss(rows: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Smooth, not quadratic, and with rows of very different steepness."""
    return (torch.cosh(rows - target).sum(1) * torch.linspace(0.1, 10, len(target)).to(rows)).mean()


class Both:
    """The same problem under dense Adam and under the lazy one. The goal shakes, as it does under a decoder that
    learns: gradients never fade into Adam's ε, where the lazy table is an approximation and says so."""

    def __init__(self, n: int = 203, k: int = 5, size: int = 16, lr: float = 0.01):
        torch.manual_seed(0)
        self.start, self.target = 0.01 * torch.randn(n, k), torch.randn(n, k)
        self.dense = torch.nn.Parameter(self.start.clone())
        self.adam = torch.optim.Adam([self.dense], lr=lr)
        self.lazy = LazyAdam(self.start, lr, 2 * -(-n // size))
        self.shake = torch.Generator().manual_seed(2)

    def step(self, rows: torch.Tensor) -> None:
        target = self.target[rows] + 0.3 * torch.randn(len(rows), self.target.shape[1], generator=self.shake)
        self.adam.zero_grad()
        loss(self.dense[rows], target).backward()
        self.adam.step()
        loss(self.lazy.gather(rows), target).backward()
        self.lazy.step()

    def furthest(self) -> float:
        """The largest difference between any two numbers, as a share of the step size."""
        return float((self.lazy.materialize() - self.dense.detach()).abs().max()) / 0.01


@pytest.mark.slow
def test_flushed_at_any_step_it_is_dense_adam_row_by_row_over_hundreds_of_steps():
    both = Both()
    for step, rows in enumerate(batches(203, 16, 40)):
        both.step(rows)
        if step % 37 == 0:
            assert both.furthest() < 0.01, f"after step {step}"
    moved = (both.dense.detach() - both.start).abs()
    assert float(moved.median()) > 0.1 and step > 500  # they went a thousand times as far as they may differ


def test_a_learning_rate_changed_on_the_way_counts_for_the_missed_steps_too():
    both = Both()
    for step, rows in enumerate(batches(203, 16, 30)):
        if step in (100, 101, 250):
            both.lazy.lr = both.adam.param_groups[0]["lr"] = {100: 0.1, 101: 0.001, 250: 0.02}[step]
        both.step(rows)
    assert both.furthest() < 0.01


@pytest.mark.slow
def test_rows_that_were_missed_for_longer_than_anything_moves_stand_where_dense_adam_leaves_them():
    both = Both(n=8, size=2)
    both.lazy = LazyAdam(both.start, 0.01, longest_gap=3 * WINDOW)
    both.step(torch.tensor([0, 1, 2, 3, 4, 5, 6, 7]))
    for _ in range(2 * WINDOW):
        both.step(torch.tensor([0, 1]))
    assert both.furthest() < 0.01


def test_a_step_leaves_the_stored_rows_outside_its_batch_bit_equal():
    both = Both()
    for rows in batches(203, 16, 2):
        both.step(rows)
    before = {name: t.clone() for name, t in both.lazy.state_dict().items()}
    rows = torch.tensor([3, 50, 77])
    both.step(rows)
    others = torch.ones(203, dtype=bool)
    others[rows] = False
    for name in ("table", "m", "v", "last"):
        assert torch.equal(both.lazy.state_dict()[name][others], before[name][others]), name
        assert not torch.equal(both.lazy.state_dict()[name][rows], before[name][rows]), name


def test_looking_at_the_table_changes_nothing():
    looked, alone = Both(), Both()
    for rows in batches(203, 16, 3):
        looked.step(rows)
        looked.lazy.materialize()
        alone.step(rows)
    for name, tensor in looked.lazy.state_dict().items():
        assert torch.equal(tensor, alone.lazy.state_dict()[name]), name


def test_a_row_path_does_not_depend_on_who_else_is_in_its_batch():
    target = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))

    def path(company: torch.Tensor) -> torch.Tensor:
        lazy = LazyAdam(torch.zeros(6, 4), 0.01, 10)
        for _ in range(20):
            rows = lazy.gather(torch.cat([torch.tensor([0]), company]))
            (rows - target[torch.cat([torch.tensor([0]), company])]).square().sum().backward()
            lazy.step()
        return lazy.materialize()[0]

    assert torch.equal(path(torch.tensor([1, 2])), path(torch.tensor([5, 3])))


def test_a_restored_table_goes_on_bit_by_bit():
    whole, first = Both(), Both()
    steps = list(batches(203, 16, 4))
    for rows in steps[:20]:
        whole.step(rows)
        first.step(rows)
    second = LazyAdam(torch.zeros_like(first.start), 0.5, 2 * 13)
    second.load_state_dict({k: v.clone() for k, v in first.lazy.state_dict().items()}, first.lazy.counters())
    first.lazy = second
    for rows in steps[20:]:
        whole.step(rows)
        first.step(rows)
    assert torch.equal(whole.lazy.materialize(), first.lazy.materialize())


@pytest.mark.parametrize("n", [1, 5])
def test_one_row_or_fewer_rows_than_a_batch(n):
    both = Both(n=n, size=16)
    for rows in batches(n, 16, 30):
        both.step(rows)
    assert both.furthest() < 0.01
