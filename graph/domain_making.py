"""Making the run's domain of a description or an item set, and keeping every answer that it took."""

from ioa.agents import Answered, Decomposer, Journal
from ioa.graph.context import RunContext
from ioa.memory import Note, Split, open_embedder
from ioa.memory.files import append_records, read_record, read_records, write_record, write_records
from ioa.memory.records import Decomposition, Source


def make_domain(ctx: RunContext) -> None:
    """Have the source decomposed, unless the domain is there; a call that was answered before is not made again.

    Raises:
        UserError: there are too few modules or items.
        TeacherError: the teacher does not answer.
    """
    run, config = ctx.run, ctx.config
    if run.domain.exists():
        return
    source = read_record(run.source, Source)
    known = read_records(run.answers, Answered)
    if known:
        ctx.message(f"{len(known)} answers about the domain are there already")
    made = Decomposer(
        ctx.teacher("diagnoser"),
        ctx.teacher("verifier"),
        config.decomposition,
        Journal(known, lambda answered: append_records(run.answers, [answered])),
        embed=open_embedder(config.embedder).embed,
        many_answers=ctx.scorers().has_many_answers,
        probes=sum(config.examination.size(split) for split in Split),
        reserve=config.examination.kept,
        seed=config.seed,
        say=ctx.message,
        work=ctx.listener.progress,
    ).decompose(source)
    write_records(run.items, made.items)
    write_records(run.refused_items, made.refused)
    write_record(run.decomposition, made.record)
    write_record(run.domain, made.domain)  # last: it says that the rest is there


def decomposition_notes(ctx: RunContext) -> list[Note]:
    """What a person should know of how the domain was made."""
    if not ctx.run.decomposition.exists():
        return []
    record = read_record(ctx.run.decomposition, Decomposition)
    return [Note(sender="diagnoser", receiver="user", text=warning) for warning in record.warnings]
