"""Values travel unchanged; whatever JSON arrives, decoding makes a plain value or refuses."""

from __future__ import annotations

import json
import math
import socket
from collections import Counter, OrderedDict, deque
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.execution.inside.wire import Channel, Closed, WireError, decode, encode

HASHABLE = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.fractions() | st.dates()
PLAIN = st.recursive(
    HASHABLE
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.datetimes()
    | st.timedeltas()
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9)),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.lists(inner).map(deque)
        | st.dictionaries(HASHABLE, inner)
        | st.dictionaries(HASHABLE, inner).map(OrderedDict)
        | st.sets(HASHABLE)
        | st.frozensets(HASHABLE)
        | st.dictionaries(HASHABLE, st.integers()).map(Counter)
    ),
    max_leaves=20,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.fixed_dictionaries(
            {
                "t": st.sampled_from(["int", "float", "tuple", "dict", "set", "Decimal", "range", "type", "x"]),
                "v": inner,
            }
        )
    ),
    max_leaves=20,
)


def refuse(value):
    raise WireError("a handle")


@given(PLAIN)
def test_plain_values_travel_unchanged(value):
    back = decode(json.loads(json.dumps(encode(value, refuse))), refuse)
    assert back == value
    assert type(back) is type(value)


@given(JSON)
def test_no_json_makes_more_than_a_plain_value(content):
    try:
        value = decode(content, refuse)
    except WireError:
        return
    encode(value, refuse)


@pytest.mark.parametrize(
    "value", [math.nan, True, int, -(2**63), "\ud800", date(1, 1, 1), datetime(1, 1, 1), timedelta(1)]
)
def test_corner_values(value):
    back = decode(json.loads(json.dumps(encode(value, refuse))), refuse)
    assert back == value or (back != back and value != value)


def test_subclasses_travel_as_what_they_are_made_of():
    class Liar(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__

        def __add__(self, other):
            return 99

    class Words(str):
        def __str__(self):
            return "other"

    assert encode([Liar(7), Words("x"), Decimal(1), Fraction(1, 2)], refuse)[:2] == [7, "x"]


def test_what_is_too_deep_is_refused():
    value = []
    for _ in range(1000):
        value = [value]
    with pytest.raises(WireError, match="nested more than 200 levels"):
        encode(value, refuse)


@pytest.mark.parametrize("content", [b"\xff" * 8, (3).to_bytes(8, "big") + b"{]}", (1 << 40).to_bytes(8, "big")])
def test_what_is_no_message_is_refused(content):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(content)
        with pytest.raises(WireError, match="sent no valid message"):
            Channel(ours).receive()


def test_the_end_of_the_other_side_is_noticed():
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall((9).to_bytes(8, "big") + b"half")
        theirs.close()
        with pytest.raises(Closed):
            Channel(ours).receive()
