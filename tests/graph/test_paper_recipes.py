"""The recipes of the paper, as far as no GPU and no key allow: read, priced, and run with a tiny student.

Their items are made here, in the formats of the benchmarks and under the names that the recipes expect.
"""

import gzip
import json
import re
import shutil
from itertools import count, product
from pathlib import Path

import pytest
import yaml
from tests.openai_server import completion, serve
from tests.small import ioa
from tests.training.exams.sandboxes import isolated
from tests.training.tiny import make_tiny_student

from ioa.agents.tutor import open_tutor
from ioa.graph.config import RunConfig, load_config

RECIPES = Path("configs/paper")
TEACHERS = ("openai:o1", "deepseek:deepseek-reasoner")
STUDENTS = [
    *(f"Qwen/Qwen2.5-{size}" for size in ("3B", "7B", "14B")),
    "meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-3.2-3B",
]
TOPICS = ("red", "green", "blue")
"""Of the questions that are made here: the module of each."""
_BLOCK = re.compile(r"^```json\n(.*?)\n```", re.DOTALL | re.MULTILINE)


def sum_of(topic, number):
    """A question that nobody asks twice, and its answer."""
    left, right = 11 + number, 3 + 7 * number
    return f"In the {topic} house there are {left} cats and {right} dogs. How many animals is that?", left + right


def math_items(topic, number):
    question, answer = sum_of(topic, number)
    return {
        "gsm8k_train": {"question": question, "answer": f"They are {answer}.\n#### {answer}"},
        "math_train": {
            "problem": question.replace("house", "barn"),
            "solution": f"So \\boxed{{{answer}}}.",
            "level": "1",
            "type": "A",
        },
    }


def instruction_items(topic, number):
    question, answer = sum_of(topic, number)
    return {"dolly_train": {"instruction": question, "context": "", "response": f"{answer} animals", "category": "qa"}}


def academic_items(topic, number):
    question, answer = sum_of(topic, number)
    choices = [str(answer + shift) for shift in (-2, 0, 5, 9)]
    return {"mmlu_test": {"question": question, "subject": topic, "choices": choices, "answer": 1}}


def code_items(topic, number):
    name = f"add_to_{topic}_{number}"
    return {
        "mbpp_train": {
            "text": f"Write a function {name} that adds {number} to what the {topic} house has.",
            "task_id": f"{topic}{number}",
            "code": f"def {name}(x):\n    return x + {number}",
            "test_list": [f"assert {name}({n}) == {n + number}" for n in (1, 2, 5)],
        }
    }


ITEMS = {"math": math_items, "instruction": instruction_items, "academic": academic_items, "code": code_items}
HELD_BACK = {
    "math": ["gsm8k_test.jsonl", "math500.jsonl", "aime2024.jsonl"],
    "instruction": ["dolly_eval.jsonl", "vicuna.jsonl"],
    "academic": ["gpqa_diamond.csv"],
    "code": ["HumanEval.jsonl.gz", "mbpp_test.jsonl"],
}
"""What lessons must keep away from."""


FEW = 28
"""Items of each topic."""
SMALL = {
    "decomposition": {"least": 2, "most": 3},
    "examination": {"diagnosis": 4, "gate": 4, "final": 4},
    "diagnosis": {"estimators": ["teacher"], "top_share": 1.0},
    "synthesis": {"per_module": 8, "per_request": 4, "per_remedy": 4, "solutions": 1},
    "mastery": {"rounds": 1},
    "training": {"epochs": 1, "batch_size": 8, "max_length": 512},
}
"""What makes a recipe small enough for a test."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the recipes and their files, from which the command line is called."""
    shutil.copytree(RECIPES, tmp_path / RECIPES)
    monkeypatch.setenv("OPENAI_API_KEY", "none-is-needed")
    monkeypatch.setenv("DEEPSEEK_API_KEY", "none-is-needed")
    for name, items_of in ITEMS.items():
        for topic, number in product(TOPICS, range(FEW)):
            for file, item in items_of(topic, number + 100 * TOPICS.index(topic)).items():
                with (tmp_path / RECIPES / f"domains/{file}.jsonl").open("a") as lines:
                    lines.write(json.dumps(item) + "\n")
        for file in HELD_BACK[name]:
            held_back = tmp_path / RECIPES / "domains" / file
            line = json.dumps({"question": "What is the colour of an orange?"}) + "\n"
            if file.endswith(".gz"):
                held_back.write_bytes(gzip.compress(line.encode()))
            else:
                held_back.write_text("Question\nWhat is the colour of an orange?\n" if file.endswith(".csv") else line)
    return tmp_path


@pytest.mark.parametrize("name", ITEMS)
def test_a_recipe_has_the_settings_of_the_paper(name):
    recipe = load_config(str(RECIPES / f"{name}.yaml"))
    training, lora = recipe.training, recipe.training.lora
    assert (lora.rank, lora.alpha, lora.dropout) == (16, 32, 0.05)
    assert (training.learning_rate, training.batch_size, training.epochs, training.max_length) == (1e-4, 128, 3, 4096)
    assert (training.betas, training.weight_decay, training.clip, training.warmup) == ((0.9, 0.95), 0.01, 1.0, 0.03)
    assert (recipe.diagnosis.tau_gap, recipe.diagnosis.tau_dep, recipe.diagnosis.alpha) == (0.3, 0.3, 0.7)
    assert (recipe.curriculum.tau_zpd, recipe.curriculum.cycles, recipe.diagnosis.top_share) == (0.15, 1, 0.25)
    assert (recipe.mastery.tau_mastery, recipe.mastery.rounds, recipe.practice.rounds) == (0.9, 5, 0)
    assert recipe.synthesis.per_request == 10  # J
    assert len(recipe.synthesis.strategies) == 5


