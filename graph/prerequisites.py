"""Measuring what depends on what, before the diagnosis and, where that is wanted, again at the end."""

from ioa.graph.context import RunContext
from ioa.graph.student_population import estimate_by_population
from ioa.graph.trial_lessons import estimate_by_intervention
from ioa.memory import Measured, Prerequisites
from ioa.memory.files import write_record


def measure_prerequisites(ctx: RunContext) -> Measured:
    """What the measuring estimators of the config find; every answer they rest on is in a file and asked for once.

    At a later time it rests on more: each checkpoint of the run is one more student state.
    """
    measured = Measured()
    if "population" in ctx.config.diagnosis.estimators:
        measured += estimate_by_population(ctx)
    if "intervention" in ctx.config.diagnosis.estimators:
        measured += estimate_by_intervention(ctx)
    return measured


def revise_prerequisites(ctx: RunContext) -> Prerequisites | None:
    """Estimate the graph again with all checkpoints, where the config asks for it; leaves it in the run directory."""
    settings = ctx.config.diagnosis
    if not (settings.population.revise and "population" in settings.estimators):
        return None
    measured = measure_prerequisites(ctx)
    edges, broken = ctx.diagnoser().prerequisites(ctx.domain(), measured)
    found = Prerequisites(edges=edges, broken=broken, undecided=measured.undecided)
    write_record(ctx.run.revised_prerequisites, found)
    ctx.message(f"With the run's checkpoints in the population: {len(edges)} prerequisites")
    return found
