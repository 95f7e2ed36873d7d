"""The benchmark behind `forwardgrad bench`: every network at every batch size, a line for each row."""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from forwardgrad.catalogue import MEASURED, PLAIN, USUAL
from forwardgrad.experiments.speed import own_network
from forwardgrad.experiments.speed.measure import Row, measure_network
from forwardgrad.experiments.speed.peaks import peaks
from forwardgrad.experiments.speed.workloads import Workload, named


def bench(
    networks: Sequence[str],
    batch_sizes: Sequence[int] = (64,),
    methods: Sequence[str] = tuple(MEASURED),
    threads: int = 1,
    device: str = "cpu",
    seconds: float | None = 30.0,
    rounds: int = 3,
    parts: bool = False,
    memory: bool = False,
    count: bool = False,
    report: Callable[[str], None] = print,
) -> list[Row]:
    """Measure every network at every batch size.

    Args:
        networks: Model keys, networks of another size such as `mlp_depth_10`, or architectures such as `gpt`.
        batch_sizes: Examples per step.
        methods: Keys of MEASURED; evaluation and backprop are always measured.
        threads: Threads of torch. With one thread the clock is the processor time of the process, else wall time.
        device: `cpu` or `cuda`, where every step is a CUDA graph.
        seconds: Time to spend on each network; None measures memory alone.
        rounds: Least number of rounds, whatever they take.
        parts: Whether to measure a step part by part too.
        memory: Whether to measure peak memory too.
        count: Whether to count torch's operations in a step too.
        report: Called with one line per row as it is measured.
    """
    workloads = [named(name, batch_size, device) for name, batch_size in product(networks, batch_sizes)]
    return measure_all(workloads, methods, threads, seconds, rounds, parts, memory, count, report)


def bench_network(
    factory: Callable[[], tuple[Any, Any, Any, Any]],
    methods: Sequence[str] = USUAL,
    *,
    name: str = "",
    threads: int = 1,
    device: str = "cpu",
    seconds: float = 30.0,
    rounds: int = 3,
    parts: bool = False,
    memory: bool = False,
    count: bool = False,
    report: Callable[[str], None] = print,
) -> list[Row]:
    """Measure what a step of every method costs on a network of your own.

    Args:
        factory: Returns model, loss, inputs and targets. Inputs are one batch: a tensor, a tuple (the model's
            arguments) or a dict (its keyword arguments). The loss takes what the model returns and the targets, and
            gives one number.
        methods: Keys of `forwardgrad.ESTIMATORS` and of the baselines; evaluation and backprop are always measured.
        name: By which the rows are found; the function's own if empty.
        threads: As of `bench`, like all others.
        device: Where `factory` puts the model.
        seconds: Time to spend.
        rounds: Least number of rounds, whatever they take.
        parts: Whether to measure a step part by part too.
        memory: Whether to measure peak memory beyond the parameters too. Do so before anything is computed: memory that
            the process has freed would not be seen.
        count: Whether to count torch's operations in a step too.
        report: Called with one line per row as it is measured.

    Returns:
        One dict per method. `seconds` is the time of a step; over that of the row of `backprop` it is its cost.
        A method that cannot be measured has a `note` instead. results/README.md explains every key.

    Raises:
        RefusalError: The function fails, or returns nothing that can be measured; one line.

    Example:
        >>> import torch
        >>> from forwardgrad import bench_network
        >>> def tiny():
        ...     model = torch.nn.Linear(4, 3)
        ...     return model, torch.nn.CrossEntropyLoss(), torch.rand(8, 4), torch.arange(8) % 3
        >>> rows = bench_network(tiny, ["forward_rank_one"], seconds=0.01, report=lambda line: None)
        >>> [row["method"] for row in rows]
        ['evaluation', 'backprop', 'forward_rank_one']
    """
    workload = own_network.workload(factory, name or factory.__name__, device)
    return measure_all([workload], methods, threads, seconds, rounds, parts, memory, count, report)


def measure_all(
    workloads: Sequence[Workload],
    methods: Sequence[str],
    threads: int,
    seconds: float | None,
    rounds: int,
    parts: bool,
    memory: bool,
    count: bool,
    report: Callable[[str], None],
) -> list[Row]:
    """Measure the memory of all workloads, before anything is computed here, then their time; as `bench` explains."""
    steps = [method for method in dict.fromkeys([*PLAIN, *methods]) if method != "gathering"]
    found = [peaks(workload, steps, threads) if memory else {} for workload in workloads]
    rows: list[Row] = []
    for workload, own in zip(workloads, found, strict=True):
        measured = measure_network(workload, methods, threads, seconds, rounds, parts, count)
        for row in measured:
            peak = own.get(row["method"])
            row |= {"note": peak} if isinstance(peak, str) else {"peak_bytes": peak}
            report(describe(workload.name, row, measured))
        rows += measured
    return rows


def describe(name: str, row: Row, rows: Sequence[Row]) -> str:
    """Return one line for people; `rows` are all of the network."""
    head = f"{name:<14} batch {row['batch_size']:>4}  {row['method']:<32}"
    peak = "" if row["peak_bytes"] is None else f"  peak {row['peak_bytes'] / 2**20:.1f} MiB"
    if row["seconds"] is None:
        return f"{head} not timed: {row['note']}{peak}"
    base, evaluation = (
        next(each["seconds"] or math.nan for each in rows if each["method"] == key)
        for key in ("backprop", "evaluation")
    )
    ratios = f"R {row['seconds'] / evaluation:6.2f}  /backprop {row['seconds'] / base:6.3f}"
    return f"{head} {row['seconds'] * 1e6:11.1f} us  {ratios}{peak}"
