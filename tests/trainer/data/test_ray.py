"""Ray Data on a real local cluster of two nodes, of which one is killed half-way: nothing is lost, nothing doubled."""

from __future__ import annotations

import msgspec
import pytest

from codeodds_trainer.data.judge.label import label_rollouts
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.ray_runs import map_on_ray
from codeodds_trainer.data.rollouts.make_rollouts import ClusterOptions, PolicyOptions, make_rollouts
from codeodds_trainer.data.rollouts.sample import Rollout, RolloutRow
from codeodds_trainer.data.rollouts.scheme import Sampling
from codeodds_trainer.ground.errors import ClusterError
from tests.trainer.tiny_models import save_base

ITEMS = 24


@pytest.fixture(scope="module")
def cluster():
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 100 * 2**20})
    nodes = [made.add_node(num_cpus=1, object_store_memory=100 * 2**20) for _ in range(2)]
    ray.init(address=made.address, log_to_driver=False)
    yield made, nodes
    ray.shutdown()
    made.shutdown()


def test_each_result_comes_back_once(cluster):
    made, _ = cluster

    def make():
        return lambda item: [item + b" a", item + b" b"]

    items = [f"{n}".encode() for n in range(6)]
    results = list(map_on_ray(made.address, items, make, actors=2, gpus=0.0))
    assert sorted(results) == sorted(item + letter for item in items for letter in (b" a", b" b"))


def test_rollouts_of_a_local_model_on_the_cluster(cluster, tmp_path):
    made, _ = cluster
    sampling = Sampling(
        main_rollouts=2, forking_tokens=2, rollouts_per_fork=2, max_tokens=8, stop_at_function_end=False
    )
    problems = tmp_path / "problems.jsonl"
    rows = [Problem(problem_id=f"toy/{n}", prompt=f"def f{n}(x):\n", tests=["0"]) for n in range(5)]
    problems.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    policy = PolicyOptions(model=str(save_base(tmp_path / "base")), batch_size=4)
    out = tmp_path / "rollouts.jsonl"
    cluster_options = ClusterOptions(address=made.address, actors=2)
    table = make_rollouts(problems, out, policy, ["train"], None, sampling, cluster_options)
    assert table.split()[:2] == ["5", "problems"]
    written = [msgspec.json.decode(line, type=RolloutRow) for line in out.read_bytes().splitlines()]
    assert sorted(row.problem_id for row in written) == [f"toy/{n}" for n in range(5)]
    # A completion of fewer tokens has fewer forks.
    assert all(len(row.rollouts) in (2, 4, 6) and row.policy == "base" for row in written)
    assert sum(len(row.rollouts) for row in written) > 20


def test_a_cluster_without_gpus_says_so(cluster):
    made, _ = cluster
    with pytest.raises(ClusterError, match="has no GPU to work on"):
        list(map_on_ray(made.address, [b"1"], lambda: lambda item: [item], actors=None, gpus=1.0))


def test_a_killed_node_loses_and_doubles_nothing(cluster, tmp_path):
    made, nodes = cluster
    from codeodds_trainer.data.judge.judge_files import label_on_ray

    problems = {
        f"toy/{n}": Problem(problem_id=f"toy/{n}", prompt="def f(x):\n", tests=[f"assert f({n}) == {n}"])
        for n in range(ITEMS)
    }
    rows = [
        RolloutRow(
            problem_id=name,
            split="train",
            prompt=problem.prompt,
            policy="me",
            settings="0",
            rollouts=[
                Rollout(completion=body, finish="end of text") for body in ("    return x\n", "    return x + 1\n")
            ],
        )
        for name, problem in problems.items()
    ]
    labeller = label_on_ray(problems, made.address)
    seen = []

    def killing(batches):
        single = [[row] for batch in batches for row in batch]
        for row in labeller(single):
            seen.append(row.problem_id)
            if len(seen) == ITEMS // 3:
                made.remove_node(nodes.pop(), allow_graceful=False)
            yield row

    labelled = label_rollouts(rows, problems, tmp_path / "labelled.jsonl", killing)
    assert sorted(row.problem_id for row in labelled) == sorted(problems)
    assert len((tmp_path / "labelled.jsonl").read_bytes().splitlines()) == ITEMS
    assert all([rollout.passed for rollout in row.rollouts] == [True, False] for row in labelled)
