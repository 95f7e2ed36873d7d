"""The benchmark behind `forwardgrad bench`: every network at every batch size, a line for each row."""

import math
from collections.abc import Callable, Sequence
from itertools import product

from forwardgrad.catalogue import MEASURED, PLAIN
from forwardgrad.experiments.speed.measure import Row, measure_network
from forwardgrad.experiments.speed.peaks import peaks


def bench(
    networks: Sequence[str],
    batch_sizes: Sequence[int] = (64,),
    methods: Sequence[str] = tuple(MEASURED),
    threads: int = 1,
    device: str = "cpu",
    seconds: float = 30.0,
    rounds: int = 3,
    parts: bool = False,
    memory: bool = False,
    count: bool = False,
    report: Callable[[str], None] = print,
) -> list[Row]:
    """Measure every network at every batch size.

    Args:
        networks: Model keys, or networks of another size such as `mlp_depth_10`.
        batch_sizes: Examples per step.
        methods: Keys of MEASURED; evaluation and backprop are always measured.
        threads: Threads of torch. With one thread the clock is the processor time of the process, else wall time.
        device: `cpu` or `cuda`, where every step is a CUDA graph.
        seconds: Time to spend on each network.
        rounds: Least number of rounds, whatever they take.
        parts: Whether to measure a step part by part too.
        memory: Whether to measure peak memory too.
        count: Whether to count torch's operations in a step too.
        report: Called with one line per row as it is measured.
    """
    cases = list(product(networks, batch_sizes))
    steps = [method for method in dict.fromkeys([*PLAIN, *methods]) if method != "gathering"]
    found = {case: peaks(*case, steps, threads, device) if memory else {} for case in cases}
    rows: list[Row] = []
    for name, batch_size in cases:
        measured = measure_network(name, batch_size, methods, threads, device, seconds, rounds, parts, count)
        for row in measured:
            row["peak_bytes"] = found[name, batch_size].get(row["method"])
            report(describe(name, row, measured))
        rows += measured
    return rows


def describe(name: str, row: Row, rows: Sequence[Row]) -> str:
    """Return one line for people; `rows` are all of the network."""
    head = f"{name:<14} batch {row['batch_size']:>4}  {row['method']:<32}"
    if row["seconds"] is None:
        return f"{head} not measured: {row['note']}"
    base, evaluation = (
        next(each["seconds"] or math.nan for each in rows if each["method"] == key)
        for key in ("backprop", "evaluation")
    )
    peak = "" if row["peak_bytes"] is None else f"  peak {row['peak_bytes'] / 2**20:.1f} MiB"
    ratios = f"R {row['seconds'] / evaluation:6.2f}  /backprop {row['seconds'] / base:6.3f}"
    return f"{head} {row['seconds'] * 1e6:11.1f} us  {ratios}{peak}"
