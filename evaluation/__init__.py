"""Examining students, runs and teachers on benchmarks, outside of a run."""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.evaluation.benchmark import Benchmark, benchmark_names, load_benchmark
    from ioa.evaluation.evaluate import Choice, Evaluation, evaluate
    from ioa.evaluation.examinee_names import Named, Namer
    from ioa.evaluation.folder import EvaluationFolder, Outcome, Result
else:
    import_when_used(__name__)

__all__ = [
    "Benchmark",
    "Choice",
    "Evaluation",
    "EvaluationFolder",
    "Named",
    "Namer",
    "Outcome",
    "Result",
    "benchmark_names",
    "evaluate",
    "load_benchmark",
]
