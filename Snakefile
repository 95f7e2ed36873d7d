# The whole reproduction, from data to report: `snakemake --cores all`.
# Each experiment of the configuration is a target of its own (`snakemake students`), and so is each file.

from snakemake.jobs import GroupJob, GroupJobFactory
from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/start.smk"


configfile: "config/config.yaml"


# Used only with `--software-deployment-method apptainer`; then replace it by an image of this Python in which the
# package is installed as by `make install`.
container: "docker://python:3.11"


include: "workflow/rules/common.smk"
include: "workflow/rules/available.smk"
include: "workflow/rules/data.smk"


for kind in ["training", *experiments(config | {"experiments": {}})]:

    include: f"workflow/rules/{kind}.smk"


include: "workflow/rules/gpu.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/published.smk"
include: "workflow/rules/products.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/notebooks.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        [product for experiment in config["run"] for product in all_of(experiment)],
        rules.audit.input,
        rules.published.input,
        rules.claims.output.table,
        rules.invariants.output.table,
        rules.report.output.site,
        notebooks.pages(config),


include: "workflow/rules/reference.smk"


taken = {rule.name for rule in workflow.rules} | {gpu.EXPERIMENT}
for experiment in experiments(config):
    if experiment in taken:
        sys.exit(f"experiments.{experiment}: allowed is another name, something else is made by this one")

    rule:
        name:
            experiment
        input:
            all_of(experiment),


# On a cluster only what computes is submitted. A job there is Snakemake once more, which hears of no start.
workflow.localrules(*({rule.name for rule in workflow.rules} - COMPUTING))
if workflow.remote_exec:
    server.start()

# Snakemake puts jobs into groups twice before it starts, and the second time its factory returns groups of the first
# that were joined with others since then: groups would share jobs, and some be submitted again and again.
GroupJobFactory.new = lambda self, name, jobs, resources: GroupJob(name, frozenset(jobs), resources)


onstart:
    server.start()
    # Snakemake limits the jobs that it starts per second by a timer of one second, anew whenever a job ends: after N
    # jobs it looks N times a second for one to start. That disturbs what is timed, and cores or nodes are the limit.
    if hasattr(workflow.scheduler, "job_rate_limiter"):
        workflow.scheduler.job_rate_limiter = None
    progress.show(logger, workflow)
