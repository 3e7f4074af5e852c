"""What a look at the bytes of a text column tells, quicker than any pattern: is it tidy, and its 64-bit hashes."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import pyarrow as pa

_LONGEST_WORD_FOR_NOTHING: Final = 4
_FIRST_SIGNS_OF_NOTHING: Final = np.frombuffer(b"nN<#\\", np.uint8)
_BYTES_PER_WORD: Final = 8
_LONGEST_BY_WORDS: Final = 64
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)


def is_tidy(texts: pa.Array) -> bool:
    """Whether every text can be taken as it stands.

    That is: no control character, no space or sign beyond ASCII at either end, no empty text, nothing
    that may be a word for "nothing", and no '.0' at the end.
    """
    data, offsets = _bytes_and_offsets(texts)
    if not len(texts):
        return True
    starts, ends = offsets[:-1], offsets[1:]
    if not len(data) or (ends == starts).any() or data[starts[0] : ends[-1]].min() < 32:
        return False
    edges = np.concatenate((data[starts], data[ends - 1]))
    if edges.min() <= 32 or edges.max() > 126:
        return False
    maybe_nothing = (ends - starts <= _LONGEST_WORD_FOR_NOTHING) & np.isin(data[starts], _FIRST_SIGNS_OF_NOTHING)
    whole_float = (ends - starts > 2) & (data[ends - 1] == ord("0")) & (data[np.maximum(ends - 2, 0)] == ord("."))
    return not (maybe_nothing.any() or whole_float.any())


def text_hashes(texts: pa.Array) -> np.ndarray:
    """64 bits for each text, the same on any machine: its bytes as little-endian words, chained by ``mixed``.

    A text of more than 64 bytes counts as the first 8 bytes of its md5. NULL counts as an empty text.
    """
    data, offsets = _bytes_and_offsets(texts)
    starts, lengths = offsets[:-1], np.diff(offsets)
    padded = np.concatenate((data, np.zeros(_BYTES_PER_WORD, np.uint8)))
    words = np.ndarray((len(padded) - _BYTES_PER_WORD + 1,), "<u8", padded.data, strides=(1,))
    hashes = mixed(lengths.astype(np.uint64))
    active = np.flatnonzero((lengths > 0) & (lengths <= _LONGEST_BY_WORDS))
    for place in range(0, _LONGEST_BY_WORDS, _BYTES_PER_WORD):
        active = active[lengths[active] > place]
        if not len(active):
            break
        left = np.minimum(lengths[active] - place, _BYTES_PER_WORD).astype(np.uint64)
        kept = words[starts[active] + place] << (np.uint64(64) - left * np.uint64(8))
        hashes[active] = mixed(hashes[active] * _STEP + kept)
    for long in np.flatnonzero(lengths > _LONGEST_BY_WORDS):
        digest = hashlib.md5(data[starts[long] : offsets[long + 1]].tobytes(), usedforsecurity=False).digest()
        hashes[long] = np.frombuffer(digest[:_BYTES_PER_WORD], "<u8")[0]
    return hashes


def mixed(state: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014, figure 13): each input bit changes about half of the output's."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _bytes_and_offsets(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of a text array, and where each text starts and ends in them."""
    _, offsets, data = texts.buffers()
    if not len(texts) or offsets is None:
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8), places
