"""Values for type hints: they fit the hint, have a literal, and depend on the hint and the seed alone."""

from __future__ import annotations

import ast
import collections.abc as abc
import random
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.execution.hinted import INTEGERS, UnknownHint, hinted_value
from codeodds.execution.inputs import literal

PLAIN = ("int", "float", "str", "bool", "bytes", "None")
HINTS = st.recursive(
    st.sampled_from(PLAIN),
    lambda inner: st.one_of(
        inner.map("list[{}]".format),
        inner.map("typing.Sequence[{}]".format),
        inner.map("tuple[{}, ...]".format),
        inner.map("tuple[{}]".format),
        inner.map("typing.Optional[{}]".format),
        inner.map("abc.Mapping[str, {}]".format),
        st.sampled_from(PLAIN).map("set[{}]".format),
        st.tuples(inner, inner).map("tuple[{0[0]}, {0[1]}]".format),
        st.tuples(inner, inner).map("typing.Union[{0[0]}, {0[1]}]".format),
    ),
    max_leaves=5,
)


def values(hint, count=40):
    return [hinted_value(hint, random.Random(seed)) for seed in range(count)]


def fits(value, hint):
    """Whether a value is of a type; independent of how values are made."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is None or hint is type(None):
        return value is None
    if origin is typing.Union:
        return any(fits(value, argument) for argument in arguments)
    if origin is None:
        return type(value) is hint
    if origin is tuple and ... not in arguments:
        return type(value) is tuple and len(value) == len(arguments) and all(map(fits, value, arguments))
    if origin is abc.Mapping:
        return type(value) is dict and all(fits(item, arguments[1]) for item in value.values())
    container = list if origin is abc.Sequence else origin
    return type(value) is container and all(fits(item, arguments[0]) for item in value)


@given(HINTS, st.integers(0, 1000))
def test_a_value_fits_its_hint_and_has_a_literal(hint, seed):
    try:
        value = hinted_value(hint, random.Random(seed))
    except UnknownHint:
        return  # nested too deep; the next test says how deep
    assert fits(value, eval(hint))
    assert ast.literal_eval(literal(value)) == value if not isinstance(value, set) or value else value == set()
    assert literal(hinted_value(hint, random.Random(seed))) == literal(value)


@pytest.mark.parametrize(
    ("hint", "same"),
    [
        ("List[int]", "list[int]"), ("t.List['int']", "list[int]"), ("'list[int]'", "list[int]"),
        ("Tuple[int, ...]", "tuple[int, ...]"), ("list", "list[int]"), ("dict", "dict[str, int]"),
        ("tuple", "tuple[int, ...]"), ("Annotated[int, Gt(0)]", "int"), ("collections.abc.Set[str]", "set[str]"),
    ],
)  # fmt: skip
def test_names_for_the_same(hint, same):
    assert list(map(literal, values(hint))) == list(map(literal, values(same)))


def test_literals_and_unions():
    assert set(values("Literal['r', 'w', 3]")) == {"r", "w", 3}
    assert {type(value) for value in values("int | str | None")} == {int, str, type(None)}
    assert 0 < sum(value is None for value in values("Optional[int]", 200)) < 80
    # What is understood of a union is enough.
    assert set(values("int | Path", 400)) == set(INTEGERS)


@pytest.mark.parametrize(
    "hint",
    ["", "Path", "np.ndarray", "Callable[[int], str]", "list[Node]", "dict[list[int], str]", "list[int", "tuple[]",
     "Literal[Color.RED]", "Literal[()]", "Literal[...]", "Literal[1e999]", "Annotated[()]", "Union[()]",
      "list[list[list[list[list[int]]]]]", "Path | None | Node", "x" * 10_000 + "[", "3"],
)  # fmt: skip
def test_other_hints_are_not_understood(hint):
    with pytest.raises(UnknownHint):
        values(hint)
