"""The samples of lm-evaluation-harness as lines of results."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ioa.evaluation.benchmark_sitting import now
from ioa.evaluation.folder import Outcome

if TYPE_CHECKING:
    from ioa.training import Student


def outcomes_of(
    label: str, samples: Mapping[str, Sequence[Mapping[str, Any]]], student: "Student"
) -> Iterator[Outcome]:
    """A line for each sample and filter.

    Args:
        label: Of the examinee.
        samples: As the harness logs them, by task.
        student: Whose tokens are counted.
    """
    for task, own in samples.items():
        for sample in own:
            number = str(sample["doc_id"])
            yield _line(label, f"{task}/{number}" if len(samples) > 1 else number, task, sample, student)


def counted(lines: Iterable[Outcome]) -> list[Outcome]:
    """Of each item the line of its first filter, which is the one that is added up."""
    first: dict[tuple[str, str], Outcome] = {}
    for line in lines:
        first.setdefault((line.examinee, line.item), line)
    return list(first.values())


def _line(label: str, item: str, task: str, sample: Mapping[str, Any], student: "Student") -> Outcome:
    metrics = {name: sample[name] for name in sample["metrics"] if isinstance(sample.get(name), int | float)}
    name, value = next(iter(metrics.items()), ("no number", None))
    written = _is_text(sample["resps"])
    prompt, reply = _asked(sample), _said(sample["resps"])
    count = student.tokenizer
    score = float(value) if value is not None and 0 <= value <= 1 else None
    return Outcome(
        item=item,
        examinee=label,
        question=json.dumps(sample["doc"], ensure_ascii=False, default=str),
        prompt=prompt,
        expected=str(sample["target"]),
        reply=reply,
        scorer=f"{task}, {sample['filter']}, {name}",
        extracted=_said(sample["filtered_resps"]),
        score=score,
        correct=None if score is None else score == 1,
        error=_no_grade(name, value) if score is None else "",
        prompt_tokens=len(count(prompt, add_special_tokens=False)["input_ids"]),
        generated_tokens=len(count(reply, add_special_tokens=False)["input_ids"]) if written else 0,
        time=now(),
        facts={"metrics": metrics, "filter": sample["filter"]},
    )


def _no_grade(name: str, value: float | None) -> str:
    if value is None:
        return "the harness has no number for it"
    return f"{name} is {value:g}, which is no score from 0 to 1; the harness's own sum is in result.json"


def _asked(sample: Mapping[str, Any]) -> str:
    """The first request's context; what follows it differs between the choices of one item."""
    arguments = sample["arguments"]
    first = next(iter(arguments.values())) if isinstance(arguments, Mapping) else arguments[0]
    told = next(iter(first.values())) if isinstance(first, Mapping) else first[0]
    return str(told)


def _is_text(responses: Any) -> bool:
    """Whether something was written; a task with choices compares how probable they are, and nothing is."""
    while isinstance(responses, list | tuple) and responses:
        responses = responses[0]
    return isinstance(responses, str)


def _said(responses: Any) -> str:
    """The text that was generated; else what there is, as JSON."""
    while isinstance(responses, list | tuple) and len(responses) == 1:
        responses = responses[0]
    return responses if isinstance(responses, str) else json.dumps(responses, default=str)
