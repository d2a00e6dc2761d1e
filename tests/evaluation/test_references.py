"""Reference answers score 1 and perturbed ones 0, through the reading and the scoring of an evaluation."""

import json
from pathlib import Path

import pytest
from tests.memory.published import FILES
from tests.needed import PUBLISHED, needs_published_files

from ioa.evaluation import load_benchmark
from ioa.evaluation.benchmark_sitting import Paper
from ioa.evaluation.conversations import attempt_of
from ioa.evaluation.item_choice import choose
from ioa.memory.records import SourceItem
from ioa.training import Scorers


def reference_number(item: SourceItem) -> str:
    return f"{item.metadata['solution']}\n#### {item.answer}"


def other_number(item: SourceItem) -> str:
    return f"{item.metadata['solution']}\n#### {int(item.answer.replace(',', '')) + 1}"


def reference_code(item: SourceItem) -> str:
    return f"Here it is:\n\n```python\n{item.answer}\n```"


def other_code(item: SourceItem) -> str:
    """The same function, but what it returns is wrapped: equal to nothing that a test expects."""
    name = item.metadata["entry_point"]
    wrapped = f"_right = {name}\ndef {name}(*args, **named):\n    return [_right(*args, **named), 'and more']"
    return f"```python\n{item.answer}\n{wrapped}\n```"


REPLIES = {"gsm8k": (reference_number, other_number), "mbpp": (reference_code, other_code)}


def grades(benchmark: str, file: Path) -> tuple[list[bool], list[bool]]:
    """Whether the reference of each item is right, and the perturbed one; the file's examples are items too."""
    settings = load_benchmark(benchmark).benchmark.model_copy(update={"examined": None})
    paper = Paper(settings, choose(settings, file, shots=0).items, settings.scorer)
    scorers = Scorers({settings.scorer: settings.options})
    made = [
        scorers.grade([settings.scorer] * len(paper.items), [attempt_of(item, reply(item)) for item in paper.items])
        for reply in REPLIES[benchmark]
    ]
    scorers.close()
    right, wrong = ([grade.correct and grade.score == 1 for grade in own] for own in made)
    return right, wrong


@pytest.mark.parametrize("benchmark", sorted(REPLIES))
def test_references_of_our_own_items_score_1_and_perturbed_ones_0(tmp_path, benchmark):
    file = tmp_path / "items.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in FILES[benchmark]))
    right, wrong = grades(benchmark, file)
    assert len(right) == len(FILES[benchmark])
    assert all(right)
    assert not any(wrong)


@needs_published_files
@pytest.mark.slow
@pytest.mark.parametrize(
    ("benchmark", "pattern"), [("gsm8k", "gsm8k_test*"), ("gsm8k", "gsm8k_train*"), ("mbpp", "mbpp*")]
)
def test_references_of_the_published_items_score_1_and_perturbed_ones_0(benchmark, pattern):
    (file,) = PUBLISHED.glob(f"{pattern}.jsonl")
    right, wrong = grades(benchmark, file)
    lines = sum(1 for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    print(f"{file.name}: {sum(right)} references and {sum(wrong)} perturbed ones right of {len(right)}")
    assert (len(right), sum(right), sum(wrong)) == (lines, lines, 0)
