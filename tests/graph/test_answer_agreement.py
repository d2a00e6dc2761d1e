"""The domain's scorers in a run: two answers compared as they do, and what is found before anything is asked."""

import pytest

from ioa.agents import Roles, SynthesisSettings, TeacherSettings
from ioa.graph.answer_agreement import agree, check_scorers
from ioa.graph.config import RunConfig
from ioa.memory.domains.bank import ItemBank
from ioa.memory.domains.packs import load_domain
from ioa.memory.errors import ScoringError, UserError
from ioa.memory.records import BankItem, Module, Source, SourceItem, Written
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
    assert agree(Scorers(), ItemBank(), made, made.exam_level, "a problem that was written", one, other) is same


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
    assert agree(opened, bank(*scorers), GIVEN, "given", "another problem", one, other) is same


def test_a_scorer_that_cannot_work_is_no_disagreement():
    class Broken(Scorers):
        def grade(self, names, attempts, on_progress=None):
            raise ScoringError("it does not start")

    with pytest.raises(ScoringError):
        agree(Broken(), bank("math"), GIVEN, "given", "p", "1", "2")


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
