import pytest

from forwardgrad import columns


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
    for name, meaning in getattr(columns, frame).items():
        assert f"| `{name}` | {meaning} |" in text
