"""A run computes to its end as it began, and its clock counts what its student does."""

import pytest
from tests.training.lessons import make_sums
from tests.training.tiny import make_tiny_student

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.memory.files import read_record, write_record
from ioa.memory.run_dir import RunDirectory
from ioa.training import Execution, TrainingSettings, train
from ioa.training.continuous_batching import common_beginning


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = make_tiny_student(tmp_path_factory.mktemp("student"))
    student = {"model": str(folder), "dtype": "float32", "threads": 1, "batch_size": 4, "max_new_tokens": 8}
    return RunConfig.model_validate({"student": student})


def test_a_resumed_run_computes_as_its_folder_says(config, tmp_path):
    run = RunDirectory.at(tmp_path, "r")
    RunContext(run, config).student()
    kept = read_record(run.execution, Execution)
    assert (kept.dtype, kept.threads, kept.batch_size) == ("float32", 1, 4)
    other = kept.model_copy(update={"dtype": "bfloat16", "batch_size": 9})
    write_record(run.execution, other)
    student = RunContext(run, config).student()
    assert (str(student.model.dtype), student.batch_size) == ("torch.bfloat16", 9)
    assert read_record(run.execution, Execution) == other


def test_a_student_that_was_opened_before_the_run_had_a_folder_is_kept_and_counted_too(config, tmp_path):
    student = RunContext(RunDirectory.at(tmp_path, "before"), config).student()
    ctx = RunContext(RunDirectory.at(tmp_path, "r"), config, parts={"student": student})
    ctx.prepare()
    assert read_record(ctx.run.execution, Execution) == student.execution
    replies = student.write(["1+1", "2+2+2", "3"])
    settings = TrainingSettings(epochs=2, batch_size=2)
    log = train(student, make_sums(3), start=None, out=tmp_path / "a", settings=settings, seed=1)
    done = ctx.clock().timing().activities
    assert (done["generation"].items, done["generation"].tokens) == (3, sum(map(len, replies)))
    assert (done["training"].items, done["training"].tokens) == (6, log.tokens)
    assert done["training"].seconds > done["teacher"].seconds == 0
    prompts = [student.format.encode(text) for text in ("1+1", "2+2+2", "3")]
    # What they all begin with is read once.
    read = sum(map(len, prompts)) - 2 * len(common_beginning(prompts))
    assert done["generation"].flops == student.cost.generation(read, sum(map(len, replies)))
