"""Measuring what depends on what, before the diagnosis and, where that is wanted, again at the end."""

from ioa.graph.intervention import estimate_by_intervention
from ioa.graph.population import estimate_by_population
from ioa.graph.workshop import Workshop
from ioa.memory import Dependencies, Measured
from ioa.memory.files import write_record


def measure_dependencies(shop: Workshop) -> Measured:
    """What the measuring estimators of the config find; every answer they rest on is in a file and asked for once.

    At a later time it rests on more: each checkpoint of the run is one more student state.
    """
    measured = Measured()
    if "population" in shop.config.diagnosis.estimators:
        measured += estimate_by_population(shop)
    if "intervention" in shop.config.diagnosis.estimators:
        measured += estimate_by_intervention(shop)
    return measured


def revise_dependencies(shop: Workshop) -> Dependencies | None:
    """Estimate the graph again with all checkpoints, where the config asks for it; leaves it in the run directory."""
    settings = shop.config.diagnosis
    if not (settings.population.revise and "population" in settings.estimators):
        return None
    measured = measure_dependencies(shop)
    edges, broken = shop.diagnoser().prerequisites(shop.domain(), measured)
    found = Dependencies(edges=edges, broken=broken, undecided=measured.undecided)
    write_record(shop.run.revised_dependencies, found)
    shop.reporter.say(f"With the run's checkpoints in the population: {len(edges)} prerequisites")
    return found
