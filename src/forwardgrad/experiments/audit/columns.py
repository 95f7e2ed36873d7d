"""Columns of the audit's tables."""

AUDIT = {
    "key": "key of the defect in report/audit.yaml",
    "repository": "whose code contains the defect",
    "commit": "commit at which the code was read; empty where it is not known",
    "defect": "what the code does",
    "computation": "what the numbers are",
    "correct": "correct value",
    "found": "value with the defect",
    "low": "lower end of the 95 % interval of found (Student's t); found itself where nothing is random",
    "high": "upper end",
    "n": "number of draws or seeds; 1 where nothing is random",
    "shown": "yes: the interval lies on the predicted side; no; documented: not computed; no data",
    "why": "why it matters",
}

MOMENTS = {
    "tangents": "gaussian, standardised or uniform",
    "row": "component i",
    "column": "component j",
    "moment": "mean of v_i v_j",
    "n": "number of tangents drawn",
}
