"""Check what must hold of any results; stop, one line each, where something does not."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.claims.invariants import check

sys.stderr = open(snakemake.log[0], "w")

checked, broken = check({Path(frame).stem: pd.read_csv(frame) for frame in snakemake.input.frames})
if broken:
    sys.exit("\n".join(broken))
checked.to_csv(snakemake.output.table, index=False)
