"""The benchmark behind `forwardgrad bench`: every network at every batch size, a line for each row."""

from collections.abc import Callable, Sequence

from forwardgrad.experiments.speed.measure import METHODS, RATIOS_TO, Row, measure_network
from forwardgrad.experiments.speed.peaks import add_peaks


def bench(
    models: Sequence[str],
    batch_sizes: Sequence[int] = (64,),
    depths: Sequence[int] = (),
    methods: Sequence[str] = METHODS,
    threads: int = 2,
    device: str = "cpu",
    seconds: float = 30.0,
    rounds: int = 10,
    peaks: bool = False,
    report: Callable[[str], None] = print,
) -> list[Row]:
    """Measure every network at every batch size; `depths` adds the paper's MLP with that many hidden layers.

    Args:
        models: Model keys; any but `students_cnn_softmax`, for which there is no backprop by hand.
        batch_sizes: Examples per step.
        depths: Numbers of hidden layers.
        methods: Of `METHODS`; those of `RATIOS_TO` are always measured.
        threads: Threads of torch.
        device: `cpu` or `cuda`, where every step is a CUDA graph.
        seconds: Time to spend on each network.
        rounds: Least number of rounds, whatever they take.
        peaks: Whether to measure peak memory too.
        report: Called with one line per row as it is measured.
    """
    needed = [key for key in METHODS if key in {*RATIOS_TO, *methods}]
    cases = [(name, None) for name in models]
    cases += [("mlp", depth) for depth in depths if not (depth == 2 and "mlp" in models)]  # `mlp` has two
    rows: list[Row] = []
    for name, depth in cases:
        for batch_size in batch_sizes:
            measured = measure_network(name, depth, batch_size, needed, threads, device, seconds, rounds)
            if peaks:
                add_peaks(measured, depth)
            for row in measured:
                report(describe(row))
            rows += measured
    return rows


def describe(row: Row) -> str:
    """Return one line for people."""
    head = f"{row['model']:>4} depth {row['depth'] or '-':>3} batch {row['batch_size']:>4}  {row['method']:<32}"
    if row["seconds"] is None:
        return f"{head} not measured: {row['note']}"
    interval = f"{row['ratio_to_backprop']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    peak = "" if row["peak_bytes"] is None else f"  peak {row['peak_bytes'] / 2**20:.0f} MiB"
    hand, base = row["ratio_to_backprop_by_hand"], row["ratio_to_evaluation"]
    return f"{head} {row['seconds'] * 1e6:11.1f} us  R {base:6.2f}  /backprop {interval}  /by hand {hand:.2f}{peak}"
