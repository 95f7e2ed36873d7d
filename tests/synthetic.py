"""Small results as the runs write them, made by hand."""

import json
import math
from pathlib import Path

from forwardgrad.experiments.speed.columns import BENCH
from forwardgrad.experiments.training.columns import METRICS, TIMES
from forwardgrad.experiments.training.frames import Frames, read_experiment
from forwardgrad.files import write_sealed

WRITTEN = ("times.csv", "metrics.csv")
JITTER = (0.9, 1.0, 1 / 0.9)  # what a step costs in each process, but for backpropagation's
REACH = math.exp(4.302653 * math.log(JITTER[2]) / 3**0.5)  # half of Student's interval, two degrees of freedom


def seal(path, record, *names):
    """Write the record at `path` of a job that wrote the files `names` beside it as they stand."""
    files = [path.with_name(name) for name in names]
    write_sealed(path, record, {file: file.read_text() for file in files})


class Results:
    """A folder of results; `run` and `cost` add to it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.runs: list[Path] = []
        self.costs: list[Path] = []

    def run(
        self, method="backprop", seed=0, losses=(1.0, 0.5), status="completed", estimator=None, threshold=None,
        experiment="students", dataset="penguins", model="students_lr", every=1, rate=0.2, optimizer="sgd",
    ):  # fmt: skip
        """Write a run evaluated every `every` steps; of 100 test examples it misclassifies ten per unit of loss."""
        folder = self.folder / "runs" / experiment / dataset / model / method / f"seed-{seed}"
        folder.mkdir(parents=True)
        rows = [",".join(METRICS)]
        for index, loss in enumerate(losses):
            ended = status if index == len(losses) - 1 else "running"
            wrong = round(10 * loss) if loss < 10 else 100
            rows.append(f"{index * every},{ended},{loss},{loss},{loss},0.5,0.5,{1 - wrong / 100},{wrong},1.0,")
        (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
        steps = (len(losses) - 1) * every
        (folder / "times.csv").write_text(",".join(TIMES) + f"\n0,0.0\n{steps},{steps / 1000}\n")
        stop = {"steps": 3000, "loss": threshold, "split": "train"}
        identity = {"experiment": experiment, "dataset": dataset, "model": model, "method": method, "seed": seed}
        settings = {"estimator": estimator or method, "learning_rate": rate, "stop": stop, "optimizer": optimizer}
        settings |= {"batch_size": None if dataset == "penguins" else 64}
        record = {
            "run": identity | {"settings": settings},
            "status": status,
            "parameters": 15,
            "data": {"source": "made by hand"},
            "versions": {"torch": "2.13.0"},
            "host": {"system": "Linux"},
            "device": "cpu",
            "threads": 1,
            "commit": "",
        }
        seal(folder / "run.json", record, *WRITTEN)
        self.runs.append(folder)
        return folder

    def cost(self, seconds, model="students_lr", batch_size=250):
        """Write what three processes measured on a network; `seconds` is {key of a step: seconds}."""
        folder = self.folder / f"steps/cpu/{model}/batch-{batch_size}/threads-1"
        folder.mkdir(parents=True, exist_ok=True)
        common = {"model": model, "batch_size": batch_size, "device": "cpu", "threads": 1, "clock": "cpu"}
        for process, jitter in enumerate(JITTER):
            rows = [
                dict.fromkeys(BENCH) | common | {"method": key, "seconds": time * (1 if key == "backprop" else jitter)}
                for key, time in seconds.items()
            ]
            path = folder / f"process-{process}.json"
            path.write_text(json.dumps(rows))
            seal(path.with_name(f"{path.stem}-record.json"), {"versions": {}}, path.name)
            self.costs.append(path)

    def frames(self) -> Frames:
        return read_experiment(self.runs, self.costs)[0]


def make_two_methods(results):
    """Five seeds of backpropagation, and of a forward gradient of which one run diverges."""
    for seed in range(5):
        results.run("backprop", seed, (2.0, 1.0, 0.3), "threshold", threshold=0.3)
        if seed == 4:
            results.run("forward_gaussian", seed, (2.0, 5.0, 2e4), "diverged", threshold=0.3)
        else:
            results.run("forward_gaussian", seed, (2.0, 1.5, 1.0, 0.3 - seed / 100), "threshold", threshold=0.3)
    results.cost({"backprop": 1e-3, "forward_gaussian": 3e-3})
    return results
