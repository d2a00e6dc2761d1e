"""Examining student and teacher, each once for every item: the answers are kept in the run."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ioa.agents import TeacherExaminee
from ioa.graph.context import RunContext
from ioa.graph.reply_limits import bounded_student
from ioa.memory import Assessment, ItemResult, Probe, Rounds, Score, Split, Verdict
from ioa.memory.teacher_scores import module_key
from ioa.training import (
    Design,
    ExamFile,
    Examinee,
    Remembered,
    SequentialTest,
    score_by_module,
    sequential_test,
    sit,
    verdict,
)

PIECE = 32
"""Questions after which a teacher's answers are written down: they may have cost money."""


def select_probes(
    ctx: RunContext, split: Split, modules: Collection[str] | None = None, *, counts: Mapping[str, int] | None = None
) -> list[Probe]:
    """The probes of a split at the modules' examined levels: of all modules or of some, the spare ones left out.

    Args:
        ctx: The run.
        split: Which.
        modules: Their ids; none for all.
        counts: How many of a module's, where it is not the full number: the first ones, the spare ones last.
    """
    size, taken = ctx.config.examination.size(split), dict[str, int]()
    chosen = []
    for probe in ctx.probes(split):
        if "@" in probe.id or (modules is not None and probe.module not in modules):
            continue
        taken[probe.module] = taken.get(probe.module, 0) + 1
        if taken[probe.module] <= (counts or {}).get(probe.module, size):
            chosen.append(probe)
    return chosen


def recorded_answers(ctx: RunContext, label: str) -> list[ItemResult]:
    """The answers of that examination so far."""
    return exam_file(ctx, label).results()


def exam_file(ctx: RunContext, label: str) -> ExamFile:
    """Where the answers of that examination are kept."""
    return ExamFile(ctx.run.scores(label), ctx.run.replies(label), ctx.scorers)


def sit_exam(
    ctx: RunContext,
    label: str,
    probes: Sequence[Probe],
    examinee: Callable[[], Examinee],
    name: str,
    piece: int | None = None,
) -> list[ItemResult]:
    """An examinee's answers to these probes; those in the file of that label are not asked again.

    Args:
        ctx: The run.
        label: Of the examination.
        probes: What is asked.
        examinee: Opens who is asked, where anything is still to be asked.
        name: Of the examinee, for the display.
        piece: Questions after which the answers are graded and kept; none: all in one go.
    """
    file, size = exam_file(ctx, label), piece or max(1, len(probes))
    total, done = len(file.standing(probes).ask), 0

    def ask(part: Sequence[Probe]) -> list[str]:
        nonlocal done
        before = done

        def show(count: int, _: int) -> None:
            ctx.listener.progress(name, before + count, total)

        replies = examinee().answer([probe.question for probe in part], show)
        done += len(part)
        return replies

    sit(file, probes, ask, pieces=lambda left: [left[start : start + size] for start in range(0, len(left), size)])
    known = {result.probe: result for result in file.results()}
    results = [known[probe.id] for probe in probes]
    score = Score.of(results)
    if total and score.many_unread:
        ctx.message(
            f"{name}: {score.unread} of {score.n} replies could not be read and count as wrong. "
            f"They are in {ctx.run.scores(label).relative_to(ctx.run.root)}."
        )
    return results


def examine_student(ctx: RunContext, label: str, probes: Sequence[Probe], adapter: Path | None) -> list[ItemResult]:
    """The student's answers, with the LoRA in `adapter` or bare; the bare student's are kept for other runs."""
    name = f"student, {label}"

    def student() -> Examinee:
        ctx.student().use(adapter)
        bounded = bounded_student(ctx, probes)
        known = None if adapter else ctx.student_replies()
        if known is None:
            return bounded
        ends = {question: bound.name for question, bound in bounded.bounds.items()}
        return Remembered(bounded, known, ends, partial(_show_known, ctx, name))

    return sit_exam(ctx, label, probes, student, name)


def _show_known(ctx: RunContext, name: str, known: int, asked: int) -> None:
    ctx.message(f"{name}: {known} of {asked} replies are known from before ({ctx.run.student_replies.name}).")