def test_what_stands_in_all_recipes_is_the_same_in_each():
    own = {"domain", "student", "roles", "decomposition", "examination", "synthesis", "budget"}
    recipes = [load_config(str(RECIPES / f"{name}.yaml")).model_dump(exclude=own) for name in ITEMS]
    assert all(recipe == recipes[0] for recipe in recipes)


@pytest.mark.parametrize("name", ITEMS)
def test_a_recipe_is_priced_for_each_teacher_and_takes_each_student(place, name):
    recipe = f"configs/paper/{name}.yaml"
    totals = []
    for teacher in TEACHERS:
        done = ioa("estimate", recipe, "--set", f"teacher.model={teacher}", cwd=place)
        assert done.returncode == 0, done.stderr
        dollars = [float(found.replace(",", "")) for found in re.findall(r"\$([\d,.]*\d)", done.stdout)]
        totals.append(max(dollars))
    assert totals[0] > 20 * totals[1] > 0  # as their list prices are, 53 times or more
    for student in STUDENTS:
        loaded = yaml.safe_load((place / recipe).read_text()) | {"student": {"model": student}}
        assert RunConfig.model_validate(loaded).student.model == student


class Script:
    """A teacher that knows the items of these tests, and leaves to the tutor what takes no knowledge of them."""

    def __init__(self, name):
        self.name, self.numbers, self.tutor = name, count(5000), open_tutor("arithmetic")

    def __call__(self, body):
        text = body["messages"][-1]["content"]
        brief = json.loads(_BLOCK.findall(text)[-1])
        answer = getattr(self, brief["task"], None)
        return completion(self.tutor.invoke(text).text if answer is None else json.dumps(answer(brief)))

    def decompose(self, _):
        modules = [{"name": topic, "description": f"Questions of the {topic} house."} for topic in TOPICS]
        return {"categories": [{"name": "houses", "modules": modules}]}

    def tag(self, brief):
        by_topic = {topic: module["id"] for module in brief["modules"] for topic in TOPICS if topic in module["id"]}
        tags = [{"item": item["item"], "module": by_topic[self.topic_of(item["question"])]} for item in brief["items"]]
        return {"tags": tags}

    def solve(self, brief):
        module = next(
            (one["id"] for one in brief.get("candidates", ()) if self.topic_of(brief["problem"]) in one["id"]), ""
        )
        return {"steps": ["It is counted."], "answer": self.answer_of(brief["problem"]), "module": module}

    def template(self, _):
        return {"lines": ["It is counted.", "Answer: <answer>"]}

    def lessons(self, brief):
        return {"lessons": [self.lesson(self.topic_of(brief["module"]["id"])) for _ in range(brief["count"])]}

    def lesson(self, topic):
        item, *_ = ITEMS[self.name](topic, next(self.numbers)).values()
        problem = self.asked(item)
        answer = self.answer_of(problem)
        return {
            "problem": problem, "original": ["It is counted.", f"Answer: {answer}"],
            "steps": ["It is counted."], "answer": answer, "verification": "Counted again.",
        }  # fmt: skip

    def grade(self, brief):
        return {"reason": "Looked at.", "grade": 9 if self.answer_of(brief["question"]) in brief["answer"] else 2}

    def asked(self, item):
        if self.name == "code":
            return "\n".join([item["text"], "", "Your code should pass these tests:", "", *item["test_list"]])
        if self.name == "academic":
            return (
                item["question"]
                + "\n\n"
                + "\n".join(f"{letter}. {one}" for letter, one in zip("ABCD", item["choices"], strict=True))
            )
        return item.get("question") or item["instruction"]

    def topic_of(self, text):
        return next(topic for topic in TOPICS if topic in text)

    def answer_of(self, problem):
        if self.name == "code":
            name, number = re.search(r"(add_to_[a-z]+_(\d+))", problem).groups()
            return f"def {name}(x):\n    return x + {number}"
        if self.name == "academic":
            return "B"
        left, right = re.search(r"(\d+) cats and (\d+) dogs", problem).groups()
        return str(int(left) + int(right))


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=isolated) if name == "code" else name for name in ITEMS])
def test_a_recipe_runs_with_a_tiny_student_and_a_scripted_teacher(place, name):
    config = load_config(str(place / RECIPES / f"{name}.yaml")).model_dump(mode="json")
    for section, keys in SMALL.items():
        config[section] |= keys
    student = make_tiny_student(place / "student")
    config["student"] |= {
        "model": str(student),
        "max_new_tokens": 96,  # of a student whose tokens are bytes
        "dtype": "float32",
        "threads": 1,
        "batch_size": 32,
    }
    (place / "small.yaml").write_text(yaml.safe_dump(config))
    with serve(Script(name)) as server:
        config["teacher"] |= {"base_url": server.base_url}
        for judge in config["roles"]["judge"]:
            judge["base_url"] = server.base_url
        (place / "small.yaml").write_text(yaml.safe_dump(config))
        done = ioa("run", "small.yaml", "--run-id", "paper", cwd=place)
    assert done.returncode == 0, done.stderr
    run = place / "runs/paper"
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "finished"
    lessons = [line for path in run.glob("examples/stage-*.jsonl") for line in path.read_text().splitlines()]
    assert len(lessons) >= 8
    assert all(
        gap["teacher"]["k"] == gap["teacher"]["n"] for gap in json.loads((run / "diagnosis.json").read_text())["gaps"]
    )
