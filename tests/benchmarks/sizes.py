"""How much of each thing is measured: in full, and a hundredth of it to try the benchmark itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows, rounds and seconds of one run."""

    name: str
    single_rounds: int
    single_block: int
    batch_rows: int
    batch_rounds: int
    bulk_rows: tuple[int, int]
    http_rounds: int
    http_seconds: float
    mlflow_requests: int
    log_rows: int
    feature_rows: int
    memory_rows: int
    growth_rows: tuple[int, ...]
    offices: tuple[int, ...]
    lengths: tuple[int, ...]
    starts: int
    learnt_rows: int
    """Rows of the data that are used at all; the full run takes every row."""


FULL = Sizes(
    name="full",
    single_rounds=15,
    single_block=100,
    batch_rows=10_000,
    batch_rounds=3,
    bulk_rows=(2_000, 102_000),
    http_rounds=5,
    http_seconds=3.0,
    mlflow_requests=300,
    log_rows=1_000_000,
    feature_rows=100_000,
    memory_rows=500_000,
    growth_rows=(1_000, 10_000, 100_000),
    offices=(20, 100, 300),
    lengths=(30, 100, 300, 1_000, 3_000, 10_000, 20_000),
    starts=5,
    learnt_rows=1_000_000,
)

QUICK = Sizes(
    name="quick",
    single_rounds=3,
    single_block=50,
    batch_rows=600,
    batch_rounds=2,
    bulk_rows=(500, 5_000),
    http_rounds=2,
    http_seconds=1.0,
    mlflow_requests=60,
    log_rows=20_000,
    feature_rows=3_000,
    memory_rows=4_000,
    growth_rows=(1_000, 2_000),
    offices=(20, 60),
    lengths=(30, 300, 3_000, 20_000),
    starts=2,
    learnt_rows=3_000,
)
