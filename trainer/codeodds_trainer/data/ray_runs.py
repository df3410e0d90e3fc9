"""Work spread over a Ray cluster with Ray Data: actors that each hold a policy or a judge, and batches that go to them.

A batch whose node dies is given to another one: Ray Data restarts its actors and repeats their tasks. Results come back
to the machine that asked, which writes them; a result that comes twice is its caller's to recognise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from codeodds_trainer.ground.errors import ClusterError

Work = Callable[[bytes], list[bytes]]
"""From one item to its results."""


class _Actor:
    """One process of the cluster."""

    def __init__(self, make: Callable[[], Work]) -> None:
        self._work = make()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        results = [result for item in batch["item"] for result in self._work(bytes(item))]
        return {"result": np.asarray(results, dtype=object)}


def map_on_ray(
    address: str, items: Sequence[bytes], make: Callable[[], Work], actors: int | None, gpus: float
) -> Iterator[bytes]:
    """Results of all items, in any order, as they come.

    `address`: of a running cluster, or ``auto``, which joins the one that this machine belongs to. `make` runs in each
    actor. `actors`: how many; one for each core, or each GPU, if None. `gpus`: of each actor.

    Raises: ClusterError if there is no such cluster.
    """
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise ClusterError("Ray is not installed; pip install -c constraints.txt -e '.[trainer,ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ClusterError(f"no Ray cluster at {address} ({error}); start one with `ray start --head`") from error
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    most = int(resources.get("GPU", 0) / gpus) if gpus else int(resources.get("CPU", 1))
    if most < 1:
        raise ClusterError(f"the cluster at {address} has no {'GPU' if gpus else 'core'} to work on")
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    data = ray.data.from_items([{"item": item} for item in items], override_num_blocks=max(1, len(items)))
    mapped = data.map_batches(
        _Actor,
        fn_constructor_args=(make,),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(actors or most, most)),
        num_cpus=1,
        num_gpus=gpus or None,
    )
    for row in mapped.iter_rows():
        yield bytes(row["result"])
