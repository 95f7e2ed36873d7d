"""Peak memory, in processes of its own; they are copies of one that has computed nothing."""

import subprocess
import sys

CODE = """
from forwardgrad.experiments.speed.peaks import peaks
print(peaks("mlp_256", 64, ["backprop", "evaluation", "forward_rank_one"], 1, "cpu"))
print(peaks("students_cnn_softmax", 2, ["backprop_by_hand"], 1, "cpu"))
"""


def test_peak_memory_of_backprop_holds_the_gradient_and_that_of_rank_one_does_not():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    gradient = 4 * 203_530  # bytes of the gradient of a 784-256-10 network
    found, absent = map(eval, done.stdout.splitlines())
    assert list(found) == ["backprop", "evaluation", "forward_rank_one"]
    assert gradient / 2 < found["backprop"] < 50 * gradient
    assert found["forward_rank_one"] < found["backprop"]
    assert found["evaluation"] < found["backprop"]
    assert absent == {}, "what it has not written"
