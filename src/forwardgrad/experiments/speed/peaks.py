"""Peak memory of a step beyond the parameters.

On a CPU every method has a process of its own. On a GPU torch counts every byte that it hands out, and none is needed.
"""

import gc
import multiprocessing
from collections.abc import Sequence
from typing import Any

import torch

from forwardgrad.catalogue import ADAM
from forwardgrad.experiments.speed.own_network import first_line
from forwardgrad.experiments.speed.steps import advance
from forwardgrad.experiments.speed.variants import variants
from forwardgrad.experiments.speed.workloads import Workload
from forwardgrad.machine.allocator import return_freed_memory
from forwardgrad.machine.memory import held, peak_beyond


def peaks(workload: Workload, methods: Sequence[str], threads: int) -> dict[str, int | str]:
    """Return the peak bytes of each of the `methods`, or why they cannot be measured.

    On a CPU the processes are copies of this one. Call it before anything is computed here: memory that this process
    has freed would be used again there, and not be seen.
    """
    measure = apart if workload.device == "cpu" else peak_or_reason
    return {method: measure(workload, method, threads) for method in methods}


def apart(*case: Any) -> int | str:
    """Return what `peak_or_reason` gives in a copy of this process."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(peak_or_reason(*case)))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        return "its process died, as for want of memory"
    finally:
        process.join()


def peak_or_reason(*case: Any) -> int | str:
    """Return what `peak_of` gives, or the first line of why it fails."""
    try:
        return peak_of(*case)
    except (RuntimeError, TypeError, ValueError) as refusal:  # torch.cuda.OutOfMemoryError is one of them
        return first_line(refusal)


def peak_of(workload: Workload, method: str, threads: int) -> int | str:
    """Return the peak bytes of a method's step in this process, with what it holds, or why it has none."""
    torch.set_num_threads(threads)
    return_freed_memory()
    # Libraries load their code and start their threads with the first step: not the method's doing.
    for parts, _, _ in variants(method, workload.small_case())[0].values():
        advance(parts, None)
    del parts
    gc.collect()
    device, case = workload.device, workload.case()
    before = held(device)
    made, reason = variants(method, case)
    own = held(device) - before
    steps = [parts for parts, _, _ in made.values()]
    count = 2 if method.endswith(ADAM) else 1  # whose state is there from the second step on
    found = [peak_beyond(lambda parts=parts: advance(parts, None), device, count) for parts in steps]
    return own + max(found) if found else reason
