"""The page of faults says what `make faults` does today."""

from faults import table
from faults.declared import FAULTS


def test_the_page_lists_the_faults_that_are_declared():
    assert table.PATH.read_text(encoding="utf-8") == table.page()


def test_no_fault_is_declared_twice():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) > 90
