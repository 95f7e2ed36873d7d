"""What the controls end at on full MNIST: training loss and test accuracy, method by method."""

import matplotlib.pyplot as plt

from forwardgrad.experiments.published.plan import FOLDER
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import rows, title
from forwardgrad.plotting.style import MUTED, WIDTH, Drawn, look
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import read_csv

PANELS = {"train_loss": "Training loss", "test_accuracy": "Test accuracy"}


def controls(results: Results) -> Drawn:
    """Draw every run and the mean of each method, one column for loss and one for accuracy; return the runs too."""
    runs = read_csv(results.folder / FOLDER / "controls-runs.csv")
    methods = list(runs.drop_duplicates("method")[["method", "estimator"]].itertuples(index=False, name=None))
    figure, panels = plt.subplots(1, 2, sharey=True, figsize=(WIDTH, 1.2 + 0.5 * len(methods)))
    for (metric, heading), axes in zip(PANELS.items(), panels, strict=True):
        for row, (method, estimator) in enumerate(methods):
            values, drawing = runs.loc[runs["method"] == method, metric], look(method, estimator)
            form = {"marker": drawing.marker, "color": drawing.color, "markerfacecolor": drawing.face}
            axes.plot(values, [row] * len(values), linestyle="", **form)
            axes.annotate(
                f"{values.mean():.2f}", (values.max(), row), (8, 0), textcoords="offset points", va="center",
                fontsize=8.5,
            )  # fmt: skip
        base = runs.loc[runs["method"] == methods[0][0], metric].mean()
        axes.axvline(base, color=MUTED, linewidth=0.8)
        axes.margins(x=0.15)
        axes.set_title(heading)
        rows(axes, [labels.method(*each) for each in methods] if axes is panels[0] else [""] * len(methods))
    title(
        figure,
        "What makes training faster per iteration?",
        f"The paper's MLP at its settings after {runs['steps'].max():,} iterations. Points: "
        f"{labels.plurals(runs.groupby('method')['seed'].nunique(), 'seed')}; numbers: mean; line: backpropagation.",
        [],
    )
    return figure, runs[["method", "seed", *PANELS]]
