"""Ray Data on a real local cluster of two nodes, of which one is killed half-way: nothing is lost, nothing doubled."""

from __future__ import annotations

import os

import pytest

from codeodds_trainer.errors import ClusterError
from codeodds_trainer.judge.label import label_rollouts
from codeodds_trainer.problems.problem import Problem
from codeodds_trainer.ray_runs import map_on_ray
from codeodds_trainer.rollouts.sample import Rollout, RolloutRow

ITEMS = 24


@pytest.fixture(scope="module")
def cluster():
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 100 * 2**20})
    nodes = [made.add_node(num_cpus=1, object_store_memory=100 * 2**20) for _ in range(2)]
    ray.init(address=made.address, log_to_driver=False)
    yield made, nodes
    ray.shutdown()
    made.shutdown()


def make():
    """Work that says where it ran."""
    import os
    import time

    node = os.environ.get("RAY_NODE_ID") or str(os.getppid())

    def work(item):
        time.sleep(0.2)
        return [item + b" a " + node.encode(), item + b" b " + node.encode()]

    return work


def test_work_is_spread_and_each_result_comes_back(cluster):
    made, _ = cluster
    items = [f"{n}".encode() for n in range(6)]
    results = list(map_on_ray(made.address, items, make, actors=2, gpus=0.0))
    assert sorted(result.rsplit(b" ", 1)[0] for result in results) == sorted(
        item + letter for item in items for letter in (b" a", b" b")
    )


def test_a_cluster_without_gpus_says_so(cluster):
    made, _ = cluster
    with pytest.raises(ClusterError, match="has no GPU to work on"):
        list(map_on_ray(made.address, [b"1"], make, actors=None, gpus=1.0))


def test_a_killed_node_loses_and_doubles_nothing(cluster, tmp_path):
    made, nodes = cluster
    from codeodds_trainer.judge.command import label_on_ray

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
