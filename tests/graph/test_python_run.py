"""Complete runs whose answers are programs: they are taught over several lines and judged by running them."""

import ast
import json

import pytest
import yaml
from tests.openai_server import completion, serve
from tests.small import ioa, write_config
from tests.training.exams.sandboxes import isolated

from ioa.agents.tutor import open_tutor
from ioa.memory.domains.procedural import draw
from ioa.memory.records import Generator

pytestmark = [pytest.mark.slow, isolated]


def human_eval_items(path, topics, count):
    """Items of our own in HumanEval's format."""
    lines = []
    for topic in topics:
        family = Generator(family="python_functions", params={"topic": topic})
        for number, item in enumerate(draw(family, seed=88_000_000, count=count)):
            body = item.answer.split("\n", 1)[1] + "\n"
            name = item.metadata["entry_point"]
            tests = "".join(f"    {test.replace(f'{name}(', 'candidate(', 1)}\n" for test in item.metadata["tests"])
            prompt = item.metadata["prompt"]
            lines.append({
                "task_id": f"{topic}/{number}", "prompt": prompt, "entry_point": name, "canonical_solution": body,
                "test": f"def check(candidate):\n{tests}",
            })  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_a_run_on_items_in_humanevals_format_with_a_teacher_over_http(tmp_path):
    human_eval_items(tmp_path / "items.jsonl", ("expression", "map"), 24)
    pack = {"name": "programs", "description": "Short Python functions.", "items": "items.jsonl"}
    (tmp_path / "programs.yaml").write_text(yaml.safe_dump(pack), encoding="utf-8")
    config = write_config(
        tmp_path, domain=str(tmp_path / "programs.yaml"), mastery={"rounds": 0},
        decomposition={"least": 2, "most": 3, "samples": 6},
        student={"max_new_tokens": 160}, synthesis={"per_module": 8, "introductory_share": 0, "solutions": 1},
    )  # fmt: skip
    tutor = open_tutor("python")
    with serve(lambda body: completion(tutor.invoke(body["messages"][-1]["content"]).text)) as server:
        done = ioa(
            "run", config, "--teacher", "openai:served", "--teacher-base-url", server.base_url, "--run-id", "he",
            cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs/he"
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "finished"
    lessons = [
        json.loads(line) for path in run.glob("examples/stage-*.jsonl") for line in path.read_text().splitlines()
    ]
    assert len(lessons) >= 8
    for lesson in lessons:
        (function,) = ast.parse(lesson["answer"]).body
        assert f"def {function.name}(" in lesson["problem"]
    probes = [json.loads(line) for line in (run / "domain/probes.jsonl").read_text().splitlines()]
    assert {probe["scorer"] for probe in probes} == {"unit-tests"}
    assert not {probe["question"] for probe in probes} & {lesson["problem"] for lesson in lessons}
    scores = json.loads((run / "diagnosis.json").read_text())["gaps"]
    assert all(gap["teacher"]["k"] == gap["teacher"]["n"] > 0 for gap in scores)
