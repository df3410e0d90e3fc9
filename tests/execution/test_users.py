"""Whose processes programs become: another user's where there is one, as in containers that know few users or one."""

from __future__ import annotations

import os

import pytest

from codeodds.execution.inside.isolation import another_user

ALL = "         0          0 4294967295\n"
ONE = "0 1000 1\n"
TWO_RANGES = "0 1000 1\n1 100000 65536\n"


@pytest.mark.parametrize(
    ("users", "groups", "expected"),
    [
        (ALL, ALL, 61_000),
        (TWO_RANGES, TWO_RANGES, 61_000),
        (ONE, ALL, None),
        (ALL, ONE, None),
        ("1 100000 60999\n", ALL, None),
        ("1 100000 61000\n", ALL, 61_000),
    ],
)
def test_root_becomes_another_user_where_there_is_one(tmp_path, monkeypatch, users, groups, expected):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tables = (tmp_path / "users", tmp_path / "groups")
    for table, text in zip(tables, (users, groups), strict=True):
        table.write_text(text)
    assert another_user(61_000, tuple(map(str, tables))) == expected


def test_others_stay_who_they_are_and_systems_without_tables_know_everybody(tmp_path, monkeypatch):
    nowhere = (str(tmp_path / "nowhere"),)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert another_user(61_000, nowhere) is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert another_user(61_000, nowhere) == 61_000
