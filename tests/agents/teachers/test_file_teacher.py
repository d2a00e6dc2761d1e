"""A teacher that is a function in somebody's file: opened like any other, and never taken for a provider."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from ioa.agents import TeacherSettings, check_teacher
from ioa.agents.exchange import SolveBrief
from ioa.agents.teacher import Call, Teacher
from ioa.agents.teachers import CallDesk, Endpoint
from ioa.agents.teachers.opening import start_model
from ioa.evaluation.examinee_names import Namer
from ioa.graph.config import RunConfig, override
from ioa.memory.errors import UserError
from ioa.memory.transcript import CallContext, Transcript

DOCS = Path(__file__).parents[3] / "docs" / "teachers.md"
OPEN = """
from ioa.agents.tutor import open_tutor


def open_it(name):
    return open_tutor(name or "arithmetic")


def open_nothing(name):
    return name
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "my_teacher.py").write_text(OPEN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("spec", ["./my_teacher.py:open_it", "my_teacher.py:open_it:arithmetic"])
def test_it_answers_like_any_other_teacher(folder, spec, monkeypatch):
    settings = TeacherSettings(model=spec)
    assert settings.model.startswith(f"{folder}/my_teacher.py:open_it")
    monkeypatch.chdir("/")
    check_teacher(settings)
    desk = CallDesk(Transcript(folder / "transcript.jsonl"))
    with start_model(settings) as model:
        teacher = Teacher([Endpoint(model, settings)], desk)
        context = CallContext(node="n", agent="examinee", task="solve")
        (outcome,) = teacher.ask([Call(SolveBrief(problem="Calculate 2 + 3."), context)])
    desk.close()
    assert outcome.reply.answer == "5"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("./my_teacher.py:open_nothing:x", r"open_nothing of .* returned str, not a LangChain chat model"),
        ("./my_teacher.py:nosuch", r"has no 'nosuch'\. It defines open_it, open_nothing"),
        ("./nowhere.py:open_it", r"there is no file .*/nowhere\.py"),
        ("my_teacher.py:open_it:nosuch", "nosuch"),
    ],
)
def test_one_that_cannot_be_opened_is_said_before_anything_is_asked(folder, spec, said):
    with pytest.raises(UserError, match=said):
        check_teacher(TeacherSettings(model=spec))


@pytest.mark.parametrize("spec", ["./my_teacher.py", "my_teacher.py:1", "gpt-5", "Open:x"])
def test_other_names_are_neither_a_file_nor_a_provider(spec):
    with pytest.raises(ValidationError, match=r"expected provider:model or \./FILE\.py:FUNCTION"):
        TeacherSettings(model=spec)


def test_a_run_and_an_examination_keep_its_absolute_path(folder, monkeypatch):
    config = override(RunConfig(), ["teacher.model=./my_teacher.py:open_it", "embedder=./e.py:E", "domain=./d.py:D"])
    assert config.teacher.model == f"{folder}/my_teacher.py:open_it"
    assert (config.embedder, config.domain) == (f"{folder}/e.py:E", f"{folder}/d.py:D")
    named = Namer(config, [], folder / "runs").name("./my_teacher.py:open_it")
    assert (named.kind, named.teacher.model) == ("teacher", f"{folder}/my_teacher.py:open_it")
    monkeypatch.chdir("/")
    assert RunConfig.model_validate(config.model_dump()) == config


def test_the_function_of_the_documents_package_may_stay_in_its_file(folder):
    text = DOCS.read_text(encoding="utf-8")
    ((_, shown),) = re.findall(r"^`(ioa_teacher_inhouse\.py)`\n\n```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (folder / "inhouse.py").write_text(shown, encoding="utf-8")
    with start_model(TeacherSettings(model="./inhouse.py:open_teacher:scholar")) as model:
        assert model.model == "scholar"
