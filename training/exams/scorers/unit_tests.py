"""The scorer `unit-tests`: code is right when the authors' tests pass, in a sandbox."""

import ast
import builtins
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pydantic import Field, ValidationError

from ioa.memory.errors import ScoringError, UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Grade, Record
from ioa.training.exams.sandbox import Outcome, SandboxSettings, UnitTests, check, find_isolation, package_paths
from ioa.training.exams.scorers.code import defines, extract_code, readings
from ioa.training.exams.scorers.needed_code import imported_modules, tree_of
from ioa.training.exams.scorers.program_equality import same_program
from ioa.training.exams.scorers.scorer import Progress, Scorer, ScorerContext

NO_BODY = "\n    pass\n"
"""Completes a prompt of code."""
_LOG = logging.getLogger(__name__)
EXPECTED = (
    'Expected metadata {"prompt": code before the completion, "entry_point": name of the function, '
    '"test": source that defines check(candidate)} or {"entry_point": ..., "tests": [assert statements], '
    '"setup": code before them}.'
)


class UnitTestSettings(Record):
    """Options of the scorer `unit-tests`."""

    unsafe: bool = False
    """Run model-written code without isolation, with your own rights and nothing but limits on time and memory."""
    workers: Annotated[int, Field(ge=1)] = min(4, os.cpu_count() or 1)
    """Checks at a time."""
    limits: SandboxSettings = SandboxSettings()
    """What the code may use."""
    whole_file: bool = False
    """Execute all that a reply's code holds, as OpenAI's own harness for HumanEval does; else what the function
    needs."""
    packages: tuple[str, ...] = ("numpy",)
    """Third-party modules that a reply may import, where they are installed; what the item's own code and tests import
    is there anyway."""


class UnitTestScorer:
    """Grades replies that are code: right when every test passes."""

    many_answers = True

    def __init__(self, settings: UnitTestSettings) -> None:
        """Find out whether this host can isolate.

        Raises:
            UserError: it cannot, and `unsafe` does not allow to go without.
        """
        self._settings = settings
        self._references: dict[str, Outcome] = {}
        self._isolation = find_isolation(unsafe=settings.unsafe)
        if settings.unsafe:
            _LOG.warning(
                "Scorer unit-tests: code that a model wrote runs WITHOUT ISOLATION, with your rights (unsafe: true). "
                "It can read, change and send what you can."
            )

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """See `Scorer`.

        Raises:
            ScoringError: the tests of an item cannot be run here, or its own reference solution does not pass them.
        """
        return self._grade_all(attempts, on_progress)

    def same_answer(self, problem: str, one: str, other: str) -> bool:
        """See `same_program`: a written problem has no tests but the examples in its text."""
        return same_program(partial(self._grade_all, refer=False), problem, one, other)

    def close(self) -> None:
        """Nothing is open between checks."""

    def _grade_all(
        self, attempts: Sequence[Attempt], on_progress: Progress | None = None, *, refer: bool = True
    ) -> list[Grade]:
        """The grades; `refer`: a reply is wrong only where the item's reference solution is right."""
        # Here and not in the threads: silencing the warnings of a compiler is not safe there.
        jobs = [self._job(attempt) for attempt in attempts]
        grades = []
        with ThreadPoolExecutor(self._settings.workers) as pool:
            try:
                for grade in pool.map(partial(self._grade, refer=refer), jobs):
                    grades.append(grade)
                    if on_progress is not None:
                        on_progress(len(grades), len(attempts))
            finally:
                pool.shutdown(cancel_futures=True)
        return grades

    def _job(self, attempt: Attempt) -> "_Job":
        tests = _tests_of(attempt)
        code = extract_code(attempt.reply, tests.entry_point)
        reference = attempt.answer if defines(attempt.answer, tests.entry_point) and tree_of(attempt.answer) else ""
        too_long = len(code) > self._settings.limits.output_kib << 10
        return _Job(
            attempt,
            tests,
            code,
            forms=() if too_long or not code.strip() else self._forms(code, tests),
            reference=self._forms(reference, tests) if reference else (),
            imports=frozenset(imported_modules(code)) if not too_long else frozenset(),
            item_imports=frozenset(
                module
                for source in (
                    tests.prompt + NO_BODY,
                    tests.prompt,
                    tests.imports,
                    tests.setup,
                    tests.test,
                    *tests.tests,
                )
                for module in imported_modules(source)
            ),
        )

    def _forms(self, code: str, tests: UnitTests) -> "tuple[Readings, ...]":
        """How the code is judged, one after the other until it passes.

        The function alone; where that fails, the whole file, in case something above it was needed after all: to pass
        so is to pass by the stricter rule.
        """
        used = _used_names(tests)
        alone, whole = (
            readings(code, tests.prompt, tests.entry_point, used, whole_file=whole) for whole in (False, True)
        )
        return (whole,) if self._settings.whole_file or alone == whole else (alone, whole)

    def _grade(self, job: "_Job", *, refer: bool) -> Grade:
        if not job.code.strip():
            return Grade(score=0.0, correct=False, detail="there is no code in the reply", unread=True)
        if not job.forms:
            most = self._settings.limits.output_kib
            return Grade(score=0.0, correct=False, detail=f"the code is longer than {most} KiB")
        outcome = self._judge(job, job.forms)
        passed = outcome.kind == "passed"
        if not passed:
            self._require_packages(job)
            if refer:
                self._require_reference(job)
        return Grade(score=float(passed), correct=passed, extracted=job.code, detail=outcome.detail)

    def _judge(self, job: "_Job", forms: "Sequence[Readings]") -> Outcome:
        """What comes of the first form that passes, or else of the first one."""
        modules = job.item_imports | (job.imports & frozenset(self._settings.packages))
        packages = tuple(dict.fromkeys(path for module in sorted(modules) for path in package_paths(module)))
        outcomes: list[Outcome] = []
        for form in forms:
            outcomes.append(check(form, job.tests, self._settings.limits, self._isolation, packages))
            if outcomes[-1].kind == "broken":
                raise ScoringError(
                    f"Scorer unit-tests: {_show_item(job.attempt)} cannot be judged here: {outcomes[-1].detail}."
                    f"{self._advice(job)}"
                )
            if outcomes[-1].kind in {"passed", "time"}:
                break
        return outcomes[-1] if outcomes[-1].kind == "passed" else outcomes[0]

    def _require_packages(self, job: "_Job") -> None:
        missing = sorted(name for name in job.imports & {*self._settings.packages} if not package_paths(name))
        if missing:
            raise ScoringError(
                f"Scorer unit-tests: the reply to {_show_item(job.attempt)} cannot be judged here: it imports "
                f"{', '.join(missing)}, which it may and which is not installed. Install: pip install "
                f"{' '.join(missing)}; or leave it out of scorers.unit-tests.packages."
            )

    def _require_reference(self, job: "_Job") -> None:
        """See that the item's own solution passes: else its tests say nothing about anybody's."""
        if not job.reference:
            return
        key = repr((job.reference, job.tests))
        if key not in self._references:
            self._references[key] = self._judge(job, job.reference)
        found = self._references[key]
        if found.kind != "passed":
            raise ScoringError(
                f"Scorer unit-tests: {_show_item(job.attempt)} cannot be judged here: its own reference solution fails "
                f"its tests: {found.detail}. The item is wrong, or needs more than scorers.unit-tests.limits allows."
            )

    def _advice(self, job: "_Job") -> str:
        """What to install, where something is missing; else what an item needs."""
        missing = sorted(module for module in job.item_imports if not package_paths(module))
        if missing:
            return f" They need what is not installed here: pip install {' '.join(missing)}."
        return f" {EXPECTED}"


