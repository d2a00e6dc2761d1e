"""Practice: what the student solves by itself of new problems, as lessons (STaR, Zelikman et al. 2022)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ioa.agents import false_step
from ioa.graph.context import RunContext
from ioa.graph.reply_limits import bounded_student
from ioa.graph.run_examinations import sit_exam
from ioa.graph.settings.practice import PracticeSettings
from ioa.memory import Example, ItemResult, Probe, Split
from ioa.memory.domains.bank import shuffle_items
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.procedural import Item, lesson_seed, supply
from ioa.memory.files import read_records, write_records
from ioa.memory.records import Generator, Kind, Module, difficulty_of
from ioa.memory.run_dir import round_name
from ioa.memory.store import example_id
from ioa.training import Examinee, Sampling, split_solution

STUDENT = "student"
"""Who wrote these lessons."""
SPARE = 2
"""Problems drawn for each that is wanted, as some come near an examined item or are taught already."""


class Practised(NamedTuple):
    """What came of a practice."""

    lessons: list[Example]
    """Its own right solutions, those that are worth teaching."""
    solved: int
    """Problems that it solved as a lesson does it, at once or later."""
    asked: Mapping[str, int]
    """Problems, by module."""


def practise_round(ctx: RunContext, stage: int, round_: int) -> Practised:
    """Have the student, as it is after that round, practise the stage's modules, for lessons of the next round."""
    problems = _problems(ctx, stage, round_)
    at_once, later = work_problems(problems, _asking(ctx, stage, round_), ctx.config.practice)
    chosen = choose_solutions(at_once, later, ctx.config.practice.known)
    batch = f"{round_name(stage, round_ + 1)}/practice"
    made = [_lesson(ctx, probe, result, stage, round_ + 1, batch) for probe, result in chosen]
    return Practised(made, len(at_once) + len(later), Counter(probe.module for probe in problems))


def _problems(ctx: RunContext, stage: int, round_: int) -> list[Probe]:
    """The problems of a practice, drawn once: none is an examined item, a lesson, or of an earlier practice."""
    path = ctx.run.practice(stage, round_)
    if not path.exists():
        taken = {item_key(probe.question, probe.answer) for probe in ctx.probes()}
        taken |= {item_key(lesson.problem, lesson.answer) for lesson in ctx.store().examples()}
        for earlier in ctx.run.rounds_with(ctx.run.practice).values():
            taken |= {item_key(probe.question, probe.answer) for probe in read_records(earlier, Probe)}
        taught = ctx.curriculum().stages[stage - 1]
        drawn = []
        for module in (ctx.domain().module(name) for name in taught.modules):
            level = taught.levels.get(module.id, module.exam_level)
            drawn += _draw(ctx, module, level, f"practice/{round_name(stage, round_)}/{module.id}", taken)
        write_records(path, drawn)
    return read_records(path, Probe)


def _draw(ctx: RunContext, module: Module, level: str, name: str, taken: set[str]) -> list[Probe]:
    wanted, source = ctx.config.practice.problems, module.levels[level]
    items = list(islice(_supply(ctx, module, level, name, taken), SPARE * wanted))
    family = source.family if isinstance(source, Generator) else ""
    near = ctx.store().find_contamination([one.question for one in items], [one.answer for one in items])
    free = [item for item, hit in zip(items, near, strict=True) if hit is None][:wanted]
    return [
        Probe(
            id=f"{name}/{number:03d}",
            module=module.id,
            split=Split.GATE,
            level=level,
            question=item.question,
            answer=item.answer,
            family=family,
            metadata=item.metadata,
            scorer=item.scorer or (source.scorer if isinstance(source, Generator) else ""),
        )
        for number, item in enumerate(free)
    ]


def _supply(ctx: RunContext, module: Module, level: str, name: str, taken: set[str]) -> Iterator[Item]:
    source, seed = module.levels[level], lesson_seed(ctx.config.seed, name)
    if isinstance(source, Generator):
        return supply(source, seed=seed, exclude=taken)
    seeds = shuffle_items(ctx.bank().seeds(module.id, level), seed)
    items = (Item(question=one.question, answer=one.answer, scorer=one.scorer) for one in seeds)
    return (item for item in items if item.key not in taken)


