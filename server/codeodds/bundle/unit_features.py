"""What the text of a unit says of how much of its meaning stands elsewhere. Pure, and at home in unfinished code.

Names are bound anywhere in the unit, whatever the scope: a name counts as known as soon as the reader can find it.
"""

from __future__ import annotations

import builtins
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from codeodds.types import ScoringUnit

_LANGUAGE = Language(tree_sitter_python.language())
_KNOWN = frozenset(dir(builtins)) | {"__file__", "__class__", "_"}
_INSTANCES = ("self", "cls")
_TARGETS = {
    "assignment": "left",
    "augmented_assignment": "left",
    "for_statement": "left",
    "for_in_clause": "left",
    "named_expression": "name",
    "function_definition": "name",
    "class_definition": "name",
    "default_parameter": "name",
    "typed_default_parameter": "name",
    "aliased_import": "alias",
}
"""Nodes that bind names, and the field that holds them."""
_PATTERNS = frozenset(
    {
        "tuple_pattern",
        "list_pattern",
        "pattern_list",
        "list_splat_pattern",
        "dictionary_splat_pattern",
        "as_pattern_target",
        "parenthesized_expression",
        "tuple",
        "list",
        "list_splat",
    }
)
"""Nodes within a target whose own names are targets too."""
_HALF = re.compile(r"\bfor\s+([\w\s,()*]+?)\s+in\b|\b(?:as|def|class|import)\s+(\w+)|\b(\w+)\s*:?=(?!=)")
"""What binds names in text that the parser could not make a statement of, where its tree leaves words out."""
_PARAMETERS = frozenset({"parameters", "lambda_parameters", "type_parameter"})


@dataclass(frozen=True, slots=True)
class UnitFeatures:
    """Of one unit; counts of the solution unless it says otherwise."""

    reads: int
    """Names read."""
    elsewhere: int
    """Of these, names that the unit does not bind: no parameter, local, visible import or builtin."""
    instance_reads: int
    """Attributes read of `self` or `cls`: their meaning stands in the rest of the class."""
    stated_words: int
    """Words of docstrings and comments in the problem."""
    problem_characters: int
    solution_characters: int

    @property
    def elsewhere_share(self) -> float:
        """In [0, 1]; 0 where no name is read."""
        return self.elsewhere / self.reads if self.reads else 0.0

    @property
    def instance_share(self) -> float:
        """In [0, 1]: each such read reads the name `self` or `cls` too."""
        return self.instance_reads / self.reads if self.reads else 0.0

    @property
    def log_stated_words(self) -> float:
        """``log(1 + words)``; so are the two below of characters."""
        return math.log1p(self.stated_words)

    @property
    def log_problem_characters(self) -> float:
        return math.log1p(self.problem_characters)

    @property
    def log_solution_characters(self) -> float:
        return math.log1p(self.solution_characters)


def unit_features(unit: ScoringUnit) -> UnitFeatures:
    """Any text has features, whether it parses or not."""
    source = unit.text.encode("utf-8", "surrogatepass")
    start = len(unit.problem.encode("utf-8", "surrogatepass"))
    bound: set[str] = set()
    places: set[int] = set()
    reads: list[str] = []
    instance_reads = words = 0
    nodes = list(_nodes(Parser(_LANGUAGE).parse(source).root_node))
    for node in nodes:
        for target in _bound_by(node):
            places.add(target.start_byte)
            bound.add(_text(target))
        if node.type == "ERROR":
            bound.update(name for match in _HALF.finditer(_text(node)) for name in re.findall(r"\w+", match[0]))
    for node in nodes:
        if node.start_byte < start:
            words += len(_text(node).split()) if _states_the_task(node) else 0
        elif (
            node.type == "identifier"
            and node.start_byte not in places
            and not _is_label(node)
            and not iskeyword(_text(node))
        ):
            reads.append(_text(node))
            instance_reads += reads[-1] in _INSTANCES and _reads_attribute(node)
    elsewhere = sum(name not in bound and name not in _KNOWN for name in reads)
    return UnitFeatures(len(reads), elsewhere, instance_reads, words, len(unit.problem), len(unit.solution))


def _nodes(root: Node) -> Iterator[Node]:
    """All nodes in order of their place. A loop, because code may be nested deeper than Python's stack."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def _bound_by(node: Node) -> Iterator[Node]:
    """The identifiers that a node binds itself."""
    kind = node.type
    if kind in _TARGETS:
        yield from _targets(node.child_by_field_name(_TARGETS[kind]))
    elif kind == "as_pattern_target":
        yield from _targets(node)
    elif kind in _PARAMETERS:
        for child in node.named_children:
            if child.type != "type":
                yield from _targets(child)
            elif kind == "type_parameter":
                yield from (part for part in child.named_children if part.type == "identifier")
    elif kind == "typed_parameter":
        yield from _targets(node.named_children[0] if node.named_children else None)
    elif kind in ("import_statement", "import_from_statement"):
        for name in node.children_by_field_name("name"):
            if name.type == "dotted_name":
                parts = name.named_children
                # `import a.b` binds a; `from a import b` binds b, and a name there has no dots.
                yield from parts[:1]
    elif kind in ("case_pattern", "keyword_pattern", "splat_pattern", "as_pattern"):
        yield from _captures(node)


def _captures(node: Node) -> Iterator[Node]:
    """What one level of a `case` binds; the expression of an `except` or `with` is none."""
    children = node.named_children
    if node.type == "as_pattern":
        children = children[1:] if children and children[0].type == "case_pattern" else []
    elif node.type == "keyword_pattern":
        children = children[1:]
    for child in children:
        if child.type == "identifier":
            yield child
        elif child.type == "dotted_name" and len(child.named_children) == 1:
            yield child.named_children[0]


def _targets(node: Node | None) -> Iterator[Node]:
    waiting = [] if node is None else [node]
    while waiting:
        part = waiting.pop()
        if part.type == "identifier":
            yield part
        elif part.type in _PATTERNS:
            waiting += part.named_children


def _is_label(node: Node) -> bool:
    """Whether an identifier only names an attribute, a keyword argument or a module: nothing is looked up."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "attribute":
        return parent.child_by_field_name("attribute") == node
    if parent.type == "keyword_argument":
        return parent.child_by_field_name("name") == node
    if parent.type == "keyword_pattern":
        return parent.named_children[0] == node
    if parent.type in ("global_statement", "nonlocal_statement"):
        return True
    outer = parent.parent
    return (
        parent.type == "dotted_name"
        and outer is not None
        and outer.type
        in (
            "import_statement",
            "import_from_statement",
            "aliased_import",
            "relative_import",
            "future_import_statement",
        )
    )


def _reads_attribute(node: Node) -> bool:
    """Whether ``self`` stands in an attribute that is not assigned to."""
    attribute = node.parent
    if attribute is None or attribute.type != "attribute" or attribute.child_by_field_name("object") != node:
        return False
    outer = attribute.parent
    return outer is None or outer.type != "assignment" or outer.child_by_field_name("left") != attribute


def _states_the_task(node: Node) -> bool:
    if node.type == "comment":
        return True
    return node.type == "string" and node.parent is not None and node.parent.type == "expression_statement"


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
