"""The Pedagogical Adapter: has the teacher write the lessons of a stage, and checks them.

What it writes is not yet taught: each draft passes the verifier here, then the contamination and duplicate
checks of the example store.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

from ioa.agents.exchange import LessonsBrief, LessonsReply, TemplateBrief, TemplateReply
from ioa.agents.exchange.briefs import module_brief
from ioa.agents.lost_calls import is_lost, is_unasked, require_answers
from ioa.agents.requests import Checked, Draft, LessonRequest
from ioa.agents.seed_problems import Seeding
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.agents.teacher import Call, Outcome, Teacher
from ioa.agents.verification import Agree, LessonVerifier, agree_as_text
from ioa.memory.domains.bank import ItemBank, shuffle_items
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.procedural import lesson_seed, supply
from ioa.memory.records import Domain, Example, Generator, Kind, Module, Remedy, SolutionTemplate, Strategy
from ioa.memory.transcript import CallContext

SAMPLES = 3
"""Problems that a teacher is shown of what it is to write."""


class PedagogicalAdapter:
    """Writes lessons through one teacher and has them checked by another, or by the same one."""

    def __init__(
        self,
        writer: Teacher,
        verifier: Teacher,
        settings: SynthesisSettings,
        *,
        seed: int,
        max_words: int,
        avoid: Collection[str] = (),
        agree: Agree = agree_as_text,
        bank: ItemBank | None = None,
    ) -> None:
        """The agent.

        Args:
            writer: Who writes the lessons.
            verifier: Who solves their problems again.
            settings: How many lessons, and of what kind.
            seed: The run's.
            max_words: Longest solution that the student could write.
            avoid: Keys of what no teacher may be shown as a sample: the probes, in any wording (`item_key`).
            agree: Whether two answers to a problem of a module and level are the same.
            bank: Where the samples of levels without a generator are taken from.
        """
        self._max_words = max_words
        self._writer = writer
        self._checker = LessonVerifier(verifier, settings, agree, self._samples)
        self._settings = settings
        self._seed = seed
        self._avoid = frozenset(avoid)
        self._bank = bank or ItemBank()
        self._shown: dict[tuple[str, str], tuple[str, ...]] = {}

    def requests(
        self,
        remedies: Sequence[Remedy],
        accepted: Mapping[tuple[str, ...], int],
        stage: int,
        round_: int,
        pass_: int,
    ) -> tuple[LessonRequest, ...]:
        """What has to be asked for, given what was accepted in this round already.

        Args:
            remedies: What is wanted; no two of them have the same `aim`.
            accepted: Number of accepted lessons by their `aim`.
            stage: The stage.
            round_: The round of the stage, from 0.
            pass_: How often this round has asked before.

        Returns:
            The requests; none when everything is there. The same arguments give the same requests.
        """
        made = []
        for remedy in remedies:
            missing = remedy.lessons - accepted.get(remedy.aim, 0)
            for number, (kind, count) in enumerate(self._portions(remedy, missing)):
                batch = f"stage-{stage:02d}/round-{round_}/pass-{pass_}/{remedy.place}/{number:03d}"
                made.append(
                    LessonRequest(
                        batch=batch,
                        module=remedy.module,
                        stage=stage,
                        round=round_,
                        kind=kind,
                        level=remedy.level,
                        strategies=remedy.strategies,
                        count=count,
                        seed=lesson_seed(self._seed, batch),
                        misconception=remedy.diagnosis,
                        misconception_id=remedy.misconception,
                        seed_problem=remedy.seeds[number % len(remedy.seeds)] if remedy.seeds else "",
                    )
                )
        return tuple(made)

    def _portions(self, remedy: Remedy, missing: int) -> Iterator[tuple[Kind, int]]:
        """Requests of at most J lessons: of the remedy's kind, then the counterfactuals among first lessons."""
        changing = self._settings.counterfactual_share if remedy.kind is Kind.CHAIN_OF_THOUGHT else 0.0
        odd = round(changing * max(0, missing))
        size = self._settings.per_request
        if remedy.seeds:  # a request after each of them
            size = min(size, max(1, math.ceil(remedy.lessons / len(remedy.seeds))))
        for kind, total in ((remedy.kind, missing - odd), (Kind.COUNTERFACTUAL, odd)):
            for start in range(0, total, size):
                yield kind, min(size, total - start)

    def add_seed_problems(
        self, domain: Domain, requests: Sequence[LessonRequest], accepted: Sequence[Example], used: Sequence[str]
    ) -> tuple[LessonRequest, ...]:
        """The requests, each with a seed problem of its own, or with the problems that it is to change.

        Args:
            domain: Where the levels are described.
            requests: Those of one pass.
            accepted: The lessons so far; none of their problems is a seed, some are the sources of counterfactuals.
            used: The seed problems of earlier passes.
        """
        shown = {r.batch: self._samples(domain.module(r.module), r.level, r.seed) for r in requests}
        return Seeding(self._seed, self._avoid, self._bank).add_seed_problems(domain, requests, accepted, used, shown)

    def templates(self, domain: Domain, modules: Mapping[str, Sequence[Strategy]]) -> tuple[SolutionTemplate, ...]:
        """Have the one form made in which all solutions of each of these modules are written.

        Args:
            domain: Where they are described.
            modules: The strategies of their lessons, by module.

        Returns:
            One for each; without a line where the reply could not be read, and each request then makes its own.

        Raises:
            TeacherError: some requests were not answered; or as `Teacher.ask`.
        """
        calls = [
            Call(
                TemplateBrief(
                    module=module_brief(known, samples=self._samples(known, known.exam_level)),
                    strategies=tuple(modules[known.id]),
                    max_words=self._max_words,
                ),
                CallContext(
                    node="draft",
                    agent="adapter",
                    task=TemplateBrief.task,
                    module=known.id,
                    batch=f"{TemplateBrief.task}/{known.id}",
                ),
            )
            for known in map(domain.module, modules)
        ]
        outcomes = self._writer.ask(calls)
        require_answers(self._writer.spec, outcomes, "requests for solution templates")
        return tuple(
            SolutionTemplate(
                module=str(outcome.call.context.module),
                lines=outcome.reply.lines if isinstance(outcome.reply, TemplateReply) else (),
                teacher=outcome.teacher,
                event=outcome.event,
            )
            for outcome in outcomes
        )

    def draft(self, domain: Domain, requests: Sequence[LessonRequest], on_draft: Callable[[Draft], None]) -> None:
        """Have the lessons written; each draft is handed over as soon as it is there, in any order.

        A request that could go beyond `budget.teacher_tokens` is not made, and has no draft.

        Raises:
            TeacherError: some requests were not answered, and have no draft; or as `Teacher.ask`.
        """
        by_batch = {request.batch: request for request in requests}

        def take_outcome(outcome: Outcome) -> None:
            if is_lost(outcome) or is_unasked(outcome):
                return
            request = by_batch[str(outcome.call.context.batch)]
            reply = outcome.reply if isinstance(outcome.reply, LessonsReply) else LessonsReply(lessons=())
            on_draft(
                Draft(
                    request=request,
                    lessons=reply.lessons,
                    dropped=reply.dropped,
                    teacher=outcome.teacher,
                    event=outcome.event,
                    error=outcome.error,
                )
            )

        outcomes = self._writer.ask([self._call(domain, request) for request in requests], take_outcome)
        require_answers(self._writer.spec, outcomes, "requests for lessons")

    def _call(self, domain: Domain, request: LessonRequest) -> Call:
        module = domain.module(request.module)
        brief = LessonsBrief(
            module=module_brief(module, request.level, self._samples(module, request.level, request.seed)),
            level=request.level,
            kind=request.kind,
            strategies=request.strategies,
            count=request.count,
            seed=request.seed,
            seed_problem=request.seed_problem,
            sources=request.sources,
            misconception=request.misconception,
            mastered=request.mastered,
            template=request.template,
            max_words=self._max_words,
        )
        strategies = tuple(strategy.value for strategy in request.strategies)
        context = request.context("draft", "adapter", brief.task).model_copy(update={"strategies": strategies})
        return Call(brief, context)

    def _samples(self, module: Module, level: str, seed: int = 0) -> tuple[str, ...]:
        """A few problems of that level, so that a teacher sees their form.

        They are the same in each request where a generator makes them; of an item bank's seeds each request shows
        others, since they differ in more than their numbers.
        """
        source = module.levels[level]
        if not isinstance(source, Generator):
            seeds = shuffle_items(self._bank.seeds(module.id, level), seed)
            free = (item.question for item in seeds if item_key(item.question, item.answer) not in self._avoid)
            return tuple(islice(free, SAMPLES))
        if (module.id, level) not in self._shown:
            seed = lesson_seed(self._seed, f"samples/{module.id}/{level}")
            supplied = supply(source, seed=seed, exclude=self._avoid)
            self._shown[module.id, level] = tuple(item.question for item in islice(supplied, SAMPLES))
        return self._shown[module.id, level]

    def verify(
        self,
        domain: Domain,
        drafts: Sequence[Draft],
        on_checked: Callable[[Checked], None],
        later: Sequence[str] = (),
    ) -> None:
        """Check the lessons of drafts: what asks nobody first, then by solving the problems independently.

        Args:
            domain: Where the modules are described.
            drafts: What was written; the solutions of all of them are asked for together.
            on_checked: Given what is left of each draft as soon as that is known, in any order.
            later: Ids of the modules that only later stages teach.

        Raises:
            TeacherError: some solutions could not be had, and their drafts are not handed over; or as `Teacher.ask`.
        """
        self._checker.verify(domain, drafts, on_checked, later)
