"""Methods as a user runs them: one in two tasks, one of the user's own, and one that was killed in the middle."""

import json
import re
import signal
from pathlib import Path

import pytest
import yaml
from tests.small import ioa, start, write_config

from ioa.graph.config import RunConfig
from ioa.graph.method_port import configured, load_method
from ioa.memory.files import read_records
from ioa.memory.records import Example, ItemResult, Remedy
from ioa.memory.run_dir import RunDirectory
from ioa.training import is_complete

DOCS = Path(__file__).parents[2] / "docs" / "methods.md"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("methods")
    write_config(folder, budget={"lessons": 12}, examination={"diagnosis": 4, "gate": 2, "final": 2, "portion": 2})
    return folder


def method_run(place, name, *arguments):
    done = ioa("run", "run.yaml", "--run-id", name, *arguments, cwd=place)
    assert done.returncode == 0, done.stderr
    return RunDirectory.at(place / "runs", name), done


@pytest.fixture(scope="module")
def cascod(place):
    run, _ = method_run(place, "cascod", "--method", "cascod")
    return run


def shown(text):
    return [(name, code) for name, code in re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", text, re.DOTALL | re.M)]


@pytest.fixture(scope="module")
def mine(place):
    """The file of the documentation, as a reader would copy it."""
    ((name, code),) = shown(DOCS.read_text(encoding="utf-8"))
    (place / name).write_text(code, encoding="utf-8")
    return name


@pytest.mark.slow
def test_a_run_of_a_method_keeps_what_it_was_and_is_examined_in_two_steps(cascod):
    config = yaml.safe_load(cascod.config.read_text())
    assert config["method"] == {"name": "cascod", "options": {}}
    assert (config["training"]["tasks"], config["training"]["rationale_weight"]) == ("cascade", 0.7)
    assert json.loads(cascod.summary.read_text())["status"] == "finished"
    assert len(read_records(cascod.examples(1), Example)) == 12
    assert is_complete(cascod.adapter(1, 0))
    before, after = (read_records(cascod.scores(f"final-{when}"), ItemResult) for when in ("before", "after"))
    assert [one.probe for one in before] == [one.probe for one in after]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["show", "cascod"], ["method    cascod", "no gate", "12 accepted"]),
        (["why", "cascod", "sums/long"], ["Plain solutions to problems of all deficient modules", "trained"]),
        (["lessons", "cascod"], ["sums/short", "sums/long"]),
        (["transcript", "cascod", "--node", "plan"], ["Plain solutions"]),
        (["runs"], ["cascod", "finished"]),
        (["report", "cascod"], ["report.html"]),
        (["resume", "cascod"], ["finished already"]),
    ],
)
def test_what_reads_runs_reads_those_of_a_method(place, cascod, command, words):
    done = ioa(*command, cwd=place)
    assert done.returncode == 0, done.stderr
    for word in words:
        assert word in re.sub(r"[ \n]+", " ", done.stdout + done.stderr) or word in done.stdout + done.stderr


@pytest.mark.slow
def test_the_report_names_the_method_and_counts_no_gates(cascod):
    page = cascod.report.read_text()
    assert "method cascod" in page
    assert "the run had no gates" in page


@pytest.mark.slow
def test_a_benchmark_asks_the_student_of_two_tasks_in_both_steps(place, cascod, monkeypatch):
    from ioa.evaluation.examinee_names import Namer
    from ioa.evaluation.examinees import StudentSpeaker
    from ioa.training import FORMS, Student

    named = Namer(RunConfig(), [], place / "runs").name("cascod")
    assert (named.adapter, named.tasks) == (cascod.adapter(1, 0), "cascade")  # though no gate chose it
    assert "tasks" in named.fingerprint()
    bare = Namer(RunConfig(), [], place / "runs").name("cascod", bare=True)
    assert (bare.adapter, bare.tasks) == (None, "solution")

    asked, student = [], Student.load(named.weights)

    def write(prompts, *_, **__):
        asked.extend(prompts)
        replies = {"q": "1+1=2", "q\n1+1=2": "Answer: 2"}
        return [student.tokenizer(replies[prompt])["input_ids"] for prompt in prompts]

    monkeypatch.setattr(student, "write", write)
    (said,) = StudentSpeaker(student, (), FORMS[named.tasks]).speak(["q"], lambda *_: None)
    assert asked == ["q", "q\n1+1=2"]
    assert (said.text, said.generated_tokens) == ("1+1=2\nAnswer: 2", len("1+1=2") + len("Answer: 2"))


