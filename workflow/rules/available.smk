# Which data sets are available: asked while the workflow plans, said again at its end.

import atexit

from forwardgrad.data.record import read_record, unavailable
from forwardgrad.pipeline.validation import check_archive

# What was found out about the data sets that the targets asked for need, by name.
RECORDS = {}


def record_of(dataset):
    """Return what was found out about `dataset`; waits for the checkpoint that finds out.

    Jobs that are submitted together must be known from the start, so on a cluster nothing is found out any more.
    Prepared data that are broken stop the workflow here: Snakemake would delete the runs that had read them.
    """
    if not workflow.local_exec and not Path(f"results/data/{dataset}.json").exists():
        sys.exit(f"{dataset} has not been looked for: run `snakemake data` first, with the same configuration")
    if dataset not in RECORDS:
        or_exit(check_archive, Path(f"results/data/{dataset}.npz"))
    RECORDS[dataset] = or_exit(read_record, Path(checkpoints.locate.get(dataset=dataset).output.record))
    return RECORDS[dataset]


def found(wildcards):
    """Return the record of a data set; exits if the set is unavailable, the last line on the terminal says why."""
    record = ancient(f"results/data/{wildcards.dataset}.json")
    return record if record_of(wildcards.dataset)["available"] else sys.exit(1)


def available(datasets):
    """Return those of the `datasets` that are available."""
    return [dataset for dataset in datasets if record_of(dataset)["available"]]


@atexit.register
def report_missing_data():
    """Print, as the last thing on the terminal, which data sets the targets lack and what to do."""
    for _, record in sorted(RECORDS.items()):
        if workflow.is_main_process and not record["available"]:
            print(unavailable(record), file=sys.stderr)


def arrays_of(datasets):
    """Return an input function for the prepared data of those `datasets` that are available."""
    return lambda _: [f"results/data/{dataset}.npz" for dataset in available(datasets)]
