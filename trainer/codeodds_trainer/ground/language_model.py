"""The full base model with its language-model head: what it says of each token."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds_trainer.ground.base_model import ATTENTION, BaseModelSource, tree_mask
from codeodds_trainer.ground.errors import ModelError
from codeodds_trainer.ground.precision import compute_dtype
from codeodds_trainer.ground.trie import Pack


class LanguageModel:
    """A language model and its tokenizer, loaded when they are first needed."""

    def __init__(self, source: BaseModelSource, max_tokens: int, device: str = "cpu") -> None:
        """`max_tokens`: programs that are longer with their prompt are not scored."""
        self._source = source
        self._max_tokens = max_tokens
        self.device = device

    @cached_property
    def identity(self) -> str:
        """Names all that a value depends on: the model by its place and the sizes of its files, and the context."""
        folder = Path(self._source.path)
        files = {path.name: path.stat().st_size for path in sorted(folder.glob("*")) if path.is_file()}
        if self._source.gguf_file is not None:
            files = {name: size for name, size in files.items() if name == self._source.gguf_file}
        # A hub name has no files here. Which folder holds a local model does not matter to what it says.
        name = folder.name if files else self._source.path
        content = json.dumps([name, self._source.gguf_file, files, self._max_tokens])
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    @cached_property
    def tokenizer(self) -> CodeTokenizer:
        """Reads programs as the server does, with this model's full vocabulary.

        Raises: ModelError if there is none.
        """
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._source.path, **self._extra)
        except (OSError, ValueError) as error:
            raise ModelError(f"no tokenizer at {self._source.path!r}: {error}") from error
        return CodeTokenizer(tokenizer.backend_tokenizer, self._max_tokens)

    @cached_property
    def model(self) -> PreTrainedModel:
        """The model, in the type that the device is fastest in.

        Raises: ModelError if there is none.
        """
        try:
            model = AutoModelForCausalLM.from_pretrained(
                self._source.path, dtype=compute_dtype(self.device), attn_implementation=ATTENTION, **self._extra
            )
        except (OSError, ValueError) as error:
            raise ModelError(f"no model at {self._source.path!r}: {error}") from error
        return model.to(self.device).eval().requires_grad_(False)

    @property
    def _extra(self) -> dict[str, str]:
        return {} if self._source.gguf_file is None else {"gguf_file": self._source.gguf_file}


@torch.inference_mode()
def read_pack(model: PreTrainedModel, pack: Pack) -> npt.NDArray[np.float32]:
    """Run the model once over a pack; the log-probability of each node's token given its ancestors, float32 [nodes], 0
    at roots and in the prompt.
    """
    device = model.device
    output = model.base_model(
        input_ids=torch.from_numpy(pack.ids)[None].to(device),
        position_ids=torch.from_numpy(pack.depths)[None].to(device),
        attention_mask=tree_mask(torch.from_numpy(pack.ancestors())).to(device),
        use_cache=False,
    )
    return node_log_probabilities(model, pack, output.last_hidden_state[0])


@torch.inference_mode()
def node_log_probabilities(
    model: PreTrainedModel, pack: Pack, hidden: torch.Tensor, rows: int = 256
) -> npt.NDArray[np.float32]:
    """Log-probability of each node's token given its ancestors, float32 [nodes]; 0 at roots and in the prompt.

    `hidden`: last hidden states, [nodes, hidden]. `rows`: how many rows of the vocabulary-wide logits are in memory at
    a time. The head runs once for each node that has children in the solution.
    """
    result = np.zeros(len(pack.ids), dtype=np.float32)
    nodes = np.flatnonzero((pack.parents >= 0) & (pack.weights > 0))
    parents, which = np.unique(pack.parents[nodes], return_inverse=True)
    head = model.get_output_embeddings()
    for first in range(0, len(parents), rows):
        logits = head(hidden[torch.from_numpy(parents[first : first + rows]).to(hidden.device)]).float()
        total = torch.logsumexp(logits, dim=-1)
        own = (which >= first) & (which < first + rows)
        row = torch.from_numpy(which[own] - first).to(hidden.device)
        token = torch.from_numpy(pack.ids[nodes[own]]).to(hidden.device)
        result[nodes[own]] = (logits[row, token] - total[row]).cpu().numpy()
    return result
