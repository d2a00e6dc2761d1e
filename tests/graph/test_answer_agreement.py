"""The domain's scorers in a run: two answers compared as they do, and what is found before anything is asked."""

import json
from contextlib import closing
from functools import partial

import pytest

from ioa.agents import Draft, LessonRequest, Roles, SynthesisSettings, Teacher, TeacherSettings
from ioa.agents.exchange import Lesson
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.agents.verification import LessonVerifier
from ioa.graph.answer_agreement import answers_agree, check_scorers
from ioa.graph.config import RunConfig
from ioa.memory.domains.bank import ItemBank
from ioa.memory.domains.packs import load_domain
from ioa.memory.errors import ScoringError, UserError
from ioa.memory.records import Attempt, BankItem, Domain, Kind, Module, Source, SourceItem, Written
from ioa.memory.transcript import Transcript
from ioa.training import Scorers

PACK = load_domain("arithmetic")


@pytest.mark.parametrize(
    ("module", "one", "other", "same"),
    [
        ("addition/carrying", "132", "132", True),
        ("addition/carrying", "132", "The sum is 132", True),  # the family's verifier reads numbers out of texts
        ("addition/carrying", "132", "132 or 133", False),
        ("addition/carrying", "132", "-132", False),
        ("addition/carrying", "", "132", False),
        ("decimals/sums", "12.5", "12.50", True),
        ("fractions/simplify", "1/2", "2/4", False),
        ("fractions/simplify", "1/2", "1/2", True),
        ("number-theory/gcd", "6", "12", False),
    ],
)
def test_answers_agree_as_they_do_in_an_examination(module, one, other, same):
    made = PACK.module(module)
    assert answers_agree(Scorers(), ItemBank(), made, made.exam_level, "a problem that was written", one, other) is same


GIVEN = Module(id="a/b", description="x", levels={"given": Written(items="y")}, exam_level="given")


@pytest.fixture(scope="module")
def opened():
    scorers = Scorers()
    yield scorers
    scorers.close()


def bank(*scorers):
    told = {"module": "a/b", "level": "given", "answer": "1", "origin": "given", "verified": True, "purpose": "probe"}
    return ItemBank(BankItem(id=str(n), question=f"q{n}", scorer=name, **told) for n, name in enumerate(scorers))


@pytest.mark.parametrize(
    ("scorers", "one", "other", "same"),
    [
        (["math"], r"\frac{1}{2}", "0.5", True),
        (["math"], r"\frac{1}{2}", "0.6", False),
        (["math", "math"], "(1,2)", "(1, 2)", True),
        (["math", "exact"], r"\frac{1}{2}", "0.5", False),  # nobody knows which of them would be asked
        (["numeric"], "1234", "$1,234", True),
        (["numeric"], "east", "south", False),
        (["choice"], "B", "(B)", True),
        (["choice"], "B", "C", False),
        (["exact"], "B", "B", True),
        ([""], r"\frac{1}{2}", "0.5", False),
        (["rouge-l"], "a fox jumps over a dog", "a fox jumps over the dog", False),
        (["unit-tests"], "def f(): return 1", "def f(): return 2", False),
        ([], "1", "1.0", True),
    ],
)
def test_answers_to_given_items_agree_as_the_scorer_of_the_items_has_it(opened, scorers, one, other, same):
    assert answers_agree(opened, bank(*scorers), GIVEN, "given", "another problem", one, other) is same


def test_a_scorer_that_cannot_work_is_no_disagreement():
    class Broken:
        def grade(self, attempts, on_progress=None):
            raise ScoringError("it does not start")

    scorers = Scorers()
    scorers._open["math"] = Broken()

    with pytest.raises(ScoringError):
        answers_agree(scorers, bank("math"), GIVEN, "given", "p", "1", "2")


def source(*scorers):
    items = tuple(SourceItem(question=f"q{n}", answer="1", scorer=name) for n, name in enumerate(scorers))
    return Source(name="n", description="d", items=items)


UNVERIFIED = SynthesisSettings(verify=False)
LLM = Roles(judge=(TeacherSettings(model="openai:gpt-5-mini", base_url="http://127.0.0.1:9/v1"),))


@pytest.mark.parametrize(
    ("config", "scorers", "said"),
    [
        (RunConfig(scorers={"numbers": {}}), [], r"scorers.numbers: .* Installed here: .*numeric"),
        (
            RunConfig(scorers={"numeric": {"absolut": 1}}),
            [],
            r"scorers.numeric.absolut: unknown field; known here: abs",
        ),
        (RunConfig(scorers={"math": {"seconds": 0}}), [], r"scorers.math.seconds: "),
        (RunConfig(scorers={"choice": {"letters": 4}}), [], r"scorers.choice.letters: "),
        (RunConfig(), ["numbers"], "names the scorer .numbers.: there is no such scorer"),
        (RunConfig(), ["rouge-l", "exact"], r"rouge-l, which grades whole replies.*Set synthesis.verify: false"),
        (RunConfig(roles=LLM), ["judge"], r"synthesis.verify"),
        (RunConfig(synthesis=UNVERIFIED), ["judge"], r"tutor:arithmetic cannot judge.*roles: {judge:"),
    ],
)
def test_scorers_that_cannot_work_are_found_before_anything_is_asked(config, scorers, said):
    with pytest.raises(UserError, match=f"(?s){said}"):
        check_scorers(config, source(*scorers))


