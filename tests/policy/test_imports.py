"""Who may import whom, as ARCHITECTURE.md says."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.policy.project import SERVER, TRAINER, importers, imports, modules

TRAINING = ("torch", "transformers", "optimum", "onnx", "onnxscript", "onnx_ir", "gguf", "scipy", "codeodds_trainer")
PROTOCOL = ("pygls", "lsprotocol")
RUNTIME = ("onnxruntime",)
FRONT_ENDS = ("codeodds.lsp", "codeodds.cli")

# The trainer's rooms, in the order of the work: each may import those before it.
ROOMS = ("ground", "data", "training", "export", "evaluation", "cli")
# And in the same way the stages within a room.
STAGES = [
    ("codeodds_trainer", ROOMS),
    ("codeodds_trainer.data", ("problems", "rollouts", "judge", "injection", "curation")),
    ("codeodds_trainer.evaluation", ("baselines", "figures", "report")),
]

RULES = [
    ("codeodds", TRAINING),
    ("codeodds.engine", PROTOCOL),
    ("codeodds.bundle", PROTOCOL),
    ("codeodds.source", PROTOCOL),
    ("codeodds.cli", PROTOCOL),
    ("codeodds.source", RUNTIME),
    ("codeodds.ranking", (*PROTOCOL, *RUNTIME, *FRONT_ENDS)),
    ("codeodds.generation", ("codeodds.engine", "codeodds.bundle", "codeodds.ranking", *PROTOCOL, *FRONT_ENDS)),
    ("codeodds.completion", ("codeodds.engine", "codeodds.bundle", "codeodds.ranking", "codeodds.generation")),
    ("codeodds.completion", ("codeodds.execution", "codeodds.source", *PROTOCOL, *FRONT_ENDS)),
    ("codeodds.engine", ("codeodds.completion",)),
    ("codeodds.source", ("codeodds.completion",)),
    ("codeodds.ranking", ("codeodds.completion",)),
    ("codeodds.cli", ("codeodds.completion",)),
    ("codeodds.engine", ("codeodds.generation",)),
    ("codeodds.source", ("codeodds.generation",)),
    ("codeodds.ranking", ("codeodds.generation",)),
    ("codeodds.cli", ("codeodds.generation",)),
    ("codeodds.edits", ("codeodds.engine", "codeodds.bundle", "codeodds.odds", "codeodds.ranking")),
    ("codeodds.edits", ("codeodds.generation", "codeodds.execution", "codeodds.completion")),
    ("codeodds.edits", (*PROTOCOL, *RUNTIME, *FRONT_ENDS)),
    ("codeodds.odds", ("codeodds.ranking", "codeodds.generation", "codeodds.execution", "codeodds.completion")),
    ("codeodds.odds", (*PROTOCOL, *RUNTIME, *FRONT_ENDS)),
    ("codeodds.engine", ("codeodds.odds", "codeodds.edits")),
    ("codeodds.source", ("codeodds.odds", "codeodds.edits")),
    ("codeodds.bundle", ("codeodds.odds", "codeodds.edits")),
    ("codeodds.lsp", RUNTIME),
    ("codeodds.cli", RUNTIME),
    ("codeodds.bundle", ("codeodds.engine", "codeodds.source", "codeodds.ranking", *FRONT_ENDS)),
    ("codeodds.engine", ("codeodds.source", "codeodds.ranking", *FRONT_ENDS)),
    ("codeodds.source", ("codeodds.engine", "codeodds.bundle", "codeodds.ranking", *FRONT_ENDS)),
    ("codeodds.lsp", ("codeodds.cli",)),
    ("codeodds.types", ("codeodds",)),
    ("codeodds.errors", ("codeodds",)),
    ("codeodds_trainer.data.judge", ("torch", "transformers", "numpy")),
    ("codeodds.execution", ("numpy", "codeodds.bundle", "codeodds.engine", "codeodds.source", "codeodds.ranking")),
    ("codeodds.execution", ("codeodds.generation", *PROTOCOL, *RUNTIME, *FRONT_ENDS)),
    ("codeodds.engine", ("codeodds.execution",)),
    ("codeodds.source", ("codeodds.execution",)),
    ("codeodds.bundle", ("codeodds.execution",)),
    ("codeodds.generation", ("codeodds.execution",)),
    ("codeodds.lsp", ("codeodds.execution",)),
    ("codeodds.execution.inside", ("msgspec", "tqdm")),
    ("codeodds_trainer", ("codeodds.lsp", "codeodds.cli", *PROTOCOL)),
]


@pytest.mark.parametrize(
    ("package", "banned"), RULES, ids=lambda value: value if isinstance(value, str) else ",".join(value)
)
def test_layer_does_not_import(package: str, banned: tuple[str, ...]) -> None:
    assert list(importers(package, banned)) == []


@pytest.mark.parametrize(("package", "stages"), STAGES, ids=lambda value: value if isinstance(value, str) else "")
def test_no_stage_of_the_trainer_imports_a_later_one(package: str, stages: tuple[str, ...]) -> None:
    for place, stage in enumerate(stages):
        later = tuple(f"{package}.{name}" for name in stages[place + 1 :])
        assert list(importers(f"{package}.{stage}", later)) == []


@pytest.mark.parametrize(("package", "stages"), STAGES, ids=lambda value: value if isinstance(value, str) else "")
def test_every_folder_of_the_trainer_has_its_place_in_the_order(package: str, stages: tuple[str, ...]) -> None:
    folder = TRAINER / package.replace(".", "/")
    assert {path.parent.name for path in folder.glob("*/*.py")} == set(stages)


def test_training_and_export_do_not_know_how_programs_are_made() -> None:
    for stage in ("training", "export"):
        assert list(importers(f"codeodds_trainer.{stage}", ("codeodds_trainer.data",))) == []


def test_one_file_knows_the_runtime() -> None:
    files = [
        module for module, path in modules(SERVER).items() if any(n.split(".")[0] in RUNTIME for n in imports(path))
    ]
    assert len(files) == 1
    assert files[0].startswith("codeodds.engine.")


def test_one_file_knows_jedi() -> None:
    files = [
        module
        for module, path in modules(SERVER).items()
        if {"jedi", "parso"} & {n.split(".")[0] for n in imports(path)}
    ]
    assert files == ["codeodds.completion.names"]


def test_one_file_opens_connections() -> None:
    openers = ("httpx", "httpcore", "anyio", "socket", "ssl", "urllib.request", "http.client", "ftplib", "smtplib")
    files = [
        module
        for module, path in modules(SERVER).items()
        if any(name == opener or name.startswith(f"{opener}.") for name in imports(path) for opener in openers)
    ]
    assert [module for module in files if not module.startswith("codeodds.execution.")] == [
        "codeodds.generation.endpoint"
    ]


def test_the_sandbox_has_pairs_of_sockets_and_connects_to_nothing() -> None:
    """Both ends of a pair are its own processes; one end is made from a descriptor that it inherits."""
    calls = set()
    for module, path in modules(SERVER).items():
        if module.startswith("codeodds.execution"):
            assert not {"ssl", "urllib.request", "http.client", "httpx"} & imports(path), module
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "socket":
                    calls.add(node.attr)
                if isinstance(node, ast.Attribute):
                    assert node.attr not in {"connect", "connect_ex", "listen", "create_connection"}, module
    assert calls <= {"socket", "socketpair", "send_fds", "recv_fds"}


def test_the_inside_of_the_sandbox_knows_nothing_of_the_outside() -> None:
    """It runs without site-packages, and must not hold what a program could use."""
    inside = "codeodds.execution.inside"
    foreign = {
        name
        for module, path in modules(SERVER).items()
        if module.startswith(inside)
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith((inside, "__future__"))
    }
    assert foreign == set()


def test_features_of_the_language_server_do_not_import_each_other() -> None:
    package = "codeodds.lsp.features"
    features = {module for module in modules(SERVER) if module.startswith(package + ".")}
    crossing = [
        f"{module} imports {name}"
        for module in features
        for name in imports(modules(SERVER)[module])
        if name in features and name != module
    ]
    assert crossing == []


@pytest.mark.parametrize("module", ["codeodds.cli.main", "codeodds.lsp.setup"])
def test_front_end_starts_without_the_heavy_libraries(module: str) -> None:
    program = f"import sys, {module}; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"onnxruntime", "torch", "transformers", "tokenizers", "httpx", "jedi", "parso"} & set(
        done.stdout.split()
    )


def test_the_language_server_cannot_reach_what_runs_code() -> None:
    assert list(importers("codeodds.lsp", ("codeodds.ranking.run",))) == []


LSP_ROOMS = ("protocol", "settings", "documents", "server", "shown", "features", "setup")
"""Each may import those before it."""


@pytest.mark.parametrize("root", [SERVER, TRAINER], ids=["server", "trainer"])
def test_no_module_reaches_itself_again(root: Path) -> None:
    """Imports within functions, and for types alone, count."""
    known = modules(root)
    graph = {module: {name for name in imports(path) if name in known} - {module} for module, path in known.items()}
    # A package's own module is imported with everything in it, and holds a docstring or a version.
    for module, path in known.items():
        if path.name == "__init__.py":
            graph[module] = set()
    TopologicalSorter(graph).prepare()


def test_the_rooms_of_the_language_server_import_in_one_direction() -> None:
    back = []
    for place, room in enumerate(LSP_ROOMS):
        later = tuple(f"codeodds.lsp.{name}" for name in LSP_ROOMS[place + 1 :])
        back += list(importers(f"codeodds.lsp.{room}", later))
    assert back == []


def test_command_line_starts_without_what_only_some_commands_need() -> None:
    program = "import sys, codeodds.cli.main; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "rich", "pygls", "lsprotocol", "tree_sitter", "msgspec"} & set(done.stdout.split())
