"""What a run has learnt of the strategies, read from its files."""

from collections.abc import Iterable

from ioa.agents import LessonRequest
from ioa.agents.strategies import Taught, learn
from ioa.memory import Assessment, Curriculum, Diagnosis, Domain, Example
from ioa.memory.files import read_record, read_records
from ioa.memory.records import Strategy, StrategyRecord
from ioa.memory.run_dir import RunDirectory


def learnt(
    run: RunDirectory,
    domain: Domain,
    curriculum: Curriculum | None,
    examples: Iterable[Example],
    assessments: Iterable[Assessment],
) -> StrategyRecord:
    """What those assessments say of the strategies.

    Args:
        run: Where the diagnosis and the requests are.
        domain: The run's.
        curriculum: The run's, if it has one yet.
        examples: Its accepted lessons.
        assessments: Those to be learnt from.
    """
    asked: dict[Taught, tuple[Strategy, ...]] = {}
    examined = list(assessments)
    for one in examined:
        requests = read_records(run.drafts(one.stage, one.round, 0) / "requests.jsonl", LessonRequest)
        for request in requests:
            asked.setdefault((request.module, one.stage, one.round), request.strategies)
    return learn(domain, read_diagnosis(run), curriculum, examined, examples, asked)


def read_diagnosis(run: RunDirectory) -> Diagnosis | None:
    """The diagnosis; none before it is made."""
    return read_record(run.diagnosis, Diagnosis) if run.diagnosis.exists() else None
