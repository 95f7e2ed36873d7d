"""docs/layers.md says of every layer, loss and function what is so."""

import pytest
from torch import nn

from . import declared, table

ROWS = table.rows()
MADE = [(title, code) for title, made in ROWS.items() for code in made]

pytestmark = [
    pytest.mark.filterwarnings("ignore:`NLLLoss2d` has been deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning"),
    pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning"),  # torch vmaps GLU slowly
    pytest.mark.filterwarnings("ignore:index_reduce\\(\\) is in beta:UserWarning"),
    pytest.mark.filterwarnings("ignore:The reduce argument of torch.scatter:UserWarning"),
    pytest.mark.filterwarnings("ignore:torch.triangular_solve is deprecated:UserWarning"),
]


@pytest.fixture(scope="module")
def document():
    return table.DOCUMENT.read_text(encoding="utf-8").splitlines()


def test_every_module_of_torch_is_declared():
    names = {name for name, each in vars(nn).items() if isinstance(each, type) and issubclass(each, nn.Module)}
    codes = [code for title in ("Layers", "Losses") for code in ROWS[title]]
    declared_names = {code.partition("(")[0] for code in codes} | declared.ABSTRACT | declared.CONTAINERS
    assert declared_names | set(declared.ELSEWHERE) == names


def test_the_document_has_these_rows_and_no_others(document):
    rows = [line.split("`")[1] for line in document if line.startswith("| `")]
    assert rows == [code for _, code in MADE]


@pytest.mark.parametrize(("title", "code"), MADE, ids=[code for _, code in MADE])
def test_a_row_says_what_is_so(title, code, document):
    assert ROWS[title][code]() in document, "write it again: python -m tests.core.layers.table"
