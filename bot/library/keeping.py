"""Keeps the trained classifier between starts: training takes seconds, reading its numbers a fraction of one.

One file, valid only for exactly what it was learnt from: the examples, the lexicon and the code that reads them. It
holds words of example messages and of the officers' answers, nothing of a member.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from bot import logs
from bot.library.classify import Classifier
from bot.library.features import Features
from bot.library.vietnamese import LEXICON

NAME = "answers.npz"
_SOURCES = (*sorted(Path(__file__).parent.glob("*.py")), *sorted(LEXICON.glob("*.toml")))


def classifier(
    folder: Path | None,
    texts: Sequence[str],
    labels: Sequence[str],
    kind: Callable[[str], str],
    clause: Callable[[str], str],
) -> Classifier:
    """Read from `folder` what was learnt from the same, else learn it and keep it there. None: learn."""
    if folder is None:
        return Classifier.learn(texts, labels, kind, clause)
    groups = [(label, kind(label), clause(label)) for label in labels]
    stamp = hashlib.sha256(repr((texts, groups)).encode())
    for source in _SOURCES:
        stamp.update(source.read_bytes())
    found = _read(folder / NAME, stamp.hexdigest())
    if found is None:
        found = Classifier.learn(texts, labels, kind, clause)
        _write(folder / NAME, stamp.hexdigest(), found)
    return found


def _read(path: Path, stamp: str) -> Classifier | None:
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as kept:
            if str(kept["stamp"]) != stamp:
                return None
            names = str(kept["names"]).split("\n")
            features = Features(names, kept["is_word"], kept["rarity"])
            return Classifier(str(kept["labels"]).split("\n"), features, kept["weights"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, BadZipFile, EOFError):
        logs.warn("answers.unreadable")  # a disk that was full, a file of another version: learnt anew
        return None


def _write(path: Path, stamp: str, made: Classifier) -> None:
    features = made.features
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as out:
            np.savez(
                out,
                stamp=np.array(stamp),
                labels=np.array("\n".join(made.labels)),
                names=np.array("\n".join(features.names)),
                is_word=features.is_word,
                rarity=features.rarity,
                weights=made.weights,
            )
        new.replace(path)
    except OSError:
        logs.warn("answers.not_kept")  # the next start learns again
        new.unlink(missing_ok=True)
