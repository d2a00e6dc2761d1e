"""The commands about teachers: what one can do, and what a run will ask of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from ioa.cli.options import RunFile, Settings
from ioa.memory.errors import UserError

if TYPE_CHECKING:
    from ioa.agents import TeacherSettings
    from ioa.agents.estimate import Estimate, Plan, Range
    from ioa.graph.config import RunConfig

teacher_app = typer.Typer(help="Look at a teacher before it is paid for.", no_args_is_help=True)


@teacher_app.command()
def check(
    spec: Annotated[str, typer.Argument(help="Teacher, as provider:model, gguf:PATH or ./FILE.py:FUNCTION.")],
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    api_key_env: Annotated[str | None, typer.Option(help="Environment variable that holds the key.")] = None,
    temperature: Annotated[float | None, typer.Option(help="The one that you mean to use.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for each request.")] = 60.0,
    prices: Annotated[str | None, typer.Option(help="A price list of your own.")] = None,
) -> None:
    """Send a teacher at most seven tiny requests and say what it can do."""
    from pydantic import ValidationError
    from rich.table import Table
    from rich.text import Text

    from ioa.agents import TeacherSettings, load_prices, start_model
    from ioa.agents.checkup import check_up
    from ioa.memory.yaml_values import dump
    from ioa.results.console import Console

    try:
        settings = TeacherSettings(
            model=spec, base_url=base_url, api_key_env=api_key_env, temperature=temperature, timeout=timeout
        )
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        expected = "Expected provider:model, such as openai:gpt-5-mini." if ":" not in spec else faults
        raise UserError(f"Teacher {spec}: {expected}") from error
    price = load_prices(prices).price(spec)
    with start_model(settings) as model:
        found = check_up(model, settings, price)
    table = Table(title=f"Teacher {spec}", title_justify="left")
    table.add_column("")
    table.add_column("found")
    table.add_column("detail", overflow="fold")
    for finding in found.findings:
        mark = {True: Text("yes", style="green"), False: Text("no", style="red"), None: Text("-")}[finding.good]
        table.add_row(finding.name, mark, Text(finding.detail))
    console = Console()
    console.print(table)
    if not found.reachable:
        raise UserError(f"Teacher {spec} does not answer: {found.findings[0].detail}")
    described = {"model": spec, **({"base_url": base_url} if base_url else {}), **found.recommended}
    console.print("Recommended in the run file:")
    text = dump({"teacher": described}).rstrip()
    console.print(text, soft_wrap=True)


def estimate(config: RunFile, settings: Settings = None) -> None:
    """What a run will ask of its teachers: calls, tokens, cost and time, from least to most. Asks nobody."""
    from ioa.agents import load_prices
    from ioa.graph.config import load_config, override
    from ioa.graph.method_port import configured
    from ioa.graph.settings.method import USUAL_METHOD
    from ioa.results import words
    from ioa.results.console import Console

    run = configured(override(load_config(config), settings or []))
    prices, cast = load_prices(run.prices), cast_of(run)
    by_agent = {agent: teacher.price or prices.price(teacher.model) for agent, teacher in cast.items()}
    found = estimate_of(run)
    console = Console()
    console.print(_table(found, {agent: teacher.model for agent, teacher in cast.items()}))
    unknown = sorted({cast[agent].model for agent, price in by_agent.items() if price is None})
    cost = words.money(None)
    if found.usd is not None:
        cost = " to ".join(dict.fromkeys([words.money(found.usd.low), words.money(found.usd.high)]))
    console.print(f"Cost: {cost}" + (f" (no price is known for {', '.join(unknown)})" if unknown else ""))
    least, most = words.duration(found.seconds.low), words.duration(found.seconds.high)
    console.print(f"Waiting for teachers: {least} to {most}; training not counted.")
    if run.method.name != USUAL_METHOD:
        console.print(
            f"Counted is what the method {USUAL_METHOD} would ask with the run file as {run.method.name} reads it. "
            "That method may have no gates and ask no Diagnoser or Planner, and may ask for its lessons one by one."
        )
    console.print(
        f"Prices of {prices.as_of}. Least: few modules are deficient and each stage is mastered at once. Most: all "
        "are, and every remediation round is needed. Reasoning that a teacher does before it answers is paid on top."
    )


def cast_of(run: "RunConfig") -> "dict[str, TeacherSettings]":
    """Who plays each role."""
    cast = {"examinee": run.teacher}
    for role in ("diagnoser", "planner", "adapter", "verifier"):
        cast[role] = run.roles.cast(role, run.teacher)[0]
    return cast


def estimate_of(run: "RunConfig") -> "Estimate":
    """What a run will ask of its teachers."""
    from ioa.agents import load_prices
    from ioa.agents.estimate import estimate as estimate_run

    prices, cast = load_prices(run.prices), cast_of(run)
    by_agent = {agent: teacher.price or prices.price(teacher.model) for agent, teacher in cast.items()}
    return estimate_run(plan_of(run), cast, by_agent)


def plan_of(run: "RunConfig") -> "Plan":
    """What an estimate needs to know of a run."""
    from ioa.agents.estimate import Plan
    from ioa.memory.domains.packs import load_source
    from ioa.memory.records import Split

    return Plan(
        source=load_source(run.domain),
        decomposition=run.decomposition,
        diagnosis=run.diagnosis,
        curriculum=run.curriculum,
        synthesis=run.synthesis,
        probes={split.value: run.examination.size(split) for split in Split},
        spare={split.value: run.examination.spares(split) for split in Split},
        final_scope=run.examination.final_scope,
        rounds=run.mastery.rounds,
        consolidates=run.training.consolidation > 0,
        lessons=run.budget.lessons,
        max_words=max(1, run.student.max_new_tokens // 2),
    )


def _table(found: "Estimate", models: dict[str, str]) -> object:
    from rich.table import Table

    table = Table(title="Least and most that will be asked")
    for name in ("agent", "teacher", "task"):
        table.add_column(name)
    for name in ("calls", "tokens in", "tokens out"):
        table.add_column(name, justify="right")
    for line in found.lines:
        table.add_row(
            line.agent, models[line.agent], line.task, _span(line.calls), _span(line.input), _span(line.output)
        )
    table.add_section()
    table.add_row("all", "", "", *(_span(found.total(what)) for what in ("calls", "input", "output")))
    return table


def _span(span: "Range") -> str:
    from ioa.results.words import count

    low, high = count(span.low), count(span.high)
    return low if low == high else f"{low} - {high}"
