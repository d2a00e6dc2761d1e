"""lm-evaluation-harness with a student of ours: its numbers and ours agree item by item."""

import importlib.util
import json
from pathlib import Path

import pytest
import yaml
from tests.evaluation.test_eval import GATE
from tests.training.lessons import make_example
from tests.training.tiny import make_tiny_student

from ioa.evaluation import Choice, Evaluation, EvaluationFolder, Namer, evaluate, load_benchmark
from ioa.evaluation.harness import HarnessTask
from ioa.evaluation.harness import evaluate as run_harness
from ioa.graph.config import RunConfig
from ioa.graph.listeners import Listener
from ioa.memory.errors import UserError
from ioa.memory.files import write_record, write_text
from ioa.memory.records import Assessment
from ioa.memory.run_dir import RunDirectory
from ioa.training import Student, StudentSettings, TrainingSettings, train

pytestmark = pytest.mark.slow
needs_harness = pytest.mark.skipif(importlib.util.find_spec("lm_eval") is None, reason="lm-eval is not installed")
TAUGHT = [(f"{n}+{n % 4}=?", str(n + n % 4)) for n in range(1, 9)]
CUT = len("So:\nAnswer: 1")
"""Tokens of a reply, which are bytes; the tiny student cannot learn to end one, and a number of two digits is cut."""
UNTAUGHT = [(f"{n}-1=?", str(n - 1)) for n in range(3, 7)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run whose tiny student learnt eight sums by heart, an item set with four others too, and a task on it."""
    import torch

    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("harness")
    settings = StudentSettings(model=str(make_tiny_student(root / "student")), dtype="float32", device="cpu")
    run = RunDirectory.at(root / "runs", "demo")
    write_text(run.config, RunConfig.model_validate({"student": settings.model_dump()}).to_yaml())
    write_record(run.assessment(1, 0), Assessment(stage=1, round=0, gate=(GATE,), adapter="adapters/stage-01-round-0"))
    lessons = [make_example(place, q, ("So:",), a) for place, (q, a) in enumerate(TAUGHT)]
    by_heart = TrainingSettings(epochs=60, learning_rate=1e-2, batch_size=8)
    train(Student.load(settings), lessons, start=None, out=run.adapter(1, 0), settings=by_heart, seed=1)
    rows = [{"question": q, "answer": a} for q, a in [*TAUGHT, *UNTAUGHT]]
    (root / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {
        "task": "our_sums",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(root / "items.jsonl")}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{question}}",
        "doc_to_target": "{{answer}}",
        "generation_kwargs": {"until": ["<|im_end|>"], "max_gen_toks": CUT},
        "filter_list": [
            {
                "name": "final",
                "filter": [{"function": "regex", "regex_pattern": r"Answer: (\d+)"}, {"function": "take_first"}],
            }
        ],
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }
    (root / "tasks").mkdir()
    (root / "tasks/our_sums.yaml").write_text(yaml.safe_dump(task))
    return root


def names(folder: Path, *, bare: bool = False):
    namer = Namer(RunConfig(), [], folder / "runs")
    first = namer.name("demo", bare=bare)
    return (first,) if bare else (first, namer.other("bare", first))


def harness(folder: Path, out: str, **changes) -> HarnessTask:
    settings = {
        "task": "our_sums",
        "include": folder / "tasks",
        "chat": True,
        "examinees": names(folder),
        "choice": Choice(batch_size=4),
        "seed": 7,
        "folder": EvaluationFolder(folder / out),
        **changes,
    }
    return HarnessTask(**settings)


@needs_harness
def test_the_harness_and_our_scorer_agree_item_by_item(folder, monkeypatch):
    ours = evaluate(
        Evaluation(
            load_benchmark("items"),
            folder / "items.jsonl",
            names(folder),
            Choice(max_new_tokens=CUT, batch_size=4),
            RunConfig(),
            EvaluationFolder(folder / "ours"),
        ),
        Listener(),
    )
    theirs = run_harness(harness(folder, "theirs"), Listener())
    assert 5 <= ours.examinees[0].k <= 11  # what it learnt by heart, and not everything
    assert ours.examinees[1].k < ours.examinees[0].k
    mine = {(line.examinee, line.question): line for line in EvaluationFolder(folder / "ours").outcomes().values()}
    lines = EvaluationFolder(folder / "theirs").outcomes().values()
    assert len(lines) == len(mine) == 24
    for line in lines:
        own = mine[line.examinee, json.loads(line.question)["question"]]
        assert (line.prompt, line.reply.strip(), line.correct) == (own.prompt, own.reply, own.correct)
    assert theirs.harness["demo"]["results"]["our_sums"]["exact_match,final"] == pytest.approx(ours.examinees[0].mean)
    assert theirs.paired == ours.paired
    assert theirs.settings.harness["version"] == theirs.versions["lm-eval"]
    assert theirs.examinees[0].seconds > 0

    monkeypatch.setattr("ioa.training.Student.load", lambda *_: pytest.fail("the student was loaded again"))
    again = run_harness(harness(folder, "theirs"), Listener())
    assert again.examinees == theirs.examinees
    with pytest.raises(UserError, match="limit: None there, 2 now"):
        run_harness(harness(folder, "theirs", choice=Choice(batch_size=4, limit=2)), Listener())


@needs_harness
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": "no_such_task"}, ["knows no task 'no_such_task'"]),
        ({"task": "gsm8k"}, ["data of task gsm8k cannot be had", "data_files: FILE"]),
        ({"include": Path("no-such-folder")}, ["--include-path no-such-folder"]),
        ({"choice": Choice(scorer="match")}, ["--scorer", "Leave it out"]),
        ({"examinees": (Namer(RunConfig(), [], Path("runs")).name("tutor"),)}, ["tutor:arithmetic is a teacher"]),
    ],
)
def test_what_the_harness_cannot_do_is_one_message(folder, tmp_path, changes, words):
    changed = {"examinees": names(folder, bare=True), **changes}
    with pytest.raises(UserError) as caught:
        run_harness(harness(folder, str(tmp_path / "out"), **changed), Listener())
    for word in words:
        assert word in str(caught.value)


def test_without_the_extra_the_message_says_what_to_install(folder, tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "lm_eval" else found(name))
    with pytest.raises(UserError, match=r"pip install 'ioa\[lm-eval\]'"):
        run_harness(harness(folder, str(tmp_path / "out")), Listener())


@needs_harness
def test_a_group_counts_all_its_tasks_and_choices_are_no_written_tokens(folder):
    tasks = folder / "group"
    tasks.mkdir()
    rows = [{"question": f"{i}+1=?", "choices": [str(i + 1), str(i + 2)], "answer": 0} for i in range(3)]
    (folder / "mc.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    choices = {
        "task": "our_choices",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(folder / "mc.jsonl")}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{answer}}",
        "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
        "metadata": {"version": 1.0},
    }
    (tasks / "our_choices.yaml").write_text(yaml.safe_dump(choices))
    (tasks / "our_sums.yaml").write_text((folder / "tasks/our_sums.yaml").read_text())
    (tasks / "our_group.yaml").write_text(yaml.safe_dump({"group": "our_group", "task": ["our_choices", "our_sums"]}))
    run = harness(folder, "grouped", task="our_group", include=tasks, examinees=names(folder, bare=True))
    result = run_harness(run, Listener())
    assert (result.items, result.examinees[0].n) == (15, 15)
    lines = [one for one in EvaluationFolder(folder / "grouped").outcomes().values() if "our_choices" in one.item]
    assert [line.generated_tokens for line in lines] == [0, 0, 0]
    assert all(line.score in {0, 1} for line in lines)


def test_a_number_that_is_no_score_is_an_error_of_the_item():
    from types import SimpleNamespace

    from ioa.evaluation.harness import outcomes_of

    sample = {
        "doc_id": 0, "doc": {}, "target": "", "arguments": [("p", "c")], "resps": [["r"]], "filtered_resps": ["r"],
        "filter": "none", "metrics": ["ter"], "ter": 55.0,
    }  # fmt: skip
    student = SimpleNamespace(tokenizer=lambda text, **_: {"input_ids": list(text)})
    (line,) = outcomes_of("s", {"t": [sample]}, student)
    assert (line.score, line.correct) == (None, None)
    assert line.error.startswith("ter is 55, which is no score from 0 to 1")


@pytest.mark.parametrize(
    ("reply", "found", "score", "unread"),
    [
        ("Answer: 3", "3", 1.0, None),
        ("Answer: 4", "4", 0.0, None),
        ("I would rather not say.", "[invalid]", 0.0, True),
        (" ", "", 0.0, True),
        ("[invalid]", "[invalid]", 1.0, None),
    ],
)
def test_what_a_filter_of_the_harness_did_not_find_is_unread(reply, found, score, unread):
    from types import SimpleNamespace

    from ioa.evaluation.harness import outcomes_of

    sample = {
        "doc_id": 0, "doc": {}, "target": "3", "arguments": [("p", "c")], "resps": [[reply]],
        "filtered_resps": [found], "filter": "final", "metrics": ["exact_match"], "exact_match": score,
    }  # fmt: skip
    student = SimpleNamespace(tokenizer=lambda text, **_: {"input_ids": list(text)})
    (line,) = outcomes_of("s", {"t": [sample]}, student)
    assert (line.unread, line.correct) == (unread, score == 1)
