# What was measured and trained on a GPU elsewhere: `make gpu` there wrote it, and here it is only read.


if GPU["runs"]:

    # The steps on the GPU are frames of `speed`, these are the runs.
    rule gpu_frames:
        input:
            runs=[f"{folder}/{name}" for folder in GPU["runs"] for name in ["metrics.csv", "times.csv", "run.json"]],
            rows=GPU["rows"],
        output:
            metrics="results/frames/gpu.csv",
            runs="results/frames/gpu-runs.csv",
            costs="results/frames/gpu-costs.csv",
            provenance="results/frames/gpu-provenance.json",
        log:
            "results/logs/frames/gpu.log",
        params:
            runs=GPU["runs"],
            code=digest("experiments.training.frames"),
        shell:
            "forwardgrad frames gpu --runs {params.runs} --costs {input.rows} > {log} 2>&1"
