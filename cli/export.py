"""The command that tells other tools of a run."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ioa.cli.options import RunId, RunsDir
from ioa.cli.output import echo
from ioa.memory.errors import UserError
from ioa.results.run_names import RUNS

if TYPE_CHECKING:
    from ioa.graph.settings.exporters import ExporterSettings
    from ioa.memory.run_dir import RunDirectory


class Target(StrEnum):
    """Where to."""

    otel = "otel"
    mlflow = "mlflow"
    csv = "csv"
    parquet = "parquet"


def export(
    run_id: RunId,
    to: Annotated[Target, typer.Option(help="Where to.")],
    endpoint: Annotated[
        str | None, typer.Option(help="otel: address of the collector, such as http://localhost:4318.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="otel: a file of OTLP JSON lines instead; csv, parquet: the file.")
    ] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="mlflow: sqlite:///FILE or the address of a server.")] = None,
    content: Annotated[
        bool | None, typer.Option("--content/--no-content", help="otel, mlflow: with prompts and replies, or without.")
    ] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Show a run elsewhere: OpenTelemetry, MLflow, or a table; finished or not, and as often as you like."""
    from ioa.results.exporters.extras import require
    from ioa.results.run_names import open_run

    given = {"endpoint": endpoint, "file": str(out) if out else None, "tracking_uri": tracking_uri, "content": content}
    _check_options(to, given)
    run = open_run(runs_dir, run_id)
    if not run.transcript.is_file():
        raise UserError(f"{run.transcript}: nothing has been asked or decided in this run yet.")
    if to in {Target.csv, Target.parquet}:
        from ioa.results.exporters.table import export_table

        file = out or Path(f"{run.run_id}.{to.value}")
        echo(f"{export_table(run, to.value, file)} rows: {file}")
        return
    require(to.value, f"ioa export --to {to.value}")
    settings = _settings(run, to, {key: value for key, value in given.items() if value is not None})
    echo(_to_otel(run, settings) if to is Target.otel else _to_mlflow(run, settings))


_OPTIONS = {
    Target.otel: {"endpoint", "file", "content"},
    Target.mlflow: {"tracking_uri", "content"},
    Target.csv: {"file"},
    Target.parquet: {"file"},
}


def _check_options(to: Target, given: Mapping[str, object]) -> None:
    """See that no option is given that would count for nothing.

    Raises:
        UserError: one is.
    """
    names = {"file": "--out", "endpoint": "--endpoint", "tracking_uri": "--tracking-uri", "content": "--[no-]content"}
    for key, value in given.items():
        if value is not None and key not in _OPTIONS[to]:
            there = ", ".join(names[one] for one in sorted(_OPTIONS[to]))
            raise UserError(f"{names[key]} means nothing with --to {to.value}, which has {there}. Leave it out.")
    if given["endpoint"] is not None and given["file"] is not None:
        raise UserError("--endpoint and --out: give one of them, a collector or a file.")


def _settings(run: "RunDirectory", to: Target, given: dict[str, object]) -> "ExporterSettings":
    """What the run file says of that exporter, with what was given on the command line."""
    from pydantic import ValidationError

    from ioa.graph.config import read_run_config
    from ioa.graph.settings.exporters import ExporterSettings

    configured = getattr(read_run_config(run).exporters, to.value)
    section = configured.model_dump(mode="json") if configured else {}
    if "endpoint" in given:
        section = {**section, "file": None}
    try:
        return ExporterSettings.model_validate({to.value: {**section, **given}})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][-1])
        if key == "endpoint":
            raise UserError(
                "The endpoint is not the address of a collector: http:// or https:// and a host, without a user or a "
                "password, such as http://localhost:4318."
            ) from error
        raise UserError(f"--to {to.value}: {key.replace('_', '-')}: {first['msg']}.") from error


def _to_otel(run: "RunDirectory", settings: "ExporterSettings") -> str:
    from ioa.results.exporters.otel import endpoint_text, export_otel
    from ioa.results.run_cards import read_card

    if settings.otel is None:
        raise AssertionError
    return f"{export_otel(run, read_card(run).status, settings.otel)} spans: {endpoint_text(settings.otel)}"


def _to_mlflow(run: "RunDirectory", settings: "ExporterSettings") -> str:
    from ioa.results.exporters.mlflow_store import export_mlflow, tracking_uri, uri_text
    from ioa.results.run_cards import read_card

    if settings.mlflow is None:
        raise AssertionError
    made = export_mlflow(run, read_card(run).status, settings.mlflow)
    return (
        f"MLflow run {made} in the experiment {settings.mlflow.experiment}: {uri_text(tracking_uri(settings.mlflow))}"
    )
