"""Draw one cell's training by step and by time."""

import sys
from pathlib import Path

from forwardgrad.experiments.training.figures.curves import draw_curves, drawn_metrics
from forwardgrad.experiments.training.frames import load_frames, select
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import save
from forwardgrad.results.curves import curve_table

sys.stderr = open(snakemake.log[0], "w")

dataset, model = snakemake.wildcards.dataset, snakemake.wildcards.model
frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
cell = select(frames, dataset=dataset, model=model)
curves = curve_table(cell.metrics, cell.runs, cell.costs, drawn_metrics(cell.metrics))
for path, against in ((snakemake.output.step, "step"), (snakemake.output.time, "seconds")):
    figure = draw_curves(curves, cell.runs, against, labels.cell(dataset, model))
    save(figure, curves, Path(path).with_suffix(""))
