"""Draw what steps cost on one device."""

import sys
from pathlib import Path

from forwardgrad.experiments.speed.figures.scaling import FIGURES
from forwardgrad.experiments.speed.tables import load_measurements, paper_rows
from forwardgrad.plotting.style import save
from forwardgrad.results.quoted import read_quoted

sys.stderr = open(snakemake.log[0], "w")

measured, quoted = load_measurements(Path(snakemake.input.frame)), read_quoted(Path(snakemake.input.quoted))
own = measured[measured["device"] == snakemake.wildcards.device]
figure, drawn = FIGURES[snakemake.params.name](own, paper_rows(quoted))
save(figure, drawn, Path(snakemake.output.figure).with_suffix(""))