def test_scorers_that_can_work_are_let_pass():
    check_scorers(RunConfig(), PACK)
    check_scorers(RunConfig(scorers={"numeric": {"absolute": 0.5}}), source("numeric", "math", "exact", "choice", ""))
    check_scorers(RunConfig(synthesis=UNVERIFIED, roles=LLM), source("judge", "rouge-l"))


ROMAN = """
from ioa.memory.errors import UserError
from ioa.memory.records import Grade

VALUES = {"i": 1, "v": 5, "x": 10}


def number(text):
    digits = [VALUES[sign] for sign in text.strip().lower()]
    return sum(-one if one < following else one for one, following in zip(digits, [*digits[1:], 0]))


class Roman:
    def grade(self, attempts, on_progress=None):
        pairs = [(attempt.reply.rpartition(":")[2], attempt.answer) for attempt in attempts]
        right = [bool(found.strip()) and number(found) == number(answer) for found, answer in pairs]
        return [Grade(score=float(ok), correct=ok) for ok in right]

    def close(self):
        pass


class Essay(Roman):
    whole_reply = True


def open_roman(context):
    if context.options:
        raise UserError(f"scorers.roman: unknown options {sorted(context.options)}")
    return Roman()


def open_essay(context):
    return Essay()
"""


@pytest.fixture
def roman(tmp_path):
    path = tmp_path / "roman.py"
    path.write_text(ROMAN, encoding="utf-8")
    return path


@pytest.mark.parametrize(("answer", "kept"), [("IIII", True), ("iv", True), ("VI", False), ("four", False)])
def test_lessons_are_verified_by_a_scorer_of_a_users_own(roman, tmp_path, answer, kept):
    config = RunConfig(scorers={"roman": {"plugin": f"{roman}:open_roman"}})
    check_scorers(config, source("roman"))
    domain = Domain(name="n", description="d", modules=(GIVEN,))
    lesson = Lesson(problem="Write 2+2.", steps=("2+2",), answer="IV", verification="")
    request = LessonRequest(
        batch="b", module="a/b", stage=1, round=0, kind=Kind.CHAIN_OF_THOUGHT, level="given",
        strategies=(), count=1, seed=1,
    )  # fmt: skip
    model = ScriptedModel(json.dumps({"steps": [], "answer": answer, "module": ""}))
    scorers = Scorers(config.scorers)
    with closing(scorers), closing(Teacher.of(model, spec="s:m", transcript=Transcript(tmp_path / "t"))) as teacher:
        verifier = LessonVerifier(
            teacher,
            SynthesisSettings(solutions=1),
            partial(answers_agree, scorers, bank("roman")),
            lambda module, level: (),
        )
        found = []
        verifier.verify(domain, [Draft(request=request, lessons=(lesson,), teacher="t", event="e")], found.append, ())
    assert [example.answer for example in found[0].sound] == (["IV"] if kept else [])


def test_a_scorer_of_a_users_own_may_say_that_its_replies_cannot_be_compared(roman):
    config = RunConfig(scorers={"essay": {"plugin": f"{roman}:open_essay"}})
    with pytest.raises(UserError, match="scorer essay, which grades whole replies"):
        check_scorers(config, source("essay"))
    assert Scorers(config.scorers).has_many_answers("essay")


def test_the_file_of_a_scorer_is_named_in_the_run_file_and_never_in_a_pack(roman, monkeypatch):
    named = f"{roman}:open_roman"
    with pytest.raises(UserError, match=r"Domain n: the scorer .* may not name code .* scorers: {NAME: {plugin: .*}}"):
        check_scorers(RunConfig(), source(named))
    with pytest.raises(UserError, match="may not name code"):
        Scorers().grade([named], [Attempt(question="q", answer="I", reply="I", family="")])
    monkeypatch.chdir(roman.parent)
    config = RunConfig(scorers={"roman": {"plugin": "./roman.py:open_roman"}})
    assert config.scorers["roman"]["plugin"] == named
    monkeypatch.chdir("/")
    assert Scorers(config.scorers).same_answer("roman", "p", "IV", "IIII")
    options = {"plugin": named, "loud": True}
    with pytest.raises(UserError, match=r"scorers.roman: unknown options \['loud'\]"):
        check_scorers(RunConfig(scorers={"roman": options}), source("roman"))
