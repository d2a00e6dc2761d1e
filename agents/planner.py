"""The Curriculum Planner (the paper's Organizer): stages, and what to do when one is not mastered."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ioa.agents.exchange import (
    PlanBrief,
    PlanReply,
    ProposedStage,
    RemedyBrief,
    RemedyProposal,
    RemedyReply,
    TriedLessons,
    WeakModule,
)
from ioa.agents.lost_calls import is_unasked
from ioa.agents.remedy_choice import choose_remedy, levels_left
from ioa.agents.remedy_split import aim_remedy, describe_misconceptions
from ioa.agents.settings.curriculum import CurriculumSettings
from ioa.agents.staging import (
    Affinity,
    admissible_stages,
    as_taught,
    faults_of,
    needless_steps,
    required_pairs,
    same_category,
    steep_steps,
    with_bridges,
)
from ioa.agents.teacher import Call, Teacher
from ioa.memory.records import (
    Assessment,
    Curriculum,
    Diagnosis,
    Domain,
    Edge,
    Kind,
    Misconception,
    Module,
    Note,
    Remedy,
    Requirement,
    Stage,
    Strategy,
)
from ioa.memory.transcript import CallContext


class CurriculumPlanner:
    """Proposes through the teacher; what breaks a prerequisite, or needlessly Eq. 8, is refused and computed."""

    def __init__(
        self,
        teacher: Teacher,
        settings: CurriculumSettings,
        strategies: Sequence[Strategy],
        *,
        affinity: Affinity = same_category,
    ) -> None:
        """The agent.

        Args:
            teacher: Who is asked.
            settings: What a curriculum may look like.
            strategies: What remedies follow where the teacher proposes nothing.
            affinity: How closely two modules are related.
        """
        self._teacher = teacher
        self._settings = settings
        self._strategies = tuple(strategies)
        self._affinity = affinity

    def plan(self, diagnosis: Diagnosis) -> tuple[Curriculum, Note]:
        """Order the targets into stages (Eq. 7), with measured difficulty rising gently (Eq. 8).

        Returns:
            The curriculum, without stages when there is no target, and a note to the Pedagogical Adapter.
        """
        difficulty = {gap.module: max(0.0, gap.delta or 0.0) for gap in diagnosis.gaps if gap.targeted}
        if not difficulty:
            return Curriculum(stages=()), Note(sender="planner", receiver="adapter", text="Nothing has to be taught.")
        if self._settings.stages != "by-prerequisites":
            return _unordered(difficulty, self._settings)
        context = CallContext(node="plan", agent="planner", task=PlanBrief.task)
        stages, pairs, said, warnings = self._ask(difficulty, diagnosis.edges, context)
        note = Note(sender="planner", receiver="adapter", text=said)
        needs = tuple(Requirement(earlier=earlier, later=later) for earlier, later in pairs)
        return Curriculum(stages=stages, prerequisites=needs, warnings=tuple(warnings)), note

    def revise(
        self,
        diagnosis: Diagnosis,
        curriculum: Curriculum,
        after: int,
        difficulty: Mapping[str, float],
        reason: str,
        reached: float = 0.0,
        *,
        node: str = "revise",
    ) -> tuple[Curriculum, Note]:
        """Order what is still to come anew, by the difficulty that was measured on the way.

        Args:
            diagnosis: Where the prerequisites stand.
            curriculum: The plan so far.
            after: Number of the stage that is over; what was taught stays as it is.
            difficulty: 1 - P_S / P_T now, of each module that is still to be taught.
            reason: What was measured, in words.
            reached: The hardest difficulty that was mastered so far.
            node: Of the graph, for the transcript.

        Returns:
            The whole curriculum, without bridges in its new part, and a note to the Pedagogical Adapter.
        """
        done = curriculum.stages[:after]
        taught = tuple(
            dict.fromkeys(module for stage in done for module in stage.modules if module not in stage.levels)
        )
        if self._settings.stages != "by-prerequisites":
            planned, note = _unordered(difficulty, self._settings)
            stages, said, warnings = planned.stages, note.text, list[str]()
            pairs: tuple[tuple[str, str], ...] = ()
        else:
            context = CallContext(node=node, agent="planner", task=PlanBrief.task, stage=after)
            stages, pairs, said, warnings = self._ask(
                difficulty, diagnosis.edges, context, taught=taught, reason=reason, reached=reached
            )
        kept = tuple(need for need in curriculum.prerequisites if need.later in taught)
        revised = curriculum.model_copy(
            update={
                "stages": (*done, *stages),
                "prerequisites": (*kept, *(Requirement(earlier=earlier, later=later) for earlier, later in pairs)),
                "warnings": (*curriculum.warnings, *warnings),
            }
        )
        return revised, Note(sender="planner", receiver="adapter", text=f"{reason} {said}".strip(), stage=after)

    def _ask(
        self,
        difficulty: Mapping[str, float],
        edges: Sequence[Edge],
        context: CallContext,
        *,
        taught: tuple[str, ...] = (),
        reason: str = "",
        reached: float = 0.0,
    ) -> tuple[tuple[Stage, ...], tuple[tuple[str, str], ...], str, list[str]]:
        """Stages, the pairs that they respect, the teacher's note, and what was wrong with its proposal."""
        largest, tau = self._settings.largest_stage, self._settings.tau_zpd
        pairs = tuple(pair for pair in required_pairs((*taught, *difficulty), edges) if pair[1] in difficulty)
        admissible = admissible_stages(
            difficulty, edges, largest, affinity=self._affinity, tau_zpd=tau, reached=reached
        )
        brief = PlanBrief(
            targets=difficulty,
            prerequisites=pairs,
            admissible=admissible,
            largest_stage=largest,
            tau_zpd=tau,
            reached=reached,
            taught=taught,
            reason=reason,
        )
        outcome = self._teacher.ask([Call(brief, context)])[0]
        proposed, said, warnings = _read_usable_stages(outcome.reply, brief)
        if is_unasked(outcome):
            warnings = ["No teacher was asked for a plan: budget.teacher_tokens is used up. The stages were computed."]
        chosen = proposed or [
            ProposedStage(title=", ".join(modules), modules=modules, rationale="Their prerequisites come earlier.")
            for modules in admissible
        ]
        return _stages(chosen, difficulty), pairs, said, warnings

    def bridge(
        self,
        curriculum: Curriculum,
        difficulty: Mapping[str, float],
        levels: Mapping[str, Mapping[str, float]],
        after: int = 0,
        reached: float = 0.0,
    ) -> Curriculum:
        """The curriculum with bridges where a module is too hard a step, and a warning where it stays one (Eq. 8).

        Args:
            curriculum: The plan.
            difficulty: 1 - P_S / P_T of each module still to be taught, as examined.
            levels: The same at the easier levels of those that need a bridge, easiest first.
            after: Number of the last stage that is over; bridges before it count towards the most that there may be.
            reached: The hardest difficulty that was mastered so far.
        """
        settings, done = self._settings, curriculum.stages[:after]
        known = {module: difficulty.get(module, 0.0) for stage in curriculum.stages for module in stage.modules}
        stages = with_bridges(
            curriculum.stages[after:],
            known,
            levels if settings.bridges else {},
            tau_zpd=settings.tau_zpd,
            lessons=settings.bridge_lessons,
            reached=reached,
            most=max(0, settings.most_bridges - sum(bool(stage.levels) for stage in done)),
        )
        warnings = [
            f"{_STEEP.format(after + step.number)}what is reached before it ({step.reached:.2f}) by more than "
            f"{settings.tau_zpd:g}: {', '.join(f'{module} ({d:.2f})' for module, d in step.modules.items())}."
            for step in steep_steps(as_taught(stages, known, levels), settings.tau_zpd, reached)
        ]
        numbered = [stage.model_copy(update={"number": after + number}) for number, stage in enumerate(stages, start=1)]
        return curriculum.model_copy(
            update={
                "stages": (*done, *numbered),
                "warnings": tuple(dict.fromkeys((*_not_of_steps(curriculum.warnings, after), *warnings))),
            }
        )

    def remedy(
        self,
        domain: Domain,
        assessment: Assessment,
        previous: Assessment | None,
        misconceptions: Sequence[Misconception],
        *,
        gate: float,
        lessons: int,
        least: int = 1,
        remediation: int = 0,
        tried: Mapping[str, Sequence[TriedLessons]] = MappingProxyType({}),
    ) -> tuple[tuple[Remedy, ...], Note]:
        """Decide what the next lessons of the modules that missed the gate are to be like.

        What was asked for in vain is not asked for again: a level whose problems are used up is not drawn from any
        more, and strategies whose lessons were refused at a level are followed by others there. A module of which
        nothing is left has no remedy.

        Args:
            domain: Where the modules' levels are described.
            assessment: The examination they failed.
            previous: The one a round earlier; none after the first teaching.
            misconceptions: The Diagnoser's findings on it; refused ones do not count.
            gate: tau_mastery.
            lessons: Accepted examples to ask for, per module.
            least: Of them, least for one misconception.
            remediation: Number of the remedy in its stage, from 1; 0: every round of it but the first was one.
            tried: By module what the stage's rounds asked for so far, oldest first.

        Returns:
            The remedies, one for each misconception that was confirmed in a failed module, or one for the module
            where there is none; and a note to the Pedagogical Adapter.
        """
        before = {result.module: result.ratio for result in previous.gate} if previous else {}
        confirmed = [misconception for misconception in misconceptions if not misconception.refused]
        round_ = assessment.round + 1
        weak = [
            WeakModule(
                module=result.module,
                ratio=result.ratio,
                previous=before.get(result.module),
                misconception=describe_misconceptions([found for found in confirmed if found.module == result.module]),
                levels=levels_left(
                    _levels_up_to(domain.module(result.module), result.level),
                    tried.get(result.module, ()),
                    self._strategies,
                ),
                exam_level=result.level or domain.module(result.module).exam_level,
                tried=tuple(tried.get(result.module, ())),
            )
            for result in assessment.gate
            if not result.mastered
        ]
        left = [module for module in weak if module.levels]
        used_up = [module.module for module in weak if not module.levels]
        remedies: list[Remedy] = []
        said = [f"Nothing new is left to teach of {', '.join(used_up)}."] if used_up else []
        if left:
            brief = RemedyBrief(weak=tuple(left), gate=gate, round=remediation or round_)
            stage = assessment.stage
            context = CallContext(node="remediate", agent="planner", task=brief.task, stage=stage, round=round_)
            reply = self._teacher.ask([Call(brief, context)])[0].reply
            proposals = {p.module: p for p in reply.remedies} if isinstance(reply, RemedyReply) else {}
            said.insert(0, reply.note if isinstance(reply, RemedyReply) else "The same again, at the examined level.")
            for module in left:
                general = self._remedy_of(module, proposals.get(module.module), lessons)
                remedies += aim_remedy(general, confirmed, least)
        text = " ".join(said)
        return tuple(remedies), Note(
            sender="planner", receiver="adapter", text=text, stage=assessment.stage, round=round_
        )

    def _remedy_of(self, module: WeakModule, proposal: RemedyProposal | None, lessons: int) -> Remedy:
        (level, strategies), as_proposed = choose_remedy(module, proposal, self._strategies)
        reason = proposal.reason if proposal else ""
        if proposal and not as_proposed and any(one.level == proposal.level for one in module.tried):
            proposed = f"{proposal.level!r} with {_named(proposal.strategies)}"
            reason = f"{proposed} was proposed, which is none of what is left to try."
        return Remedy(
            module=module.module,
            diagnosis="",
            kind=Kind.REMEDIAL,
            level=level,
            strategies=strategies,
            lessons=lessons,
            reason=reason,
        )


