"""Seeing from a folder's files, before anything is loaded, whether it can be a student."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ioa.memory.errors import UserError

INDEX, WHOLE = "model.safetensors.index.json", "model.safetensors"
EXPECTED = "Expected a causal LM with its tokenizer as Hugging Face's save_pretrained writes it, in safetensors."
QUANTIZED = "Give the folder of the weights that it was made from, in bfloat16 or float32."
PLAIN = frozenset({"F64", "F32", "F16", "BF16"})
"""Number formats of weights that are what they say."""
_OTHERS: Mapping[str, tuple[str, str]] = {
    "adapter_config.json": ("it is the folder of an adapter", "Give the model that it was trained for as the student."),
    "model_index.json": ("it is a diffusion pipeline", EXPECTED),
    "modules.json": ("it is an encoder of sentence-transformers", EXPECTED),
}
"""What a folder is that has such a file and no config.json."""


def check_folder(folder: Path, called: str) -> None:
    """See that a folder has a configuration and all of its weights, and that these are not quantised.

    Args:
        folder: Where.
        called: What a person calls it.

    Raises:
        UserError: it does not; the reason, in one line, and what to do.
    """
    try:
        config = _config(folder)
        method = quantization(config)
        if method:
            raise _Unfit(f"its weights are quantised ({method})", QUANTIZED)
        _check_beside(folder)
        _check_weights(folder)
    except _Unfit as unfit:
        reason, advice = unfit.args
        raise UserError(f"Student {called!r} cannot be loaded: {reason}. {advice}") from unfit


class _Unfit(Exception):
    """Why a folder is no student, and what to do."""


def quantization(config: Mapping[str, Any]) -> str:
    """The method by which the weights are quantised; empty: they are not."""
    for place in (config, *(part for part in config.values() if isinstance(part, dict))):
        for name in ("quantization_config", "compression_config", "quantization"):
            found = place.get(name)
            if found:
                told = found.get("quant_method") or found.get("format") if isinstance(found, dict) else found
                return str(told or name)
    return ""


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        for name, (reason, advice) in _OTHERS.items():
            if (folder / name).is_file():
                raise _Unfit(reason, advice)
        if any(folder.glob("*.gguf")):
            raise _Unfit("it has GGUF files, which cannot be taught, and no config.json", EXPECTED)
        raise _Unfit("the folder has no config.json", EXPECTED)
    try:
        config = json.loads(path.read_bytes())
    except ValueError as error:
        raise _Unfit(f"config.json is not whole JSON ({error})", "Copy the model again.") from error
    if not isinstance(config, dict) or not config.get("model_type"):
        raise _Unfit("its config.json does not say what it is (model_type)", EXPECTED)
    _require_known(config)
    return config


def _require_known(config: dict[str, Any]) -> None:
    """Transformers' own words for this fill a page, and advise to run the code in the folder."""
    import transformers

    if config["model_type"] in transformers.CONFIG_MAPPING:
        return
    kind, version = config["model_type"], transformers.__version__
    if config.get("auto_map"):
        raise _Unfit(f"its model_type {kind!r} needs code of its own, which is never run here", EXPECTED)
    raise _Unfit(
        f"its model_type {kind!r} is unknown to transformers {version}",
        "Correct config.json, or install a version of transformers that has it.",
    )


def _check_beside(folder: Path) -> None:
    """Transformers puts an adapter on that lies beside a model, and goes on without the stop tokens it cannot read."""
    if (folder / "adapter_config.json").is_file():
        raise _Unfit(
            "it holds a model and an adapter (adapter_config.json), and which is meant is not known",
            "Move the adapter's files to a folder of their own; what is in it is worn by `--adapter`.",
        )
    settings = folder / "generation_config.json"
    try:
        if settings.is_file() and not isinstance(json.loads(settings.read_bytes()), dict):
            raise ValueError("not a mapping")
    except ValueError as error:
        raise _Unfit(
            f"{settings.name}, which names its stop tokens, is not whole JSON ({error})", "Copy it again."
        ) from error


def _check_weights(folder: Path) -> None:
    for path in _weight_files(folder):
        try:
            header = read_header(path)
        except ValueError as error:
            raise _Unfit(f"{path.name} is not whole: {error}", "Copy or download the model again.") from error
        odd = sorted(
            f"{name} ({told['dtype']})"
            for name, told in header.items()
            if name.endswith("weight") and told["dtype"] not in PLAIN
        )
        if odd:
            raise _Unfit(f"its weights are quantised, such as {odd[0]}", QUANTIZED)


def _weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model.

    Raises:
        _Unfit: one of them, or all, are not there.
    """
    if (folder / INDEX).is_file():
        try:
            shards = sorted(set(json.loads((folder / INDEX).read_bytes())["weight_map"].values()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _Unfit(f"{INDEX} is not whole ({error!r})", "Copy the model again.") from error
    else:
        shards = [WHOLE]
    missing = [name for name in shards if not (folder / name).is_file()]
    if not missing:
        return [folder / name for name in shards]
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix in {".bin", ".pt", ".pth", ".ckpt"})
    if pickled and missing == [WHOLE]:
        reason = f"its weights are pickled ({pickled[0]}), and reading them could run whatever somebody put there"
        raise _Unfit(reason, "Save it anew as safetensors: save_pretrained(folder) of transformers does.")
    raise _Unfit(f"{missing[0]} is not there", f"Copy or download the model again. {EXPECTED}")


def read_header(path: Path) -> dict[str, dict[str, Any]]:
    """The tensors of a safetensors file: by name, their `dtype`, `shape` and `data_offsets`.

    Raises:
        ValueError: the file ends too early, or is something else.
    """
    size = path.stat().st_size
    with path.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        if size < 8 or length > size - 8:
            raise ValueError(f"it breaks off after {size} bytes" if size < 100 else "its header breaks off")
        header: dict[str, dict[str, Any]] = json.loads(handle.read(length))
    header.pop("__metadata__", None)
    end = max((told["data_offsets"][1] for told in header.values()), default=0)
    if end != size - 8 - length:
        raise ValueError(f"it has {size:,} bytes and should have {end + 8 + length:,}")
    return header


def check_tokenizer(tokenizer: Any, text: str, rows: int) -> None:
    """See that a tokenizer can read and write text, in tokens that the model has.

    Args:
        tokenizer: The student's.
        text: Something ordinary.
        rows: Tokens that the model knows.

    Raises:
        ValueError: it cannot; the reason.
    """
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if _bare(tokenizer.decode(ids)) != _bare(text):
        raise ValueError("its tokenizer does not give a text back as it was; its files are damaged or not all there")
    pad = tokenizer.pad_token
    beyond = {token: id_ for token, id_ in tokenizer.get_vocab().items() if id_ >= rows and token != pad}
    if beyond:
        token = min(beyond, key=beyond.__getitem__)
        raise ValueError(
            f"its tokenizer is of another model: it has {len(beyond)} tokens beyond the {rows} of the weights, "
            f"such as {token!r} ({beyond[token]})"
        )


def _bare(text: str) -> str:
    return "".join(text.casefold().split())
