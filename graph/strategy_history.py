"""What a run has learnt of the strategies, read from its files."""

from collections.abc import Iterable, Sequence

from ioa.agents import LessonRequest
from ioa.agents.strategy_choice import Round, Taught, learn
from ioa.memory import Assessment, Diagnosis, Domain, Example
from ioa.memory.files import read_record, read_records
from ioa.memory.records import Strategy, StrategyRecord
from ioa.memory.run_dir import RunDirectory
from ioa.training import best_round


def learnt(
    run: RunDirectory, domain: Domain, examples: Iterable[Example], assessments: Iterable[Assessment]
) -> StrategyRecord:
    """What those assessments say of the strategies.

    Args:
        run: Where the diagnosis and the requests are.
        domain: The run's.
        examples: Its accepted lessons.
        assessments: Those to be learnt from.
    """
    asked: dict[Taught, tuple[Strategy, ...]] = {}
    examined = sorted(assessments, key=lambda one: (one.stage, one.round))
    for one in examined:
        for request in read_records(run.drafts(one.stage, one.round, 0) / "requests.jsonl", LessonRequest):
            asked.setdefault((request.module, one.stage, one.round), request.strategies)
    return learn(domain, read_diagnosis(run), examined, starts(examined), examples, asked)


def starts(assessments: Sequence[Assessment]) -> dict[Round, Round]:
    """For each assessment the one whose adapter the training before it went on from: the best round until then.

    Args:
        assessments: Oldest first.
    """
    found: dict[Round, Round] = {}
    for place, one in enumerate(assessments):
        stages = [earlier.stage for earlier in assessments[:place]]
        if stages:
            best = best_round([earlier for earlier in assessments[:place] if earlier.stage == stages[-1]])
            found[one.stage, one.round] = best.stage, best.round
    return found


def read_diagnosis(run: RunDirectory) -> Diagnosis | None:
    """The diagnosis; none before it is made."""
    return read_record(run.diagnosis, Diagnosis) if run.diagnosis.exists() else None
