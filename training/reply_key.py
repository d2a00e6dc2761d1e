"""What decides a student's replies, as one name: its weights, the form of its prompts, and how it is decoded."""

import contextlib
import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any

from ioa.memory.files import write_text
from ioa.training.loading import cache_root, resolve_student
from ioa.training.student import Student

_ELSEWHERE = {"model", "device", "dtype", "batch_size", "threads"}
"""Settings that say nothing beside what is taken from the model, or touch the last bits only (see `Remembered`)."""
_DATA = {".safetensors", ".json", ".jinja", ".model", ".txt"}
"""What weights, configuration, tokenizer and chat template are kept in."""


def reply_key(student: Student) -> str:
    """Hash of all that decides what the bare student says to a question.

    The bytes of its weights, configuration, tokenizer and chat template (of a model from a hub, its revision); the
    system prompt, the template's switches, the limits, and whatever else the settings say; number format and kind of
    device; the versions of the libraries, and the code here that prompts and decodes it.

    Args:
        student: As it was loaded.

    Returns:
        16 hexadecimal digits; empty where the revision of a model from a hub is not known.
    """
    weights = _weights_key(student)
    if not weights:
        return ""
    told: dict[str, Any] = {
        "weights": weights,
        "settings": student.settings.model_dump(mode="json", exclude=_ELSEWHERE),
        "dtype": str(student.model.dtype),
        "device": student.model.device.type,
        "libraries": {name: importlib.metadata.version(name) for name in ("torch", "transformers", "tokenizers")},
        "code": [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(__file__).parent.glob("*.py"))],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _weights_key(student: Student) -> str:
    where = resolve_student(student.settings)
    if isinstance(where, str):
        return getattr(student.model.config, "_commit_hash", None) or ""
    files = sorted(path for path in where.iterdir() if path.suffix in _DATA and path.is_file())
    return json.dumps([[path.name, hash_file(path)] for path in files])


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, computed once on a machine while the file's path, time of change and size stay."""
    found = path.resolve().stat()
    state = f"{path.resolve()}\n{found.st_mtime_ns}\n{found.st_size}"
    known = cache_root() / "hashes" / hashlib.sha256(state.encode()).hexdigest()[:32]
    with contextlib.suppress(OSError):
        return known.read_text(encoding="utf-8")
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    with contextlib.suppress(OSError):  # nowhere to keep it: it is computed anew the next time
        write_text(known, digest)
    return digest
