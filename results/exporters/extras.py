"""Which optional packages the exporters need."""

from collections.abc import Iterable
from importlib.util import find_spec

from ioa.graph.settings.exporters import ExporterSettings
from ioa.memory.errors import UserError

NEEDED = {
    "otel": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http", "openinference.semconv"),
    "mlflow": ("mlflow", "sqlalchemy", "alembic", "opentelemetry.exporter.otlp.proto.common"),
    "tensorboard": ("tensorboard",),
    "wandb": ("wandb",),
    "data": ("pandas",),
}
"""The modules of each extra that are looked for."""


def require(extra: str, wanted_by: str) -> None:
    """See that an extra is installed.

    Args:
        extra: Its name, a key of `NEEDED`.
        wanted_by: What asks for it, for the message.

    Raises:
        UserError: it is not.
    """
    missing = [name for name in NEEDED[extra] if not _installed(name)]
    if missing:
        raise UserError(f"{wanted_by} needs {', '.join(missing)}, not installed here: pip install 'ioa[{extra}]'")


def check_exporters(exporters: ExporterSettings, report_to: Iterable[str]) -> None:
    """See that everything that the run file exports to is installed, before anything is paid for.

    Args:
        exporters: The section of the run file.
        report_to: Its `training.report_to`.

    Raises:
        UserError: an extra is missing.
    """
    for name in ("otel", "mlflow"):
        if getattr(exporters, name) is not None:
            require(name, f"exporters.{name}")
    for name in report_to:
        require(name, f"training.report_to: [{name}]")


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