Solution = tuple[Probe, ItemResult]
"""A problem with a reply to it."""
Ask = Callable[[Sequence[Probe], int, Mapping[str, str]], list[ItemResult]]
"""Asks problems: in the attempt of that number, from 0, with what each reply begins with, by question."""


def work_problems(
    problems: Sequence[Probe], ask: Ask, settings: PracticeSettings
) -> tuple[list[Solution], list[Solution]]:
    """What is solved at once in the form of a lesson, and what at a further attempt."""
    left, found = list(problems), list[list[Solution]]()
    begun: dict[str, str] = {}
    for attempt in range(1 + settings.attempts):
        if not left:
            break
        # Every other attempt goes on from the lines that are true, and the others begin anew: these may lead nowhere.
        results = ask(left, attempt, begun if attempt % 2 else {})
        begun |= {result.question: true_beginning(result.reply) for result in results}
        usable = [is_usable(result) for result in results]
        found.append([pair for pair, fits in zip(zip(left, results, strict=True), usable, strict=True) if fits])
        solved, open_ = Counter(probe.module for probe, _ in found[-1]), Counter(probe.module for probe in left)
        left = [probe for probe, fits in zip(left, usable, strict=True) if not fits]
        if attempt:
            left = [one for one in left if solved[one.module] >= settings.hopeless * open_[one.module]]
    return (found or [[]])[0], [pair for pairs in found[1:] for pair in pairs]


def true_beginning(reply: str) -> str:
    """The lines of a reply before the first one that states what is false; empty where none does."""
    lines = reply.splitlines(keepends=True)
    for place, line in enumerate(lines):
        if false_step([line]):
            return "".join(lines[:place])
    return ""


def _asking(ctx: RunContext, stage: int, round_: int) -> Ask:
    """Asks the student as it is after that round; what was answered before a kill is not asked again."""
    settings, adapter = ctx.config.practice, ctx.run.adapter(stage, round_)

    def ask(probes: Sequence[Probe], attempt: int, begun: Mapping[str, str]) -> list[ItemResult]:
        seed = ctx.config.seed + 1000 * stage + 100 * round_ + attempt
        sampling = Sampling(temperature=settings.temperature, seed=seed) if attempt else None

        def student() -> Examinee:
            ctx.student().use(adapter)
            return bounded_student(ctx, probes, sampling=sampling, begun=begun)

        label = f"practice-{round_name(stage, round_)}-{attempt}"
        return sit_exam(ctx, label, probes, student, f"practice, attempt {attempt + 1}")

    return ask


def is_usable(result: ItemResult) -> bool:
    """Right, in the form of a lesson, and without a line that is false."""
    if not result.correct:
        return False
    steps, answer = split_solution(result.reply)
    if "\n" in answer and "\n" not in result.expected.strip():
        return False  # it goes on behind its answer
    return bool(steps and answer) and not false_step(steps)


def choose_solutions(at_once: Sequence[Solution], later: Sequence[Solution], known: int) -> list[Solution]:
    """All that took several attempts, and of each module as many more that did not, and `known`."""
    most = Counter(probe.module for probe, _ in later)
    chosen, taken = list(later), Counter[str]()
    for probe, result in at_once:
        if taken[probe.module] < most[probe.module] + known:
            taken[probe.module] += 1
            chosen.append((probe, result))
    return chosen


def _lesson(ctx: RunContext, probe: Probe, result: ItemResult, stage: int, round_: int, batch: str) -> Example:
    steps, answer = split_solution(result.reply)
    module = ctx.domain().module(probe.module)
    return Example(
        id=example_id(probe.module, probe.question),
        module=probe.module,
        stage=stage,
        round=round_,
        batch=batch,
        kind=Kind.PRACTICE,
        difficulty=difficulty_of(probe.level, list(module.levels), module.exam_level),
        level=probe.level,
        strategies=(),
        prerequisites=module.prerequisites,
        problem=probe.question,
        steps=steps,
        answer=answer,
        verification="",
        teacher=STUDENT,
        event="",
    )
