"""The scorer `unit-tests`: code is right when the authors' tests pass, in a sandbox."""

import ast
import logging
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from pydantic import Field, ValidationError

from ioa.memory.errors import UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Grade, Record
from ioa.training.exams.sandbox import SandboxSettings, UnitTests, check, find_isolation
from ioa.training.exams.scorers.code import extract_code, readings
from ioa.training.exams.scorers.program_equality import same_program
from ioa.training.exams.scorers.scorer import Progress, Scorer, ScorerContext

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


class UnitTestScorer:
    """Grades replies that are code: right when every test passes."""

    many_answers = True

    def __init__(self, settings: UnitTestSettings) -> None:
        """Find out whether this host can isolate.

        Raises:
            UserError: it cannot, and `unsafe` does not allow to go without.
        """
        self._settings = settings
        self._isolation = find_isolation(unsafe=settings.unsafe)
        if settings.unsafe:
            _LOG.warning(
                "Scorer unit-tests: code that a model wrote runs WITHOUT ISOLATION, with your rights (unsafe: true). "
                "It can read, change and send what you can."
            )

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """See `Scorer`."""
        tests = [_tests_of(attempt) for attempt in attempts]
        grades = []
        with ThreadPoolExecutor(self._settings.workers) as pool:
            try:
                for grade in pool.map(self._grade, attempts, tests):
                    grades.append(grade)
                    if on_progress is not None:
                        on_progress(len(grades), len(attempts))
            finally:
                pool.shutdown(cancel_futures=True)
        return grades

    def same_answer(self, problem: str, one: str, other: str) -> bool:
        """See `same_program`: a written problem has no tests but the examples in its text."""
        return same_program(self.grade, problem, one, other)

    def close(self) -> None:
        """Nothing is open between checks."""

    def _grade(self, attempt: Attempt, tests: UnitTests) -> Grade:
        code = extract_code(attempt.reply, tests.entry_point)
        if not code.strip():
            return Grade(score=0.0, correct=False, detail="there is no code in the reply", unread=True)
        most = self._settings.limits.output_kib
        if len(code) > most << 10:
            return Grade(score=0.0, correct=False, detail=f"the code is longer than {most} KiB")
        alternatives = readings(code, tests.prompt, tests.entry_point)
        outcome = check(alternatives, tests, self._settings.limits, self._isolation)
        if outcome.kind == "broken":
            raise UserError(f"Scorer unit-tests: {_show_item(attempt)} cannot be judged: {outcome.detail}. {EXPECTED}")
        passed = outcome.kind == "passed"
        return Grade(score=float(passed), correct=passed, extracted=code, detail=outcome.detail)


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
    with warnings.catch_warnings(action="ignore"):  # of escapes in old references
        try:
            body = ast.parse(reference).body
        except SyntaxError:  # a bare completion
            return ""
    return "\n".join(ast.unparse(statement) for statement in body if isinstance(statement, ast.Import | ast.ImportFrom))


def _show_item(attempt: Attempt) -> str:
    return f"the item {' '.join(attempt.question.split())[:60]!r}"
