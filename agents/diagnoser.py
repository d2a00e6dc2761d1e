"""The Diagnoser (the paper's Identifier): what the student cannot do, why, and what depends on what."""

import re
from collections.abc import Mapping, Sequence

from ioa.agents.dependencies import break_cycles, strongest
from ioa.agents.exchange import (
    AnalyseBrief,
    AnalyseReply,
    FailedItem,
    ModuleBrief,
    ModuleFailures,
    PrerequisitesBrief,
    PrerequisitesReply,
)
from ioa.agents.gaps import DiagnosisSettings, find_gaps
from ioa.agents.teacher import Call, Teacher
from ioa.memory.records import (
    BrokenEdge,
    Diagnosis,
    Domain,
    Edge,
    Generator,
    ItemResult,
    Misconception,
    Module,
    Note,
    Score,
)
from ioa.memory.transcript import CallContext

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

SHOWN_FAILURES = 6
"""Wrong answers per module that the teacher is shown; more only makes the prompt long."""


def module_brief(module: Module, level: str | None = None, samples: Sequence[str] = ()) -> ModuleBrief:
    """The module as a teacher is told of it, at that level or at the examined one."""
    source = module.levels[level or module.exam_level]
    return ModuleBrief(
        id=module.id,
        description=module.description,
        generator=source if isinstance(source, Generator) else None,
        items="" if isinstance(source, Generator) else source.items,
        samples=tuple(samples),
    )


class Diagnoser:
    """Asks the teacher for prerequisites and for the reasons behind wrong answers; computes the rest."""

    def __init__(self, teacher: Teacher, settings: DiagnosisSettings) -> None:
        self._teacher = teacher
        self._settings = settings

    def prerequisites(self, domain: Domain) -> tuple[tuple[Edge, ...], tuple[BrokenEdge, ...]]:
        """The prerequisite graph from the claims of the domain's author and of the teacher.

        Returns:
            The edges, without circles, and those that were taken out to break circles.
        """
        claims = [
            Edge(
                source=source,
                target=module.id,
                strength=1.0,
                estimator="pack",
                evidence="stated by the domain",
            )
            for module in domain.modules
            for source in module.prerequisites
        ]
        claims += self._claims(domain)
        return break_cycles(strongest(claims, self._settings.tau_dep))

    def _claims(self, domain: Domain) -> list[Edge]:
        brief = PrerequisitesBrief(domain=domain.name, modules=tuple(module_brief(module) for module in domain.modules))
        context = CallContext(node="diagnose", agent="diagnoser", task=brief.task)
        reply = self._teacher.ask([Call(brief, context)])[0].reply
        if not isinstance(reply, PrerequisitesReply):
            return []  # the transcript has the reason; the author's own claims still stand
        known = {module.id for module in domain.modules}
        return [
            Edge(
                source=claim.requires,
                target=claim.module,
                strength=claim.strength,
                estimator="teacher",
                evidence=claim.why,
            )
            for claim in reply.prerequisites
            if claim.module in known and claim.requires in known and claim.module != claim.requires
        ]

    def diagnose(
        self,
        domain: Domain,
        student: Mapping[str, Score],
        teacher: Mapping[str, Score],
        results: Sequence[ItemResult],
    ) -> tuple[Diagnosis, Note]:
        """Turn an examination into gaps, prerequisites, targets and misconceptions.

        Args:
            domain: What was examined.
            student: P_S by module, on the diagnosis split.
            teacher: P_T by module, on the same items.
            results: The student's answers.

        Returns:
            The findings, and a note to the Curriculum Planner.
        """
        edges, broken = self.prerequisites(domain)
        gaps = find_gaps(student, teacher, edges, self._settings)
        targets = [gap.module for gap in gaps if gap.targeted]
        misconceptions, said = self.analyse(domain, targets, results, node="diagnose")
        unteachable = [gap.module for gap in gaps if gap.delta is None]
        text = f"{len(targets)} of {len(gaps)} modules are targets. {said}"
        if unteachable:
            text += f" The teacher itself cannot do {', '.join(unteachable)}: not taught."
        note = Note(sender="diagnoser", receiver="planner", text=text)
        return Diagnosis(gaps=gaps, edges=edges, broken=broken, misconceptions=misconceptions), note

    def analyse(
        self,
        domain: Domain,
        modules: Sequence[str],
        results: Sequence[ItemResult],
        *,
        node: str,
        stage: int | None = None,
        round_: int | None = None,
    ) -> tuple[tuple[Misconception, ...], str]:
        """Ask why the items of some modules failed.

        Returns:
            One misconception a module at most, and the teacher's note to the Planner.
        """
        failures = tuple(_failures(domain.module(module), results) for module in modules)
        failures = tuple(failure for failure in failures if failure.failed)
        if not failures:
            return (), "No item failed."
        brief = AnalyseBrief(modules=failures, stage=stage)
        context = CallContext(node=node, agent="diagnoser", task=brief.task, stage=stage, round=round_)
        reply = self._teacher.ask([Call(brief, context)])[0].reply
        if not isinstance(reply, AnalyseReply):
            return (), "Why the items failed could not be found out."
        shown = {failure.module.id: {item.probe for item in failure.failed} for failure in failures}
        items = [item for failure in failures for item in failure.failed]
        found = tuple(
            Misconception(
                module=finding.module,
                summary=without_items(finding.misconception, items),
                probes=tuple(probe for probe in finding.probes if probe in shown[finding.module]),
            )
            for finding in reply.findings
            if finding.module in shown
        )
        return found, without_items(reply.note, items)


def without_items(text: str, items: Sequence[FailedItem]) -> str:
    """The text without the sentences and clauses that give an examined item away.

    A finding is passed on to those who write the lessons; if it quoted the examination, the next gate would
    measure whether its items had been taught. A clause gives an item away when it holds all its numbers.
    """
    clauses = re.split(r"(?<=[.;])\s+", text)
    secrets = [set(_NUMBER.findall(item.question)) for item in items]
    told = [
        clause
        for clause in clauses
        if not any(secret and secret <= set(_NUMBER.findall(clause)) for secret in secrets)
        and not any(item.question in clause for item in items)
    ]
    return " ".join(told).rstrip("; ")


def _failures(module: Module, results: Sequence[ItemResult]) -> ModuleFailures:
    own = [result for result in results if result.module == module.id]
    failed = [result for result in own if not result.correct]
    return ModuleFailures(
        module=module_brief(module),
        right=len(own) - len(failed),
        asked=len(own),
        failed=tuple(
            FailedItem(probe=item.probe, question=item.question, expected=item.expected, reply=item.reply)
            for item in failed[:SHOWN_FAILURES]
        ),
    )
