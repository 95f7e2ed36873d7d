"""The parts of README.md and ARTIFACT.md that state results: written from the published reference, never by hand."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from forwardgrad.arguments import RefusalError
from forwardgrad.reference.minutes import minutes
from forwardgrad.reference.publish import load
from forwardgrad.report.markup import templates_of

BLOCKS = {"README.md": ("result", "experiments"), "ARTIFACT.md": ("claims",)}
MODELS = ("lr", "mlp", "cnn")


def rewrite(text: str, blocks: Mapping[str, str]) -> str:
    """Return a text with each block replaced.

    Raises:
        ValueError: A mark is missing.
    """
    for name, block in blocks.items():
        begin = f"<!-- {name}: from results/reference by `snakemake reference`, not by hand -->\n"
        end = f"<!-- end of {name} -->\n"
        if begin not in text or end not in text:
            raise ValueError(f"the text lacks the marks of the block {name!r}: {begin.strip()} and {end.strip()}")
        before, _, rest = text.partition(begin)
        text = before + begin + block + end + rest.partition(end)[2]
    return text


def write_blocks(reference: Path, templates: Path) -> dict[str, dict[str, str]]:
    """Return what each file states of the published `reference`, by file and name of the block.

    It states what a step costs and how many minutes experiments take. The prose is in `templates`,
    `{file}_{block}.md.j2`.
    """
    tables, record = load(reference)
    environment = templates_of(templates, keep_trailing_newline=True)
    values = {
        "costs": {method: costs(tables["speed"], method) for method in ("stock", "forward_rank_one")},
        "by_hand": costs(tables["speed"], "forward_rank_one", "ratio_to_backprop_by_hand"),
        "host": record["experiments"]["speed"][0]["host"],
        "minutes": minutes(record),
    }
    return {
        file: {
            name: environment.get_template(f"{Path(file).stem.lower()}_{name}.md.j2").render(values) for name in blocks
        }
        for file, blocks in BLOCKS.items()
    }


def require_networks(speed: Path) -> None:
    """Check that a run measured the networks that README names.

    Raises:
        RefusalError: It did not.
    """
    measured = set(pd.read_csv(speed)["model"]) if speed.exists() else set()
    if missing := [model for model in MODELS if model not in measured]:
        raise RefusalError(
            f"{speed} has no steps of {', '.join(missing)}: publish a default run, `snakemake reference`"
        )


def costs(speed: pd.DataFrame, method: str, ratio: str = "ratio_to_backprop") -> list[float]:
    """Return the cost of a step over backpropagation's on each of the paper's networks, in the order of MODELS."""
    usual = speed[(speed["batch_size"] == 64) & (speed["device"] == "cpu") & (speed["method"] == method)]
    networks = usual[usual["depth"].isna() | (usual["model"] != "mlp") | (usual["depth"] == 2)]
    return [float(networks.loc[networks["model"] == model, ratio].iloc[0]) for model in MODELS]