Readings = list[list[str]]
"""See `readings`."""


@dataclass(frozen=True)
class _Job:
    """An attempt, read."""

    attempt: Attempt
    tests: UnitTests
    code: str
    forms: tuple[Readings, ...]
    """How the code is judged; none where it is too long or empty."""
    reference: tuple[Readings, ...]
    """The same of the item's own solution; none where it has none."""
    imports: frozenset[str]
    """Third-party modules that the code imports."""
    item_imports: frozenset[str]
    """The same of what the item itself holds."""


def open_unit_tests(context: ScorerContext) -> Scorer:
    """The code in the reply passes the item's tests: see `UnitTestSettings` for the options.

    Raises:
        UserError: an option is wrong, or this host cannot isolate.
    """
    return UnitTestScorer(read_options("scorers.unit-tests", context.options, UnitTestSettings))


def _tests_of(attempt: Attempt) -> UnitTests:
    known = {name: attempt.metadata[name] for name in UnitTests.model_fields if name in attempt.metadata}
    try:
        tests = UnitTests.model_validate(known | {"imports": _imports(attempt.answer)})
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise UserError(
            f"Scorer unit-tests: {_show_item(attempt)}: metadata {where}: {fault['msg']}. {EXPECTED}"
        ) from error
    if not (tests.test.strip() or any(test.strip() for test in tests.tests)):
        raise UserError(f"Scorer unit-tests: {_show_item(attempt)} has no tests. {EXPECTED}")
    if tests.test.strip() and not tests.entry_point.isidentifier():
        raise UserError(
            f"Scorer unit-tests: {_show_item(attempt)} does not say what check() gets: {tests.entry_point!r}. "
            f"{EXPECTED}"
        )
    return tests


def _imports(reference: str) -> str:
    """The import statements of the reference solution, which the authors' tests may rely on."""
    tree = tree_of(reference)  # none of a bare completion
    imports = (one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)) if tree else ()
    return "\n".join(map(ast.unparse, imports))


def _used_names(tests: UnitTests) -> frozenset[str]:
    """Names that the tests may have from the code: they use them and do not define them."""
    used, own = set[str](), set(dir(builtins))
    for source in (tests.setup, tests.test, *tests.tests):
        tree = tree_of(source)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Name):
                (used if isinstance(node.ctx, ast.Load) else own).add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                own.add(node.name)
            elif isinstance(node, ast.arg):
                own.add(node.arg)
    return frozenset(used - own)


def _show_item(attempt: Attempt) -> str:
    return f"the item {' '.join(attempt.question.split())[:60]!r}"
