"""Diagnoses whose difficulties are given."""

from collections.abc import Mapping, Sequence

from ioa.memory.records import Diagnosis, Edge, Gap, Score


def diagnosed(difficulty: Mapping[str, float], pairs: Sequence[tuple[str, str]] = ()) -> Diagnosis:
    """A diagnosis that targets these modules, with such prerequisites."""
    gaps = tuple(
        Gap(
            module=module,
            student=Score(k=round(100 * (1 - d)), n=100),
            teacher=Score(k=100, n=100),
            delta=d,
            severity=d,
            deficient=True,
            targeted=True,
        )
        for module, d in difficulty.items()
    )
    edges = tuple(Edge(source=a, target=b, strength=1, estimator="pack", evidence="") for a, b in pairs)
    return Diagnosis(gaps=gaps, edges=edges)
