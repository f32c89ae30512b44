"""The bundled encoder gives what the published weights give, in a quarter of the space."""

import math
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from apps.knowledge.errors import EncoderMissing, WeightsInvalid
from apps.knowledge.providers.minilm import FOLDER, MiniLmEncoder
from apps.knowledge.services import building

PASSAGES = [
    "You may return anything within thirty days of delivery, unused and in its box. The refund reaches your account"
    " within a week after the parcel has come back to us; card payments may take one billing period longer.",
    "To replace the battery, switch the lamp off, wait until it has cooled down, and push the catch on the lower side"
    " towards the handle. Batteries of other makers void the warranty. Old batteries may be handed in at any shop.",
    "Orders placed before 14:00 on a working day leave our warehouse the same day. Parcels inside the country arrive"
    " within two working days, parcels to the islands take six. You can follow your parcel under Orders.",
    "If the app shows error 4711, the reader has lost its connection. Check that the reader is switched on and within"
    " ten metres, then choose Settings, Readers, Connect again. Two readers cannot be connected at once.",
]
QUESTIONS = ["Where is my parcel?", "How do I get my money back?", "error 4711", "Which batteries fit?"]
Matrix = NDArray[np.float64]


@pytest.fixture(scope="module")
def encoder() -> MiniLmEncoder:
    folder = settings.VAR_DIR / "encoder"
    building.build_encoder(folder=folder, progress=lambda _line: None)
    return MiniLmEncoder(folder)


class Reference:
    """BERT's forward pass as the paper has it, in numpy and double precision."""

    def __init__(self) -> None:
        home = building._find_package()
        self.weights = {name: value.astype(float) for name, value in load_file(home / "model.safetensors").items()}
        self.tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)

    def encode(self, text: str) -> Matrix:
        ids = self.tokenizer.encode(text).ids
        words = self.weights["embeddings.word_embeddings.weight"][ids]
        positions = self.weights["embeddings.position_embeddings.weight"][: len(ids)]
        states = self._norm(
            words + positions + self.weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm"
        )
        for layer in range(6):
            states = self._layer(states, f"encoder.layer.{layer}")
        mean = states.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean))

    def _layer(self, states: Matrix, name: str) -> Matrix:
        query, key, value = (
            self._linear(states, f"{name}.attention.self.{part}").reshape(len(states), 12, 32).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(32))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        attended = self._linear(mixed.swapaxes(0, 1).reshape(len(states), 384), f"{name}.attention.output.dense")
        states = self._norm(states + attended, f"{name}.attention.output.LayerNorm")
        inner = self._linear(states, f"{name}.intermediate.dense")
        gelu = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        return self._norm(states + self._linear(gelu, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, states: Matrix, name: str) -> Matrix:
        return np.asarray(states @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"])

    def _norm(self, states: Matrix, name: str) -> Matrix:
        centred = states - states.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return np.asarray(scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])


def test_passages_and_questions_point_where_the_published_weights_point(encoder: MiniLmEncoder) -> None:
    reference = Reference()
    passages = np.stack([reference.encode(text) for text in PASSAGES])
    questions = np.stack([reference.encode(text) for text in QUESTIONS])

    ours = encoder.encode_passages(PASSAGES)
    asked = np.stack([encoder.encode_query(text) for text in QUESTIONS])

    # Eight bits cost a little, and more where there is little to average over.
    assert (ours * passages).sum(axis=1).min() >= 0.997
    assert (asked * questions).sum(axis=1).min() >= 0.99
    assert np.abs(asked @ ours.T - questions @ passages.T).max() < 0.03
    assert (asked @ ours.T).argmax(axis=1).tolist() == (questions @ passages.T).argmax(axis=1).tolist()


def test_a_text_has_about_the_same_vector_alone_and_in_company(encoder: MiniLmEncoder) -> None:
    together = encoder.encode_passages([*PASSAGES, *QUESTIONS])
    alone = np.stack([encoder.encode_query(text) for text in (*PASSAGES, *QUESTIONS)])

    assert together.shape == (8, 384)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    # Not to the last digit: sums in another order round to other eight-bit steps now and then.
    assert (together * alone).sum(axis=1).min() > 0.995


@pytest.mark.parametrize("text", ["", " ", "\x00", "\U0001f600", "x" * 100_000, "word " * 5_000])
def test_any_text_has_a_vector(encoder: MiniLmEncoder, text: str) -> None:
    assert np.isclose(np.linalg.norm(encoder.encode_query(text)), 1, atol=1e-5)


def test_nothing_to_encode_is_no_vectors(encoder: MiniLmEncoder) -> None:
    assert encoder.encode_passages([]).shape == (0, 384)
    assert encoder.count_tokens(["two words", ""]) == [2, 0]


def test_an_encoder_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(EncoderMissing, match="build_encoder"):
        MiniLmEncoder(tmp_path)


def test_building_twice_builds_once(encoder: MiniLmEncoder) -> None:
    lines: list[str] = []

    built = building.build_encoder(folder=settings.VAR_DIR / "encoder", progress=lines.append)

    assert built is False
    assert lines == ["The sentence encoder is there already."]


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    fake = tmp_path / "model.safetensors"
    fake.write_bytes(b"something else")

    with pytest.raises(WeightsInvalid, match="is not the published file"):
        building._verify(fake)


def test_an_interrupted_build_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("Writing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        building.build_encoder(folder=tmp_path, progress=interrupt)

    assert not (tmp_path / FOLDER).exists()
    assert list(tmp_path.iterdir()) == []
