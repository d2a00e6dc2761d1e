import json

import pytest

from ioa.agents.diagnoser import Diagnoser
from ioa.agents.exchange import FailedItem
from ioa.agents.quotation import without_items
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.agents.teacher import Teacher
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.memory.domains.packs import load_domain
from ioa.memory.records import ItemResult, Score
from ioa.memory.transcript import Transcript

PACK = load_domain("arithmetic")
MODULE = "addition/carrying"
PLACED = json.dumps({"assignments": [{"probe": "gate/addition/carrying/001", "misconception": "1"}]})


def failed(question="Calculate 47 + 85.", expected="132", reply="Answer: 122"):
    return ItemResult(
        probe="gate/addition/carrying/001",
        module=MODULE,
        question=question,
        expected=expected,
        reply=reply,
        extracted="122",
        correct=False,
    )


@pytest.fixture
def diagnoser(tmp_path):
    opened = []

    def open_(*script):
        teacher = Teacher.of(ScriptedModel(*script), spec="test:model", transcript=Transcript(tmp_path / "t.jsonl"))
        opened.append(teacher)
        return Diagnoser(teacher, DiagnosisSettings())

    yield open_
    for teacher in opened:
        teacher.close()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It forgets the carry; for 'Calculate 47 + 85.' it gave 122.", "It forgets the carry"),
        ("It forgets the carry. In 85 plus 47 it is lost.", "It forgets the carry."),
        ("It forgets the carry, as with 19 + 3.", "It forgets the carry, as with 19 + 3."),
        ("Calculate 47 + 85.", ""),
        ("It adds the ones; see 'Calculate 47\n+ 85', for one.", "It adds the ones"),
    ],
)
def test_a_finding_does_not_give_the_examination_away(text, left):
    item = FailedItem(probe="p", question="Calculate 47 + 85.", expected="132", reply="122")
    assert without_items(text, [item]) == left


def test_a_quoted_item_does_not_reach_the_planner_or_the_writer(diagnoser):
    finding = {"module": MODULE, "misconception": "It drops the carry; 47+85 became 122.", "probes": [failed().probe]}
    reply = json.dumps({"findings": [finding], "note": "Begin with the carry. 47 + 85 shows it."})
    analysis = diagnoser(reply, PLACED).analyse(PACK, [MODULE], [failed()], node="remediate", stage=1, round_=1)
    (found,) = analysis.confirmed
    assert found.summary == "It drops the carry"
    assert found.probes == (failed().probe,)
    assert analysis.note.startswith("Begin with the carry. Of 1")


def test_a_finding_keeps_the_probes_that_were_shown_however_it_writes_its_module(diagnoser):
    findings = [
        {"module": "Addition, carrying", "misconception": "It drops the carry.", "probes": ["made-up", failed().probe]},
        {"module": "made/up", "misconception": "it drops the carry", "probes": ["made-up"]},
    ]
    reply = json.dumps({"findings": findings, "note": ""})
    analysis = diagnoser(reply, PLACED).analyse(PACK, [MODULE], [failed()], node="diagnose")
    assert [(f.module, f.named, f.probes) for f in analysis.all] == [(MODULE, (failed().probe,), (failed().probe,))]


def test_a_teacher_that_cannot_be_read_leaves_the_packs_own_prerequisites_and_no_findings(diagnoser):
    mute = diagnoser("I do not know.")
    graph = mute.prerequisites(PACK)
    assert {edge.estimator for edge in graph.edges} == {"pack"}
    assert graph.broken == ()
    assert mute.analyse(PACK, [MODULE], [failed()], node="diagnose").all == ()


def test_a_module_the_teacher_cannot_do_is_reported_and_not_targeted(diagnoser):
    student = {module.id: Score(k=0, n=10) for module in PACK.modules}
    teacher = {module.id: Score(k=10, n=10) for module in PACK.modules} | {MODULE: Score(k=0, n=10)}
    diagnosis, note = diagnoser("?").diagnose(PACK, student, teacher, [])
    assert MODULE not in diagnosis.targets
    assert MODULE in note.text
