"""results/README.md explains every column as the code does."""

from forwardgrad.reference.column_tables import BLOCK, MODULES, rewrite, table

REMEDY = "run `python -m forwardgrad.reference.column_tables`"


def test_results_explain_every_column_as_the_code_does(root):
    text = (root / "results/README.md").read_text(encoding="utf-8")
    assert rewrite(text) == text, f"the tables of results/README.md are not those of the code: {REMEDY}"


def test_results_explain_every_frame(root):
    explained = {(block[2], block[3]) for block in BLOCK.finditer((root / "results/README.md").read_text())}
    declared = {
        (module, name)
        for module, names in MODULES.items()
        for name, value in vars(names).items()
        if names.__name__.endswith(".columns") and isinstance(value, dict) and name.isupper()
        if value and all(isinstance(meaning, str) for meaning in value.values())
    }
    # Values of a column, columns of other tables, and what a column is taken over.
    declared -= {("training", "COST_MODELS"), ("training", "METHOD"), ("speed", "RATIOS_TO")}
    assert declared <= explained


def test_a_table_is_replaced_between_its_marks_alone():
    text = "a\n<!-- columns: training.TIMES -->\nold\n<!-- end of columns -->\nb\n"
    assert rewrite(text) == text.replace("old\n", table("training", "TIMES"))
    assert rewrite("a\n") == "a\n"