def _named(strategies: Sequence[Strategy]) -> str:
    return ", ".join(strategy.value for strategy in strategies) or "no strategy"


_STEEP = "Stage {} is harder than "


def _not_of_steps(warnings: Sequence[str], after: int) -> list[str]:
    """The warnings without those about steps that are planned anew: to the stages that come after that one."""
    old = tuple(_STEEP.format(number) for number in range(1, after + 1))
    return [w for w in warnings if w.startswith(old) or not w.startswith(_STEEP.partition("{}")[0])]


def _levels_up_to(module: Module, level: str) -> tuple[str, ...]:
    """The module's levels, easiest first; of a bridge those up to its own."""
    levels = tuple(module.levels)
    return levels[: levels.index(level) + 1] if level else levels


def _read_usable_stages(reply: object, brief: PlanBrief) -> tuple[list[ProposedStage], str, list[str]]:
    """What the teacher proposes, its note, and what is wrong with it: a staging with a fault is not used at all."""
    if not isinstance(reply, PlanReply):
        return [], "", ["The teacher's plan could not be read; the stages were computed."]
    proposed = [stage.modules for stage in reply.stages]
    faults = faults_of(proposed, tuple(brief.targets), brief.prerequisites, brief.largest_stage) or needless_steps(
        proposed, brief.admissible, brief.targets, brief.tau_zpd, brief.reached
    )
    if faults:
        return (
            [],
            reply.note,
            [f"The teacher's plan was refused ({'; '.join(faults)}); the stages were computed."],
        )
    return list(reply.stages), reply.note, []


def _unordered(difficulty: Mapping[str, float], settings: CurriculumSettings) -> tuple[Curriculum, Note]:
    """All targets side by side, or some at a time, the easiest first; in either case whatever they need."""
    easiest_first = sorted(difficulty, key=lambda module: (difficulty[module], module))
    together = settings.stages == "one"
    size = len(easiest_first) if together else settings.largest_stage
    how = "All targets are taught together" if together else "The easiest targets are taught first"
    why = f"{how}, whatever they need: curriculum.stages is `{settings.stages}`."
    parts = [tuple(easiest_first[at : at + size]) for at in range(0, len(easiest_first), size)]
    proposed = [
        ProposedStage(title="All targets" if together else ", ".join(part), modules=part, rationale=why)
        for part in parts
    ]
    return Curriculum(stages=_stages(proposed, difficulty)), Note(sender="planner", receiver="adapter", text=why)


def _stages(proposed: Sequence[ProposedStage], difficulty: Mapping[str, float]) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            number=number,
            title=stage.title,
            modules=stage.modules,
            difficulty=min(1.0, sum(difficulty[module] for module in stage.modules) / len(stage.modules)),
            rationale=stage.rationale,
        )
        for number, stage in enumerate(proposed, start=1)
    )
