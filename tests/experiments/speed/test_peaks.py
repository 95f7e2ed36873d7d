"""Peak memory, in processes of its own; they are copies of one that has computed nothing."""

import os
import subprocess
import sys

from forwardgrad.experiments.speed.peaks import peaks
from forwardgrad.experiments.speed.workloads import Workload

CODE = """
from forwardgrad.experiments.speed.peaks import peaks
from forwardgrad.experiments.speed.workloads import named
print(peaks(named("mlp_256", 64, "cpu"), ["backprop", "evaluation", "forward_rank_one"], 1))
print(peaks(named("students_cnn_softmax", 2, "cpu"), ["backprop_by_hand"], 1))
"""


def test_peak_memory_of_backprop_holds_the_gradient_and_that_of_rank_one_does_not():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    gradient = 4 * 203_530  # bytes of the gradient of a 784-256-10 network
    found, absent = map(eval, done.stdout.splitlines())
    assert list(found) == ["backprop", "evaluation", "forward_rank_one"]
    assert gradient / 2 < found["backprop"] < 50 * gradient
    assert found["forward_rank_one"] < found["backprop"]
    assert found["evaluation"] < found["backprop"]
    assert absent == {"backprop_by_hand": "no hand-written backprop for Softmax(dim=1)"}


def test_a_process_that_dies_is_a_reason():
    workload = Workload("own", "cpu", lambda: os._exit(1))
    assert peaks(workload, ["evaluation"], 1) == {"evaluation": "its process died, as for want of memory"}
