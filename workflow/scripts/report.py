"""Write the report."""

import sys
from pathlib import Path

import yaml
from snakemake.utils import update_config

from forwardgrad.report.page import Sources, write_report

sys.stderr = open(snakemake.log[0], "w")

full = yaml.safe_load(Path(snakemake.input.default).read_text())
update_config(full, yaml.safe_load(Path(snakemake.input.full).read_text()))
full["tuned"] = snakemake.config["tuned"]
sources = Sources(
    results=Path("results"),
    figures=[Path(figure) for figure in snakemake.input.figures],
    templates=Path("report/templates"),
    quoted=Path(snakemake.input.quoted),
    root=Path.cwd(),
    configfiles=snakemake.params.configfiles,
    notebooks=[Path(page) for page in snakemake.params.notebooks],
)
write_report(Path(snakemake.output.page), snakemake.config, full, sources)
