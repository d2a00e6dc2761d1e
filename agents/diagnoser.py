"""The Diagnoser (the paper's Identifier): what the student cannot do, why, and what depends on what."""

from collections.abc import Collection, Mapping, Sequence

from ioa.agents.exchange import (
    AnalyseBrief,
    FailedItem,
    ModuleFailures,
    PrerequisitesBrief,
    PrerequisitesReply,
)
from ioa.agents.exchange.briefs import module_brief
from ioa.agents.gaps import find_gaps
from ioa.agents.misconceptions import Analysis, Analyst
from ioa.agents.prerequisite_graph import prerequisite_graph
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.agents.teacher import Call, Teacher
from ioa.memory.records import (
    Claim,
    Diagnosis,
    Domain,
    Edge,
    Gap,
    ItemResult,
    Measured,
    Module,
    Note,
    Prerequisites,
    Score,
)
from ioa.memory.transcript import CallContext

NOTHING_MEASURED = Measured()


class Diagnoser:
    """Asks the teacher for prerequisites and for the reasons behind wrong answers; computes the rest."""

    def __init__(
        self, teacher: Teacher, settings: DiagnosisSettings, *, checker: Teacher | None = None, seed: int = 0
    ) -> None:
        """The agent.

        Args:
            teacher: Who is asked.
            settings: The thresholds.
            checker: Who reads wrong answers a second time; none for the same teacher, asked anew.
            seed: The run's.
        """
        self._teacher = teacher
        self._settings = settings
        self._seed = seed
        self._analyst = Analyst(teacher, checker or teacher, settings.misconceptions, seed=seed)

    def prerequisites(self, domain: Domain, measured: Measured = NOTHING_MEASURED) -> Prerequisites:
        """The prerequisite graph from what the domain's author and the teacher state and what was measured."""
        claims = [
            Claim(source=source, target=module.id, strength=1.0, estimator="pack", evidence="stated by the domain")
            for module in domain.modules
            for source in module.prerequisites
        ]
        if "teacher" in self._settings.estimators:
            claims += self._claims(domain)
        return prerequisite_graph(claims, measured, self._settings)

    def _claims(self, domain: Domain) -> list[Claim]:
        brief = PrerequisitesBrief(domain=domain.name, modules=tuple(module_brief(module) for module in domain.modules))
        context = CallContext(node="diagnose", agent="diagnoser", task=brief.task)
        reply = self._teacher.ask([Call(brief, context)])[0].reply
        if not isinstance(reply, PrerequisitesReply):
            return []  # the transcript has the reason; the claims of the others still stand
        known = {module.id for module in domain.modules}
        return [
            Claim(
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
        measured: Measured = NOTHING_MEASURED,
    ) -> tuple[Diagnosis, Note]:
        """Turn an examination into gaps, prerequisites, targets and misconceptions.

        Args:
            domain: What was examined.
            student: P_S by module, on the diagnosis split.
            teacher: P_T by module.
            results: The student's answers.
            measured: What `population` and `intervention` found, where they were asked.

        Returns:
            The findings, and a note to the Curriculum Planner.
        """
        graph = self.prerequisites(domain, measured)
        gaps = find_gaps(student, teacher, graph.edges, self._settings, seed=self._seed)
        analysis = self.analyse(domain, _targets(gaps), results, node="diagnose")
        found = Diagnosis(
            gaps=gaps,
            edges=graph.edges,
            broken=graph.broken,
            left_out=graph.left_out,
            undecided=graph.undecided,
            misconceptions=analysis.confirmed,
            unconfirmed=analysis.refused,
        )
        return found, Note(sender="diagnoser", receiver="planner", text=_summary(gaps, analysis))

    def diagnose_again(
        self,
        domain: Domain,
        student: Mapping[str, Score],
        teacher: Mapping[str, Score],
        results: Sequence[ItemResult],
        edges: Sequence[Edge],
        spent: Collection[str],
        after: int,
    ) -> tuple[Diagnosis, Note]:
        """Turn an examination of the student as it was taught so far into gaps, targets and misconceptions.

        Args:
            domain: What was examined.
            student: P_S by module, on the diagnosis split.
            teacher: P_T by module.
            results: The student's answers.
            edges: The prerequisites as they are known now.
            spent: Modules of which nothing new is left to teach.
            after: Number of the stage that was over.

        Returns:
            The findings, and a note to the Curriculum Planner.
        """
        gaps = find_gaps(student, teacher, edges, self._settings, spent, self._seed + after)
        label = f"diagnosis-after-{after:02d}"
        analysis = self.analyse(domain, _targets(gaps), results, node="rediagnose", label=label, stage=after)
        text = _summary(gaps, analysis)
        if left := [gap.module for gap in gaps if gap.deficient and gap.module in spent]:
            text += f" Nothing new is left to teach of {', '.join(left)}."
        found = Diagnosis(
            gaps=gaps, edges=tuple(edges), misconceptions=analysis.confirmed, unconfirmed=analysis.refused
        )
        return found, Note(sender="diagnoser", receiver="planner", text=text, stage=after)

    def analyse(
        self,
        domain: Domain,
        modules: Sequence[str],
        results: Sequence[ItemResult],
        *,
        node: str,
        label: str = "diagnosis",
        stage: int | None = None,
        round_: int | None = None,
        levels: Mapping[str, str] | None = None,
    ) -> Analysis:
        """Find out why the items of some modules failed.

        Args:
            domain: Where the modules are described.
            modules: Ids of those that are looked into.
            results: The student's answers; all wrong ones of the modules are read.
            node: Of the graph, for the transcript.
            label: The examination, and first part of the misconceptions' ids.
            stage: For the transcript.
            round_: For the transcript.
            levels: The levels that were examined in a bridge; none for the modules' own.
        """
        failures = [_failures(domain.module(module), results, (levels or {}).get(module)) for module in modules]
        context = CallContext(node=node, agent="diagnoser", task=AnalyseBrief.task, stage=stage, round=round_)
        return self._analyst.analyse(failures, context, label)


def _targets(gaps: Sequence[Gap]) -> list[str]:
    return [gap.module for gap in gaps if gap.targeted]


def _summary(gaps: Sequence[Gap], analysis: Analysis) -> str:
    unteachable = [f"{gap.module} ({gap.teacher.fraction})" for gap in gaps if gap.delta is None]
    text = f"{len(_targets(gaps))} of {len(gaps)} modules are targets. {analysis.note}"
    if unteachable:
        text += f" The teacher itself cannot do {', '.join(unteachable)}: not taught."
    return text


def _failures(module: Module, results: Sequence[ItemResult], level: str | None) -> ModuleFailures:
    own = [result for result in results if result.module == module.id]
    failed = [result for result in own if not result.correct]
    return ModuleFailures(
        module=module_brief(module, level),
        right=len(own) - len(failed),
        asked=len(own),
        failed=tuple(
            FailedItem(probe=item.probe, question=item.question, expected=item.expected, reply=item.reply)
            for item in failed
        ),
    )
