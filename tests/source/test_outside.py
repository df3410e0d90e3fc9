"""The code outside functions: one unit for the module, one for each class."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.functions import find_functions
from codeodds.source.outside import find_outside_code

MODULE = '''"""Counts words."""
import sys
from collections import Counter

LIMIT = 10  # at most
"é🎉"


def count(text):
    return Counter(text.split())


@final
class Table:
    """Rows."""

    rows: list = []
    width = 3

    def add(self, row):
        self.rows.append(row)

    class Cell:
        text = (
            "x"
        )

    height = 4


for name in sys.argv:
    print(count(name))
'''


def test_a_module_and_its_classes() -> None:
    module, table, cell = find_outside_code(MODULE)
    assert (module.name, module.kind, module.line, module.signature_end) == ("<module>", "module", 4, (4, 21))
    assert module.unit.problem == '"""Counts words."""\nimport sys\nfrom collections import Counter\n\n\n'
    assert module.unit.solution == 'LIMIT = 10  # at most\n"é🎉"\nfor name in sys.argv:\n    print(count(name))\n'
    assert module.solution_lines == (4, 5, 30, 31)
    assert (table.name, table.kind, table.line, table.signature_end) == ("Table", "class", 13, (13, 12))
    assert table.unit.problem.endswith('class Table:\n    """Rows."""\n')
    assert table.unit.solution == "    rows: list = []\n    width = 3\n    height = 4\n"
    assert (table.solution_line, table.end_line, table.solution_lines) == (16, 27, (16, 17, 27))
    assert (cell.name, cell.solution_lines) == ("Table.Cell", (23, 24, 25))
    assert "class Table:\n    class Cell:\n" in cell.unit.problem


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import os\n",
        '"""Only a docstring."""\n',
        "def f():\n    return 1\n",
        "class A: x = 1\n",
        "class A:\n    def m(self):\n        return 1\n",
        "if x:\n    def f():\n        return 1\n",
        "x = (\n",
    ],
)
def test_nothing_outside_functions_or_nothing_that_parses(text: str) -> None:
    assert find_outside_code(text) == []


def test_typing_in_a_function_changes_no_unit_outside() -> None:
    typed = MODULE.replace("return Counter", "words = text.lower()\n    return Counter")
    assert [unit.unit for unit in find_outside_code(typed)] == [unit.unit for unit in find_outside_code(MODULE)]


def test_typing_outside_changes_no_function() -> None:
    typed = MODULE.replace("LIMIT = 10", "LIMIT = 10\nSTEP = 2")
    assert [unit.unit for unit in find_functions(typed)] == [unit.unit for unit in find_functions(MODULE)]


def test_imports_of_elsewhere_come_first() -> None:
    (module,) = find_outside_code("import b\nb.run(1)\n", imports="import a\n")
    assert module.unit.problem == "import a\nimport b\n\n\n"
    (function,) = find_functions("import b\ndef f():\n    return 1\n", imports="import a\n")
    assert function.unit.problem == "import a\nimport b\n\n\ndef f():\n"


def test_stubs() -> None:
    assert [unit.is_stub for unit in find_outside_code("class A:\n    pass\n\n\nclass B:\n    ...\n    x = 1\n")] == [
        True,
        False,
    ]


@given(st.lists(st.sampled_from(MODULE.splitlines(keepends=True)), max_size=25).map("".join))
def test_any_lines_in_any_order(text: str) -> None:
    lines = text.split("\n")
    for unit in find_outside_code(text):
        assert unit.unit.solution == "".join(lines[number] + "\n" for number in unit.solution_lines)