def examine_teacher(
    ctx: RunContext, label: str, probes: Sequence[Probe], node: str, *, same_items: bool = False
) -> list[ItemResult]:
    """The teacher's answers to as many items of each module; those in the file of that label are not asked again.

    Args:
        ctx: The run.
        label: Name of the examination.
        probes: The items.
        node: Where in the graph it is asked.
        same_items: Whether it has to be these very items; else what the teacher scored in the module on other items
            counts, in this run or an earlier one, where it is paid for and the run's settings allow it.
    """
    if same_items or not ctx.teacher_cache:
        return _asked(ctx, label, probes, node)
    known = recorded_answers(ctx, label)
    by_module: dict[str, list[Probe]] = {}
    for probe in probes:
        by_module.setdefault(probe.module, []).append(probe)
    asked = []
    for module, own in by_module.items():
        have = {result.probe for result in known if result.module == module}
        lacking = len(own) - len(have)
        if lacking > 0:
            kept = _kept(ctx, module, own, have, lacking)
            exam_file(ctx, label).add(kept)
            known += kept
            have |= {result.probe for result in kept}
            lacking -= len(kept)
        asked += [probe for probe in own if probe.id not in have][: max(0, lacking)]
    new = _asked(ctx, label, asked, node)
    _keep(ctx, new)
    known += new
    return [
        result
        for module, own in by_module.items()
        for result in [one for one in known if one.module == module][: len(own)]
    ]


def _asked(ctx: RunContext, label: str, probes: Sequence[Probe], node: str) -> list[ItemResult]:
    """The teacher's answers to these very probes."""

    def teacher() -> Examinee:
        return TeacherExaminee(ctx.teacher(), node)

    return sit_exam(ctx, label, probes, teacher, f"teacher, {label}", piece=PIECE)


def _kept(ctx: RunContext, module: str, own: Sequence[Probe], have: Collection[str], count: int) -> list[ItemResult]:
    """What earlier runs measured of the teacher in the module, named by this run's probes where it is their items."""
    names = {probe.question: probe.id for probe in own}
    known = ctx.teacher_scores().find_answers(ctx.teacher_key(), _module_key(ctx, module), names, count + len(have))
    renamed = [one.model_copy(update={"probe": names.get(one.question, one.probe), "module": module}) for one in known]
    return [one for one in renamed if one.probe not in have][:count]


def _module_key(ctx: RunContext, module: str) -> str:
    known = ctx.domain().module(module)
    return module_key(known, ctx.bank().probes(module, known.exam_level))


def _keep(ctx: RunContext, results: Sequence[ItemResult]) -> None:
    for module in dict.fromkeys(result.module for result in results):
        own = [result for result in results if result.module == module]
        ctx.teacher_scores().add(ctx.teacher_key(), _module_key(ctx, module), ctx.run.run_id, own)


@dataclass(frozen=True)
class Examined:
    """What an examination by need found."""

    student: list[ItemResult]
    teacher: list[ItemResult]
    extra: int
    """Items asked beyond the first ones."""

    @property
    def scores(self) -> tuple[dict[str, Score], dict[str, Score]]:
        """P_S and P_T by module."""
        return score_by_module(self.student), score_by_module(self.teacher)

    def teacher_same(self, module: str) -> int:
        """Of the student's items of a module those that the teacher answered, too."""
        both = {one.probe for one in self.teacher if one.module == module}
        return sum(one.probe in both for one in self.student if one.module == module)


def examine_by_need(
    ctx: RunContext,
    split: Split,
    modules: Collection[str],
    *,
    labels: tuple[str, str],
    adapter: Path | None,
    share: float,
    node: str,
    spared: Collection[str] | None = None,
    early_pass: bool = True,
    least: Mapping[str, int] | None = None,
    items: Mapping[str, Sequence[Probe]] | None = None,
    sure: Mapping[str, float | None] | None = None,
) -> Examined:
    """Examine both on as many items of each module as it takes to say whether P_S >= share * P_T.

    The first items are asked in portions, those of all undecided modules together, since a student writes fastest in
    full batches. A module is asked no more of them where its answers decide (`SequentialTest`). Where all of them
    leave it open, spare items are added a step at a time, to the modules whose interval straddles the threshold, the
    widest interval first, until all is clear, or no spare items or no budget for them is left.

    What is asked next depends on the answers alone that were given so far, so that a resumed run asks the same.

    Args:
        ctx: The run.
        split: Whose items.
        modules: Which modules.
        labels: Names of the student's and of the teacher's examination.
        adapter: The student's LoRA; none: the bare student.
        share: The threshold, such as tau_mastery.
        node: Where in the graph it is asked.
        spared: Modules that may be asked spare items; none: all of them.
        early_pass: Whether the threshold can be reached on fewer items than the full number, too, or only missed.
        least: So many of a module's items at least, up to the full number.
        items: The modules' items in the order in which they are asked, the spare ones last; none: those of the split.
        sure: How certain passing has to be by module; see `Design.sure`.
    """
    rows = _rows(ctx, split, modules) if items is None else items
    size, before = ctx.config.examination.size(split), len(recorded_answers(ctx, labels[0]))
    tests = {}
    for module in modules:
        there = len(rows[module])
        if spared is not None and module not in spared:
            there = min(there, size)
        wanted = (sure or {}).get(module)
        design = Design.of(ctx.config.examination, split, items=there, share=share, early_pass=early_pass, sure=wanted)
        tests[module] = sequential_test(design)
    counts = {module: _first_look(test.design, (least or {}).get(module, 1)) for module, test in tests.items()}
    while True:
        probes = [probe for module, row in rows.items() for probe in row[: counts[module]]]
        examined = Examined(
            # First: the student's replies need not be longer than the teacher's solutions.
            teacher=examine_teacher(ctx, labels[1], probes, node),
            student=examine_student(ctx, labels[0], probes, adapter),
            extra=sum(max(0, count - size) for count in counts.values()),
        )
        more = _next_portions(examined, tests) or _further(ctx, examined, tests, share)
        if not more:
            break
        counts |= more
    if len(recorded_answers(ctx, labels[0])) > before:
        _show_early(ctx, counts, {module: test.design.full for module, test in tests.items()})
    return examined


