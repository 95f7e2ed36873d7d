"""What the figure of the audit finds: its alternative text."""

from forwardgrad.plotting import labels
from forwardgrad.results.folder import Results


def alternatives(results: Results) -> dict[str, str]:
    """Return what the figure of second moments finds, by its name."""
    moments = results.frame("audit-moments")
    between = moments[moments["row"] != moments["column"]].groupby("tangents", sort=False)["moment"].mean()
    parts = [f"{labels.TANGENTS[kind]} {labels.signed(value, '{:.2f}'.format)}" for kind, value in between.items()]
    return {"second-moments": f"Mean second moment of two different entries, zero if unbiased: {'; '.join(parts)}."}