@pytest.mark.slow
@pytest.mark.parametrize("attribute", ["METHOD", "build"])
def test_the_method_of_the_documentation_teaches_a_run(place, mine, attribute):
    options = ("--set", "method.options.power=2") if attribute == "METHOD" else ()
    if attribute == "build":  # a function has no options: what the file reads of them is not there
        code = (place / mine).read_text().replace("read_options(ctx.config).power", "2")
        mine = "bare_method.py"
        (place / mine).write_text(code)
    run, done = method_run(place, f"own-{attribute}", "--method", f"./{mine}:{attribute}", *options)
    assert f"{mine}:{attribute}" in done.stderr + done.stdout
    config = yaml.safe_load(run.config.read_text())
    assert config["method"]["name"] == f"{place}/{mine}:{attribute}"
    assert config["curriculum"]["stages"] == ("one" if attribute == "METHOD" else "by-prerequisites")
    assert sum(wish.lessons for wish in read_records(run.remedies(1, 0), Remedy)) == 12
    assert is_complete(run.adapter(1, 0))


def test_the_method_of_the_documentation_has_an_option(place, mine):
    method = load_method(f"{place}/{mine}:METHOD")
    assert list(method.options.model_fields) == ["power"]
    config = configured(RunConfig.model_validate({"method": f"{place}/{mine}:METHOD"}))
    assert config.curriculum.stages == "one"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["training", r"student, pool-after-01"])
def test_after_kill_9_a_method_goes_on_and_ends_as_if_nothing_had_happened(place, moment):
    options = ("--method", "llm2llm", "--set", "method.options.iterations=2")
    whole = RunDirectory.at(place / "runs", "llm2llm")
    if not whole.root.exists():
        method_run(place, "llm2llm", *options)
    run = RunDirectory.at(place / "runs", f"killed-{moment.partition(',')[0]}")
    process = start("run", "run.yaml", "--run-id", run.run_id, *options, cwd=place)
    for line in process.stderr:
        if re.match(rf"\s+{moment}\S*: [1-9]", line):
            process.send_signal(signal.SIGKILL)
            break
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL
    assert not run.scores("final-after").exists()
    resumed = ioa("resume", run.run_id, cwd=place)
    assert resumed.returncode == 0, resumed.stderr
    first, second = ([one.problem for one in read_records(one.examples(1), Example)] for one in (run, whole))
    assert first == second
    for label in ("pool-after-01", "final-after"):
        assert run.scores(label).read_bytes() == whole.scores(label).read_bytes()
    for round_ in (0, 1):
        ours, theirs = (one.adapter(1, round_) / "adapter_model.safetensors" for one in (run, whole))
        assert ours.read_bytes() == theirs.read_bytes()
    assert run.remedies(1, 1).read_bytes() == whole.remedies(1, 1).read_bytes()


@pytest.mark.slow
def test_after_kill_9_a_run_keeps_within_its_tokens_and_says_what_it_left(place):
    limits = {"training_tokens": 1500, "teacher_tokens": 12_000}
    options = [f"--set=budget.{name}={limit}" for name, limit in limits.items()]
    options += ["--set=budget.lessons=null", "--set=training.epochs=20", "--set=training.checkpoint_every=1"]
    process = start("run", "run.yaml", "--run-id", "tokens", "--method", "direct-sft", *options, cwd=place)
    for line in process.stderr:
        if re.match(r"\s+training\S*: [1-9]", line):
            process.send_signal(signal.SIGKILL)
            break
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL
    assert ioa("resume", "tokens", cwd=place).returncode == 0
    run = RunDirectory.at(place / "runs", "tokens")
    summary = json.loads(run.summary.read_text())
    assert summary["status"] == "finished"
    for name, limit in limits.items():
        found = summary["budget"][name]
        assert 0 < found["used"] <= limit
        assert found["used"] + found["left"] == found["limit"] == limit
    log = json.loads((run.adapter(1, 0) / "training.json").read_text())
    assert (log["cut"], log["tokens"]) == (True, summary["budget"]["training_tokens"]["used"])
    assert log["steps"][-1]["learning_rate"] < 0.5 * max(step["learning_rate"] for step in log["steps"])
    shown = re.sub(r"\s+", " ", ioa("show", "tokens", cwd=place).stdout)
    assert f"training tokens {log['tokens']:,} of 1,500 used; teacher tokens" in shown
    assert "of 12,000 used" in run.report.read_text()


def test_a_method_is_drawn_with_its_own_nodes(place, mine):
    drawn = {name: ioa("graph", "--method", name, cwd=place) for name in ("ioa", "lion", f"./{mine}:METHOD")}
    assert [done.returncode for done in drawn.values()] == [0, 0, 0]
    assert ["select(select)" in done.stdout for done in drawn.values()] == [False, True, False]
    assert ["assess(assess)" in done.stdout for done in drawn.values()] == [True, False, False]
