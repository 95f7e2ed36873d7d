import pytest

from forwardgrad.experiments.audit import columns as audit
from forwardgrad.experiments.estimators import columns as estimators
from forwardgrad.experiments.functions import columns as functions
from forwardgrad.experiments.speed import columns as speed
from forwardgrad.experiments.training import columns as training

MODULES = (training, speed, functions, estimators, audit)


@pytest.mark.parametrize(
    "frame",
    [
        "IDENTITY",
        "METRICS",
        "TIMES",
        "COSTS",
        "RUNS",
        "DESCENTS",
        "DESCENT_RUNS",
        "DESCENT_COSTS",
        "CONTRACTION",
        "OUTCOMES",
        "CONTRACTED",
        "TIMED",
        "BENCH",
        "SPEED",
        "PROCESSES",
        "RATIOS",
        "AUDIT",
        "MOMENTS",
        "SAMPLED",
        "CLOUD",
        "ESTIMATORS",
    ],
)
def test_results_explain_every_column_as_the_code_does(root, frame):
    text = (root / "results/README.md").read_text()
    for name, meaning in next(getattr(m, frame) for m in MODULES if hasattr(m, frame)).items():
        assert f"| `{name}` | {meaning} |" in text
