"""Lessons of the next stage, written and verified while the stage before it is taught.

Only what a teacher does is done ahead, in a thread of its own: drafts and their verification, in a folder of their own.
When the stage begins, its requests are made as they would be anyway, and what was written ahead for the very same
requests is taken over; length, contamination and duplicates are checked then. So the lessons are the same with this and
without it, whatever was revised or taught in between.
"""

import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ioa.agents import Checked, Draft, LessonRequest, PedagogicalAdapter, is_here, refuse_lesson
from ioa.graph.context import RunContext
from ioa.graph.decisions import record_verdicts
from ioa.graph.lesson_refusals import refuse_too_long
from ioa.graph.round_lessons import later_modules
from ioa.graph.round_requests import make_requests
from ioa.memory import Domain, RefusalReason, Transcript
from ioa.memory.files import read_record, read_records, write_record, write_records
from ioa.memory.open_work import do_open
from ioa.memory.records import Record
from ioa.memory.transcript import CallContext
from ioa.training import Scorers

T = TypeVar("T")
_TICK = 0.2
"""Seconds between two looks at work that is waited for."""


class Later(Record):
    """What the verifier was told comes after the stage."""

    modules: tuple[str, ...]


class _StoppedError(Exception):
    """The work is not wanted any more."""


@dataclass
class _Work:
    """The first pass of a stage, as far as it is done ahead."""

    stage: int
    place: Path
    domain: Domain
    adapter: PedagogicalAdapter
    transcript: Transcript
    requests: Sequence[LessonRequest]
    later: tuple[str, ...]
    stopped: bool = False
    """Set from another thread: nothing more is asked for."""
    abandoned: bool = False
    """The process is about to end: not even the transcript is told."""
    done: int = 0
    """Requests that were drafted, then those that were verified."""
    task: str = "writing lessons"
    """What is being done, as it is shown."""
    trouble: str = ""
    """Why it ended early."""

    def run(self) -> None:
        """Write, then verify; what goes wrong is left to whoever takes over, and meets it in the foreground."""
        for task, agent, do in (("draft", "adapter", self._draft), ("verify", "verifier", self._verify)):
            if self.stopped or self.trouble:
                return
            context = CallContext(node=task, agent=agent, task=task, stage=self.stage, round=0)
            read = {"stage": self.stage, "round": 0, "ahead": 1}
            try:
                with self.transcript.visit(context, read) as decision:
                    text = self._attempt(do)
                    decision.lines.append(f"{text} of {len(self.requests)} requests, before the stage begins")
            except _StoppedError:
                return

    def _attempt(self, do: Callable[[], None]) -> str:
        self.done, self.task = 0, "verifying lessons" if do == self._verify else "writing lessons"
        try:
            do()
        except Exception as error:
            if self.abandoned:
                raise _StoppedError from error
            self.trouble = "" if isinstance(error, _StoppedError) else str(error) or type(error).__name__
            return f"{self.task.capitalize()} ahead stopped after {self.done}"
        return f"{self.task.capitalize()} ahead: {self.done}"

    def _draft(self) -> None:
        do_open(
            self.place / "drafts.jsonl",
            Draft,
            self.requests,
            key=lambda request: request.batch,
            made_key=lambda made: made.request.batch,
            make=lambda left, keep: self.adapter.draft(self.domain, left, lambda made: self._keep(keep, made)),
            on_progress=self._count,
        )

    def _verify(self) -> None:
        drafts = {made.request.batch: made for made in read_records(self.place / "drafts.jsonl", Draft)}
        do_open(
            self.place / "checked.jsonl",
            Checked,
            [drafts[request.batch] for request in self.requests],
            key=lambda made: made.request.batch,
            made_key=lambda checked: checked.batch,
            make=lambda left, keep: self.adapter.verify(
                self.domain, left, lambda checked: self._keep(keep, checked), self.later
            ),
            on_progress=self._count,
        )

    def _keep(self, keep: Callable[[T], None], made: T) -> None:
        keep(made)
        if self.stopped:
            raise _StoppedError

    def _count(self, done: int, _: int) -> None:
        self.done = done


