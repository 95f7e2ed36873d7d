"""What a step costs beside backpropagation at different batch sizes."""

import matplotlib.pyplot as plt
from matplotlib.lines import Line2D

from forwardgrad.experiments.speed.figures.lines import HERE, draw_lines, ticks_at
from forwardgrad.experiments.speed.figures.rows import named, timed
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import title
from forwardgrad.plotting.style import INK, WIDTH, Drawn, style
from forwardgrad.results.folder import Results


def batch(results: Results, device: str) -> Drawn:
    """Draw the cost over backpropagation against the batch size, one panel per model; return it too, columns SPEED."""
    shown = named(timed(results, device))
    sizes = shown.groupby("model", sort=False)["batch_size"].nunique()
    models = list(sizes[sizes > 1].index)
    shown = shown[shown["model"].isin(models)]
    with style():
        figure, panels = plt.subplots(
            len(models), 1, squeeze=False, sharex=True, figsize=(WIDTH, 1.8 + 2 * len(models))
        )
        handles: dict[str, Line2D] = {}
        for model, axes in zip(models, panels[:, 0], strict=True):
            for line in draw_lines(axes, shown[shown["model"] == model], "batch_size", "ratio_to_backprop"):
                handles.setdefault(line.get_label(), line)
            axes.axhline(1, color=INK, linewidth=1.2)
            axes.set_ylim(0, None)
            axes.set_title(labels.model(model))
            ticks_at(axes, shown["batch_size"])
        axes.set_xlabel("Examples per step")
        note = (
            f"Cost of a step over that of a backpropagation step. {HERE} Whiskers: 95 % interval. Line at 1: "
            "backpropagation."
        )
        title(figure, "Does the ratio depend on the batch size?", note, handles.values())
        return figure, shown