def _first_look(design: Design, least: int) -> int:
    return next(look for look in design.looks if look >= min(least, design.full))


def _next_portions(examined: Examined, tests: Mapping[str, SequentialTest]) -> dict[str, int]:
    """How many items each module is asked that its answers do not decide yet, up to the full number.

    The rest at once where the teacher had nothing right so far: no portion could end it while that stays so, and a
    teacher that writes nothing usable is given up by how many of the replies to one call of it are of no use.
    """
    student, teacher = examined.scores
    more = {}
    for module, test in tests.items():
        asked, looks, full = student[module].n, test.design.looks, test.design.full
        if asked < full and not test.stops_at(student[module], teacher[module]):
            more[module] = next(look for look in looks if look > asked) if teacher[module].k else full
    return more


def _further(ctx: RunContext, examined: Examined, tests: Mapping[str, SequentialTest], share: float) -> dict[str, int]:
    """How many items each module is asked that all of its first ones leave open, as far as the budget goes."""
    settings, more, added = ctx.config.examination, dict[str, int](), 0
    student, _ = examined.scores
    budget = float("inf") if settings.budget is None else settings.budget - examined.extra
    for module in _open(examined, tests, share, settings.confidence):
        asked, design = student[module].n, tests[module].design
        step = min(settings.step, design.full + design.spares - asked)
        if asked >= design.full and 0 < step <= budget - added:
            more[module] = asked + step
            added += step
    if more:
        ctx.message(f"{added} more items for what is not clear yet: {', '.join(more)}")
    return more


def _show_early(ctx: RunContext, counts: Mapping[str, int], full: Mapping[str, int]) -> None:
    saved = {module: full[module] - count for module, count in counts.items() if count < full[module]}
    if saved:
        ctx.message(
            f"{len(saved)} of {len(counts)} modules were decided on fewer than {max(full.values())} items; "
            f"{sum(saved.values())} were not asked."
        )


def _open(examined: Examined, tests: Mapping[str, SequentialTest], share: float, confidence: float) -> list[str]:
    """The modules whose interval straddles the threshold, the widest first."""
    student, teacher = examined.scores
    undecided = {}
    for module, score in student.items():
        sure = tests[module].design.sure
        if verdict(score, teacher[module], share, confidence, sure=sure) is Verdict.NEEDS_ITEMS:
            low, high = score.wilson(confidence)
            undecided[module] = high - low
    return sorted(undecided, key=lambda module: (-undecided[module], module))


def _rows(ctx: RunContext, split: Split, modules: Collection[str]) -> dict[str, list[Probe]]:
    """The items of modules, the spare ones last; of one with few different problems, fewer than the full number."""
    rows: dict[str, list[Probe]] = {}
    for probe in ctx.probes(split):
        if probe.module in modules and "@" not in probe.id:
            rows.setdefault(probe.module, []).append(probe)
    return rows


def best_of(rounds: Rounds, stage: int) -> Assessment:
    """The stage's best round, whose adapter is kept; the stage has been examined.

    Raises:
        LookupError: it has not, so that the state and the files of the run contradict each other.
    """
    best = rounds.best(stage)
    if best is None:
        raise LookupError(f"stage {stage} has no assessment")
    return best