class Ahead:
    """What a run has done ahead: of one stage at a time."""

    def __init__(self, ctx: RunContext) -> None:
        """Nothing is begun yet."""
        self._ctx = ctx
        self._work: _Work | None = None
        self._thread: threading.Thread | None = None
        self._scorers: Scorers | None = None

    def begin(self, stage: int, stages: int) -> None:
        """See that the first pass of that stage is under way, unless it is not wanted or is done.

        Args:
            stage: The stage after the one that is taught.
            stages: How many there are.
        """
        begun = self._work is not None and self._work.stage == stage
        if begun or stage > stages or not self._possible():
            return
        if self._ctx.curriculum().stages[stage - 1].consolidation:
            return  # what it asks for is known only when the gates before it have been passed or missed
        if (self._ctx.run.drafts(stage, 0, 0) / "requests.jsonl").exists():
            return
        ctx, place, later = self._ctx, self._ctx.run.ahead(stage), later_modules(self._ctx, stage)
        if not (place / "requests.jsonl").exists():
            write_record(place / "later.json", Later(modules=later))
            write_records(place / "requests.jsonl", make_requests(ctx, stage, 0, 0))
        requests = read_records(place / "requests.jsonl", LessonRequest)
        # One of its own: scorers keep workers that answer one thread.
        judge = ctx.teacher("judge")
        self._scorers = self._scorers or Scorers(ctx.config.scorers, judge=lambda: judge)
        adapter = ctx.new_adapter(self._scorers)
        later = read_record(place / "later.json", Later).modules
        self._work = _Work(stage, place, ctx.domain(), adapter, ctx.transcript(), requests, later)
        self._thread = threading.Thread(target=self._work.run, name="ahead", daemon=True)
        self._thread.start()

    def _possible(self) -> bool:
        """Whether there is somebody who could work meanwhile, and nothing to be waited for."""
        settings, config = self._ctx.config.synthesis, self._ctx.config
        if not settings.ahead or settings.choice == "bandit" or config.budget.bounds_teaching:
            return False  # what is left of a budget is known only when the stage before is over
        cast = config.roles.cast("adapter", config.teacher) + config.roles.cast("verifier", config.teacher)
        # What costs nothing is computed in this process.
        return not any(is_here(one) or self._ctx.endpoint(one).free for one in cast)

    def take_over(self, stage: int, requests: Sequence[LessonRequest], later: tuple[str, ...]) -> None:
        """Put what was done ahead for these very requests where the stage's first pass looks for it; drop the rest.

        Args:
            stage: The stage that begins.
            requests: Of its first pass.
            later: The modules that only later stages teach; what was verified with others is verified again.
        """
        place, target = self._ctx.run.ahead(stage), self._ctx.run.drafts(stage, 0, 0)
        asked = read_records(place / "requests.jsonl", LessonRequest)
        if not asked:
            return
        wanted = {request.batch for request in asked if request in requests}
        same_order = read_record(place / "later.json", Later).modules == later
        if same_order and len(wanted) == len(asked):
            self._wait()
        else:
            self._stop()
        drafts, checked = read_records(place / "drafts.jsonl", Draft), read_records(place / "checked.jsonl", Checked)
        kept = [made for made in drafts if made.request.batch in wanted]
        write_records(target / "drafts.jsonl", kept)
        if same_order:
            sound = [refuse_too_long(self._ctx, one) for one in checked if one.batch in wanted]
            write_records(target / "checked.jsonl", sound)
        self._ctx.message(f"{len(kept)} of {len(requests)} requests were answered while the stage before was taught")
        if checked and not same_order:
            self._ctx.message("Their lessons are verified again: other modules come after the stage now")
        self._drop(stage, asked, [made for made in drafts if made.request.batch not in wanted])

    def forget(self, stage: int) -> None:
        """Remove what was taken over."""
        if self._work is not None and self._work.stage == stage:
            self._work = self._thread = None
        shutil.rmtree(self._ctx.run.ahead(stage), ignore_errors=True)

    def drop_all(self) -> None:
        """Drop what was done for a stage that is not taught any more."""
        for place in sorted(self._ctx.run.ahead(1).parent.glob("stage-*.ahead")):
            self._stop()
            asked = read_records(place / "requests.jsonl", LessonRequest)
            if asked:
                self._drop(asked[0].stage, asked, read_records(place / "drafts.jsonl", Draft))
            shutil.rmtree(place)

    def close(self) -> None:
        """End the work at once, as the calls in flight are ended; it goes on when the run is resumed."""
        if self._work is not None and self._thread is not None and self._thread.is_alive():
            self._work.stopped = self._work.abandoned = True
            self._ctx.desk().close()
            self._thread.join()
        if self._scorers is not None:
            self._scorers.close()

    def _wait(self) -> None:
        work, thread = self._work, self._thread
        if work is None or thread is None:
            return
        while thread.is_alive():
            self._ctx.listener.progress(work.task, work.done, len(work.requests))
            thread.join(_TICK)
        if work.trouble:
            self._ctx.message(f"Writing ahead had stopped early: {work.trouble}")

    def _stop(self) -> None:
        if self._work is not None and self._thread is not None:
            self._work.stopped = True
            self._thread.join()

    def _drop(self, stage: int, asked: Sequence[LessonRequest], drafts: Collection[Draft]) -> None:
        """Refuse lessons that were written ahead and are not wanted; their answers stay in the ledger."""
        detail = f"written ahead for stage {stage}, which was then planned otherwise"
        refused = [refuse_lesson(made, RefusalReason.REPLANNED, detail, one) for made in drafts for one in made.lessons]
        if not refused:
            return
        self._ctx.store().refuse(refused)
        strategies = {request.batch: [one.value for one in request.strategies] for request in asked}
        record_verdicts(self._ctx, "draft", strategies, refused=refused)
        self._ctx.message(f"{len(refused)} lessons are dropped and were paid for: {detail}")


def ahead_of(ctx: RunContext) -> Ahead:
    """The one of a run."""
    if "ahead" not in ctx.parts:
        ctx.desk()  # opened before, so that it is closed after
        made = ctx.parts["ahead"] = Ahead(ctx)
        ctx.at_close(made.close)
    ahead: Ahead = ctx.parts["ahead"]
    return ahead
