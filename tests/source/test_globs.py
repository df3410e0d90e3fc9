"""Which paths a pattern of `exclude` matches, in the spellings of .gitignore and of VS Code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.exclusion import Globs

BASE = "/w/p"


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("test_*.py", ["test_a.py", "a/b/test_c.py"], ["atest_a.py", "test_a.pyi"]),
        ("a.py", ["a.py", "x/a.py"], ["ba.py", "aXpy"]),
        ("generated", ["generated/a.py", "x/generated/b/a.py", "generated"], ["generated.py", "regenerated/a.py"]),
        ("src/*.py", ["src/a.py"], ["src/b/a.py", "x/src/a.py"]),
        ("src/**", ["src/a.py", "src/b/c.py"], ["src", "xsrc/a.py", "b/src2/a.py", "b/src/a.py"]),
        ("build/", ["build/a.py", "x/build/b/a.py"], ["build", "rebuild/a.py"]),
        ("**/gen/**", ["gen/a.py", "x/gen/a.py", "x/y/gen/z/a.py"], ["gene/a.py", "gen"]),
        ("./generated/**", ["generated/a.py", "generated/b/a.py"], ["x/generated/a.py"]),
        ("./generated", ["generated/a.py"], ["x/generated/a.py"]),
        ("././a//b.py", ["a/b.py"], ["x/a/b.py"]),
        ("/generated", ["generated/a.py"], ["x/generated/a.py"]),
        ("/w/p/generated/**", ["generated/a.py", "generated/b/a.py"], ["x/generated/a.py", "a.py"]),
        ("/w/p/a.py", ["a.py"], ["x/a.py"]),
        ("/w/**", ["a.py", "x/a.py"], []),
        ("/w/p", ["a.py", "x/a.py"], []),
        ("/w/q/**", [], ["a.py", "q/a.py"]),
        ("**/{generated,vendor}/**", ["generated/a.py", "x/vendor/b/a.py"], ["x/a.py", "vendors/a.py"]),
        ("{a,b/{c,d}}.py", ["a.py", "x/a.py", "b/c.py", "b/d.py"], ["c.py", "b.py", "x/b/c.py"]),
        ("a{,_pb2}.py", ["a.py", "a_pb2.py"], ["a_.py"]),
        ("[{]a,b}.py", [], ["a.py"]),
        ("[{]a,b[}].py", ["{a,b}.py"], ["a.py", "b.py"]),
        ("src\\gen\\**", ["src/gen/a.py"], ["src/a.py"]),
        (".\\gen", ["gen/a.py"], ["x/gen/a.py"]),
        ("a?.py", ["ab.py"], ["a.py", "a/.py"]),
        ("[a-c]?.py", ["b1.py"], ["d1.py"]),
        ("[!a-c].py", ["d.py"], ["a.py"]),
        ("a+b(1).py", ["a+b(1).py"], ["aab1.py"]),
        ("#a.py", ["#a.py"], ["a.py"]),
        ("**", ["a.py", "a/b.py"], []),
    ],
)
def test_patterns(pattern: str, yes: list[str], no: list[str]) -> None:
    globs = Globs([pattern], BASE)
    if pattern != "[{]a,b}.py":
        assert globs.problems == []
    assert [path for path in yes if not globs.excludes(f"{BASE}/{path}")] == []
    assert [path for path in no if globs.excludes(f"{BASE}/{path}")] == []


@pytest.mark.parametrize("pattern", ["C:\\w\\gen\\**", "c:/w/gen", "/C:/w/gen/", ".\\gen\\**", "gen"])
def test_paths_of_windows(pattern: str) -> None:
    globs = Globs([pattern], "/c:/w")
    assert globs.problems == []
    assert globs.excludes("/c:/w/gen/a.py")
    assert not globs.excludes("/c:/w/a.py")
    assert not globs.excludes("/d:/w/gen/a.py")


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("src/gen/**", ["/a/b/src/gen/c.py", "/src/gen/c.py"], ["/a/src/c.py"]),
        ("**/gen/**", ["/a/gen/b.py"], ["/gen.py"]),
        ("gen", ["/a/gen/b.py"], ["/gen.py"]),
        ("/a/gen", ["/a/gen/b.py"], ["/b/a/gen/b.py"]),
    ],
)
def test_without_a_folder_patterns_hold_anywhere(pattern: str, yes: list[str], no: list[str]) -> None:
    globs = Globs([pattern], None)
    assert [path for path in yes if not globs.excludes(path)] == []
    assert [path for path in no if globs.excludes(path)] == []


def test_the_last_pattern_decides_and_nothing_comes_back_out_of_an_excluded_folder() -> None:
    globs = Globs(["gen/*", "!gen/keep.py", "out/", "!out/keep.py", "!{x,y}.py"], BASE)
    assert globs.excludes("/w/p/gen/a.py")
    assert not globs.excludes("/w/p/gen/keep.py")
    assert globs.excludes("/w/p/out/keep.py")
    assert globs.check("/w/p/gen/keep.py") is False
    assert globs.check("/w/p/y.py") is False
    assert globs.check("/w/p/c.py") is None
    assert globs.check("/elsewhere/gen/a.py") is None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "it names no file"),
        ("/", "it names no file"),
        ("!", "it names no file"),
        ("./", "it names no file"),
        ("../other/**", "it leads out of its folder with ..; write an absolute path"),
        ("a/../b", "it leads out of its folder with ..; write an absolute path"),
        ("..\\b", "it leads out of its folder with ..; write an absolute path"),
        ("~/gen", "~ is not replaced by the home folder; write the path out"),
        ("${workspaceFolder}/gen", "variables are not replaced; write the path out"),
        ("$HOME/gen", "variables are not replaced; write the path out"),
        ("file:///w/p/gen", "it is a URI; write a path"),
        ("\\\\host\\share", "it is the path of another machine; start it with **/"),
        ("{a,b", "its braces are not closed"),
        ("a}", "its braces are not closed"),
        ("[a.py", "its brackets are not closed"),
        ("[z-a].py", "a range between its brackets runs backwards"),
        ("{a,b}" * 30, "its braces stand for more than 256 patterns; write it more simply"),
    ],
)
def test_a_pattern_that_can_match_nothing_says_why_and_the_others_hold(pattern: str, why: str) -> None:
    globs = Globs([pattern, "a.py"], BASE)
    (problem,) = globs.problems
    assert problem.endswith(f"matches nothing: {why}")
    assert globs.excludes("/w/p/a.py")
    assert not globs.excludes("/w/p/b.py")


@given(st.text(max_size=12), st.text(max_size=12) | st.text("{}[]!*?/\\.,ab", max_size=12))
def test_no_pattern_fails(path: str, pattern: str) -> None:
    globs = Globs([pattern], None)
    assert globs.excludes(path) in (True, False)
    assert len(globs.problems) in (0, 1)
