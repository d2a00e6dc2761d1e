"""Examining students, runs and teachers on benchmarks, outside of a run."""

from ioa.graph.evaluation.benchmark import Benchmark, benchmark_names, load_benchmark
from ioa.graph.evaluation.evaluate import Choice, Evaluation, evaluate
from ioa.graph.evaluation.folder import EvaluationFolder, Outcome, Result
from ioa.graph.evaluation.naming import Named, Namer

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
