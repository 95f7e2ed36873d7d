"""Draw one analysis of a cell."""

import sys
from pathlib import Path

from forwardgrad.experiments.training.figures.budgets import draw_budgets
from forwardgrad.experiments.training.figures.cosines import draw_cosines
from forwardgrad.experiments.training.figures.norms import draw_norms
from forwardgrad.experiments.training.frames import load_frames, select
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import save

sys.stderr = open(snakemake.log[0], "w")

wildcards = snakemake.wildcards
frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
cell = select(frames, dataset=wildcards.dataset, model=wildcards.model)
heading = labels.cell(wildcards.dataset, wildcards.model)
if snakemake.params.name == "budgets":
    figure, drawn = draw_budgets(cell, "" if wildcards.variant == "own" else wildcards.variant, heading)
else:
    figure, drawn = {"norms": draw_norms, "cosines": draw_cosines}[snakemake.params.name](cell, heading)
save(figure, drawn, Path(snakemake.output.figure).with_suffix(""))
