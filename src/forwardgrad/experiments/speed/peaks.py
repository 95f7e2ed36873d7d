"""Peak memory of a step beyond the parameters.

On a CPU every method has a process of its own. On a GPU torch counts every byte that it hands out, and none is needed.
"""

import multiprocessing
from collections.abc import Sequence

import torch

from forwardgrad.experiments.speed.measure import LOSS, RATE, advance, data_of, model_of, variants
from forwardgrad.experiments.speed.steps import Case
from forwardgrad.machine.memory import held, peak_beyond


def peaks(network: str, batch_size: int, methods: Sequence[str], threads: int, device: str) -> dict[str, int]:
    """Return the peak bytes of each of the `methods` that can be measured.

    On a CPU the processes are copies of this one. Call it before anything is computed here: memory that this process
    has freed would be used again there, and not be seen.
    """
    cases = [(network, batch_size, method, threads, device) for method in methods]
    if device == "cpu":
        with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
            found = pool.starmap(peak_of, cases, chunksize=1)
    else:
        found = [peak_or_none(*case) for case in cases]
    return {method: peak for method, peak in zip(methods, found, strict=True) if peak is not None}


def peak_or_none(network: str, batch_size: int, method: str, threads: int, device: str) -> int | None:
    """Return the peak bytes of a method's step on a GPU; None if it needs more than there are, as its row will say."""
    try:
        return peak_of(network, batch_size, method, threads, device)
    except torch.cuda.OutOfMemoryError:
        return None


def peak_of(network: str, batch_size: int, method: str, threads: int, device: str) -> int | None:
    """Return the peak bytes of a method's step in this process, with what it holds; None if it cannot be measured."""
    torch.set_num_threads(threads)

    def case_of(name: str) -> Case:
        return Case(model_of(name, device), LOSS, *data_of(name, batch_size, device), RATE)

    # Libraries load their code and start their threads with the first products: not the method's doing.
    for parts, _, _ in variants(method, case_of("mlp_256"))[0].values():
        advance(parts, None)
    case = case_of(network)
    before = held(device)
    steps = [parts for parts, _, _ in variants(method, case)[0].values()]
    own = held(device) - before
    return max((own + peak_beyond(lambda parts=parts: advance(parts, None), device) for parts in steps), default=None)
