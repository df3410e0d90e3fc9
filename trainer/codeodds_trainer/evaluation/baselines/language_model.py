"""What anyone can have without a value head: scores to stand beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, PreTrainedModel

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds_trainer.data import LabelledProblem
from codeodds_trainer.disk import open_lines
from codeodds_trainer.evaluation.scoring import DIGITS, ScoredProgram, ScoredSet, hash_text, read_scores, text_key
from codeodds_trainer.training.dataset import pack_problems
from codeodds_trainer.training.model import ATTENTION, BaseModelSource, tree_mask
from codeodds_trainer.training.trie import Pack


def load_language_model(source: BaseModelSource) -> PreTrainedModel:
    """The full base model with its language-model head, bfloat16."""
    extra = {} if source.gguf_file is None else {"gguf_file": source.gguf_file}
    model = AutoModelForCausalLM.from_pretrained(
        source.path, dtype=torch.bfloat16, attn_implementation=ATTENTION, **extra
    )
    return model.eval().requires_grad_(False)


@torch.inference_mode()
def node_log_probabilities(model: PreTrainedModel, pack: Pack, rows: int = 256) -> np.ndarray:
    """Log-probability of each node's token given its ancestors, float32 [nodes]; 0 at roots.

    `rows`: how many rows of the vocabulary-wide logits are in memory at a time.
    """
    hidden = model.base_model(
        input_ids=torch.from_numpy(pack.ids)[None],
        position_ids=torch.from_numpy(pack.depths)[None],
        attention_mask=tree_mask(torch.from_numpy(pack.ancestors())),
        use_cache=False,
    ).last_hidden_state[0]
    result = np.zeros(len(pack.ids), dtype=np.float32)
    nodes = np.flatnonzero((pack.parents >= 0) & (pack.weights > 0))
    head = model.get_output_embeddings()
    for part in np.array_split(nodes, max(1, -(-len(nodes) // rows))):
        logits = head(hidden[torch.from_numpy(pack.parents[part])]).float()
        logits = torch.log_softmax(logits, dim=-1)
        result[part] = logits.gather(1, torch.from_numpy(pack.ids[part])[:, None])[:, 0].numpy()
    return result


def log_probability_scores(
    model: PreTrainedModel, tokenizer: CodeTokenizer, problems: Sequence[LabelledProblem], store: Path
) -> ScoredSet:
    """The log-probability of every solution token of every program. Resumable."""
    done = read_scores(store)
    packed = pack_problems(problems, tokenizer, pack_nodes=1024, balance=False, targets="outcome")
    result: list[ScoredProgram] = []
    with open_lines(store) as file:
        for item in tqdm(packed, desc=f"log-probabilities {store.stem}", unit="problem"):
            problem = item.problem
            key = f"{problem.dataset}/{problem.problem_id}/{hash_text(problem.prompt)}"
            if key not in done:
                rows: list[ScoredProgram | None] = []
                for pack in item.packs:
                    values = node_log_probabilities(model, pack)
                    for path, index in zip(pack.paths, pack.programs, strict=True):
                        program = problem.programs[index]
                        rows.append(
                            ScoredProgram(
                                problem_id=problem.problem_id,
                                dataset=problem.dataset,
                                generator=program.generator,
                                passed=program.passed,
                                text=text_key(problem, program),
                                values=[round(value, DIGITS) for value in values[path].tolist()],
                                characters=len(program.completion),
                            )
                        )
                done[key] = rows
                file.write(msgspec.json.encode([key, rows]) + b"\n")
                file.flush()
            result += [row for row in done[key] if row is not None]
    return ScoredSet(result)
