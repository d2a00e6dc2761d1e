"""From a description or an item set to a domain with items, with good and with bad teachers."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioa.agents import Decomposer, DecompositionSettings, Journal, Teacher, TeacherError
from ioa.agents.exchange import SolveBrief
from ioa.agents.teacher import Call, Outcome
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.agents.tutor import open_tutor
from ioa.agents.tutor.tutor_model import reply_to
from ioa.memory import open_embedder
from ioa.memory.domains.packs import GIVEN
from ioa.memory.errors import UserError
from ioa.memory.records import Attempt, Module, Source, SourceItem, Written
from ioa.memory.similarity import normalise
from ioa.memory.transcript import CallContext, Transcript
from ioa.training import Scorers

EMBED = open_embedder("wordllama").embed
PROBES = 5
SMALL = DecompositionSettings(seeds=3, per_request=4, least=2, most=4, passes=2)
ADDITION = Source(name="addition", description="Adding whole numbers.", topics=("addition",))


def brief_of(messages):
    blocks = [block for message in messages for block in re.findall(r"```json\n(.*?)\n```", message.text, re.DOTALL)]
    return json.loads(blocks[-1])


class Asked(list):
    """Briefs in the order in which they were put, by way of a model that answers them with a function."""

    def model(self, **tasks):
        def reply(messages):
            brief = brief_of(messages)
            self.append(brief)
            answer = tasks.get(brief["task"])
            return reply_to(messages, "arithmetic") if answer is None else json.dumps(answer(brief))

        return ScriptedModel(reply)

    def of(self, task):
        return [brief for brief in self if brief["task"] == task]


@pytest.fixture(scope="module")
def decomposer(tmp_path_factory):
    def make(model, config=SMALL, journal=None, said=None):
        transcript = Transcript(tmp_path_factory.mktemp("t") / "transcript.jsonl")
        teacher = Teacher.of(model, spec="scripted:x", transcript=transcript)
        say = said.append if said is not None else lambda _: None
        return Decomposer(
            teacher,
            teacher,
            config,
            journal or Journal(),
            embed=EMBED,
            many_answers=lambda _: False,
            probes=PROBES,
            seed=7,
            say=say,
        )

    return make


def named(*names):
    """A proposal of modules of one category."""
    modules = [{"name": name, "description": f"{name}.", "levels": []} for name in names]
    return {"categories": [{"name": "c", "modules": modules}]}


def numbered(brief):
    """Items that the verifier of these tests, the tutor, can solve; no two the same."""
    start = 10 * len(brief["avoid"]) + (500 if brief["module"]["id"].endswith("two") else 0)
    start += 100 if brief["level"] == "standard" else 0
    return {"items": [{"question": f"{n} + 1 =", "answer": str(n + 1)} for n in range(start, start + brief["count"])]}


def test_the_tutor_makes_a_domain_of_a_description(decomposer):
    said = []
    made = decomposer(open_tutor("arithmetic"), DecompositionSettings(seeds=3), said=said).decompose(ADDITION)
    assert [module.id for module in made.domain.modules] == [
        "addition/one-digit", "addition/carrying", "addition/multi-term",
    ]  # fmt: skip
    for module in made.domain.modules:
        assert list(module.levels) == ["introductory", "standard"]
        own = [item for item in made.items if item.module == module.id]
        assert [sum((i.level, i.purpose) == which for i in own) for which in
                [("introductory", "seed"), ("standard", "probe"), ("standard", "seed")]] == [3, PROBES, 3]  # fmt: skip
    assert all(item.verified and item.origin == "written" for item in made.items)
    assert len({normalise(item.question) for item in made.items}) == len(made.items)
    (warning,) = made.record.warnings
    assert "3 modules, not between 25 and 35" in warning
    assert warning in said
    assert made.record.difficulty["addition/one-digit"] < made.record.difficulty["addition/multi-term"]


def test_a_number_out_of_bounds_is_asked_for_once_more_with_the_reason(decomposer):
    asked, replies = Asked(), [named("a", "b", "c", "d", "e"), named("one", "two")]
    made = decomposer(asked.model(decompose=lambda _: replies[len(asked.of("decompose")) - 1], items=numbered))
    found = made.decompose(Source(name="x", description="y"))
    assert [module.id for module in found.domain.modules] == ["c/one", "c/two"]
    first, second = asked.of("decompose")
    assert first["remark"] == ""
    assert "5 modules" in second["remark"]
    assert "between 2 and 4" in second["remark"]
    assert found.record.warnings == ()


def test_the_nearer_of_two_proposals_is_taken_with_a_warning(decomposer):
    asked, replies = Asked(), [named("one", "two", "c", "d", "e"), named(*"abcdefgh")]
    model = asked.model(decompose=lambda _: replies[len(asked.of("decompose")) - 1], items=numbered)
    found = decomposer(model).decompose(Source(name="x", description="y"))
    assert any("named 5 modules" in warning for warning in found.record.warnings)
    assert len(asked.of("decompose")) == 2


def test_fewer_than_two_modules_are_an_error(decomposer):
    with pytest.raises(UserError, match="named 1 modules of the domain x"):
        decomposer(Asked().model(decompose=lambda _: named("one"))).decompose(Source(name="x", description="y"))
    with pytest.raises(UserError, match="named 0 modules"):
        decomposer(open_tutor("arithmetic")).decompose(Source(name="novels", description="French novels."))


def test_a_teacher_that_names_nothing_readable_stops_the_run(decomposer):
    with pytest.raises(TeacherError, match="could not decompose x"):
        decomposer(Asked().model(decompose=lambda _: "I would rather not")).decompose(Source(name="x", description="y"))


def test_wrong_answers_are_refused_and_what_is_missing_is_asked_for_again(decomposer):
    asked = Asked()

    def items(brief):
        found = numbered(brief)["items"]
        if not brief["avoid"] and brief["level"] == "standard":
            found[0]["answer"] = "12345"
            found[1] = found[2]
            found[3]["question"] = " "
        return {"items": found}

    made = decomposer(asked.model(decompose=lambda _: named("one", "two"), items=items)).decompose(
        Source(name="x", description="y")
    )
    wrong = [item for item in made.refused if item.answer == "12345"]
    assert wrong
    assert all(item.reason == "answer" and "0 of 3 independent solutions" in item.detail for item in wrong)
    assert {item.reason for item in made.refused} == {"answer", "duplicate"}
    assert not {item.id for item in made.refused if item.reason == "answer"} & {item.id for item in made.items}
    assert len(made.items) == 2 * (3 + 3 + PROBES)
    later = [brief for brief in asked.of("items") if brief["avoid"]]
    assert later
    assert len({(brief["seed"]) for brief in asked.of("items")}) == len(asked.of("items"))


@pytest.mark.parametrize(("right", "kept"), [(1, False), (2, True)])
def test_the_majority_of_the_solutions_decides(decomposer, right, kept):
    times = {}

    def solve(brief):
        problem = brief["problem"]
        times[problem] = times.get(problem, 0) + 1
        number = int(problem.split()[0]) + 1
        return {"steps": [], "answer": str(number if times[problem] <= right else number + 1)}

    model = Asked().model(decompose=lambda _: named("one", "two"), items=numbered, solve=solve)
    config = SMALL.model_copy(update={"solutions": 3})
    if kept:
        assert len(decomposer(model, config).decompose(Source(name="x", description="y")).items) == 22
    else:
        with pytest.raises(UserError, match="0 of its 2 modules have enough items"):
            decomposer(model, config).decompose(Source(name="x", description="y"))


def test_the_passes_are_bounded_and_a_module_without_enough_items_is_left_out_and_said_so(decomposer):
    asked, said = Asked(), []

    def items(brief):
        return {"items": []} if brief["module"]["id"] == "c/three" else numbered(brief)

    model = asked.model(decompose=lambda _: named("one", "two", "three"), items=items)
    made = decomposer(model, said=said).decompose(Source(name="x", description="y"))
    assert made.record.left_out == ("c/three",)
    assert f"c/three is left out: it has 0 items, and {PROBES + 3} are needed." in said
    fruitless = [brief for brief in asked.of("items") if brief["module"]["id"] == "c/three"]
    assert len(fruitless) == 2 * SMALL.passes


def sums(count, **fields):
    return tuple(SourceItem(question=f"Calculate {n} + 5.", answer=str(n + 5), **fields) for n in range(count))


def products(count):
    return tuple(SourceItem(question=f"Calculate {n} * 5.", answer=str(5 * n)) for n in range(2, count + 2))


def test_the_tutor_names_the_modules_of_an_item_set_and_tags_its_items(decomposer):
    poems = (SourceItem(question="Who wrote Faust?", answer="Goethe"),)
    double = (SourceItem(question="calculate 3+5", answer="9"),)
    source = Source(name="x", description="y", items=(*sums(9), *poems, *products(9), *double))
    made = decomposer(open_tutor("arithmetic")).decompose(source)
    assert {module.id for module in made.domain.modules} == {"addition/one-digit", "multiplication/table"}
    assert all(list(module.levels) == [GIVEN] for module in made.domain.modules)
    assert len(made.items) == 18
    assert all(("*" in item.question) == (item.module == "multiplication/table") for item in made.items)
    assert {(item.question, item.reason) for item in made.refused} == {
        ("Who wrote Faust?", "untagged"), ("calculate 3+5", "duplicate"),
    }  # fmt: skip
    assert "1 of 20 items belong to none of the modules." in made.record.warnings


def test_what_the_teacher_saw_when_it_named_the_modules_is_no_probe(decomposer):
    asked = Asked()
    made = decomposer(asked.model()).decompose(Source(name="x", description="y", items=(*sums(11), *products(11))))
    seen = {sample for brief in asked.of("decompose") for sample in brief["samples"]}
    assert len(seen) == 22 // 4
    assert seen <= {item.question for item in made.items if item.purpose == "seed"}


def given_module(name):
    return Module(id=name, description=f"{name}.", levels={GIVEN: Written(items="x")}, exam_level=GIVEN)


def test_an_item_that_names_its_module_needs_no_tag(decomposer):
    asked = Asked()
    source = Source(name="x", description="y", modules=(given_module("s/a"),), items=sums(9, module="s/a"))
    made = decomposer(asked.model()).decompose(source)
    assert asked == []
    assert len(made.items) == 9


def test_tags_that_are_missing_or_unknown_are_asked_for_again(decomposer):
    asked = Asked()

    def tag(brief):
        if len(asked.of("tag")) == 1:
            return {"tags": [{"item": 1, "module": "s/a"}, {"item": "2", "module": "nosuch"}, {"item": "9"}]}
        return {"tags": [{"item": item["item"], "module": "s/a"} for item in brief["items"]]}

    source = Source(name="x", description="y", modules=(given_module("s/a"),), items=sums(10))
    made = decomposer(asked.model(tag=tag)).decompose(source)
    first, second = asked.of("tag")
    assert len(first["items"]) == 10
    assert len(second["items"]) == 8
    assert len(made.items) == 9
    assert [item.reason for item in made.refused] == ["untagged"]


def test_too_few_items_are_told_before_anybody_is_asked(decomposer):
    asked = Asked()
    with pytest.raises(UserError, match=r"has 15 different items, but 2 modules with 5 .* need 16"):
        decomposer(asked.model()).decompose(Source(name="x", description="y", items=sums(15)))
    assert asked == []


def test_a_module_with_too_few_items_is_left_out_with_its_items(decomposer):
    modules = (given_module("s/a"), given_module("s/b").model_copy(update={"prerequisites": ("s/a",)}))
    few = (SourceItem(question="Calculate 1 * 2.", answer="2", module="s/a"),)
    source = Source(name="x", description="y", modules=modules, items=(*few, *sums(9, module="s/b")))
    made = decomposer(Asked().model()).decompose(source)
    assert [module.id for module in made.domain.modules] == ["s/b"]
    assert made.domain.modules[0].prerequisites == ()
    assert [(item.module, item.reason) for item in made.refused] == [("s/a", "module left out")]


class KilledError(Exception):
    """Stands for the end of the process."""


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 200))
def test_interrupted_anywhere_it_goes_on_without_asking_twice_and_comes_to_the_same(decomposer, after):
    kept = []

    def keep(answered):
        if len(kept) == after:
            raise KilledError
        kept.append(answered)

    whole = Asked()
    wanted = decomposer(whole.model()).decompose(ADDITION)
    first, second = Asked(), Asked()
    try:
        made = decomposer(first.model(), journal=Journal([], keep)).decompose(ADDITION)
    except KilledError:
        made = decomposer(second.model(), journal=Journal(list(kept))).decompose(ADDITION)
        assert len(second) == len(whole) - len(kept)
    assert made == wanted


@pytest.mark.parametrize(
    ("category", "advice"), [("timeout", "Resume"), ("bad request", "Correct the teacher's settings .*Resume")]
)
def test_a_failure_of_the_provider_is_no_answer(category, advice):
    class Cloudy:
        spec = "cloudy:x"

        def ask(self, calls, on_outcome):
            outcomes = [Outcome(call, None, "e", "it rains", category) for call in calls]
            for outcome in outcomes:
                on_outcome(outcome)
            return outcomes

    kept = []
    call = Call(SolveBrief(problem="1 + 1"), CallContext(node="n", agent="verifier", task="solve"))
    with pytest.raises(TeacherError, match=rf"1 of 1 calls were not answered.*it rains\n{advice}"):
        Journal([], kept.append).ask(Cloudy(), {"a": call})
    assert kept == []


def test_a_written_item_is_examined_by_the_rule_that_confirmed_it(decomposer):
    def items(brief):
        forms = ("x = {n:,}", "{n:,} apples", "{n:,}", "$ {n:,}.")
        made = numbered(brief)["items"]
        return {
            "items": [
                item
                | {
                    "answer": forms[i % 4].format(n=int(item["answer"]) + 5000),
                    "question": f"5000 + {item['question']}",
                }
                for i, item in enumerate(made)
            ]
        }

    def solve(brief):
        first, second, third = re.findall(r"\d+", brief["problem"])
        return {"steps": [], "answer": str(int(first) + int(second) + int(third))}

    model = Asked().model(decompose=lambda _: named("one", "two"), items=items, solve=solve)
    written = decomposer(model).decompose(Source(name="x", description="y")).items
    assert len(written) == 22
    for item in written:
        reply = f"Answer: {solve({'problem': item.question})['answer']}"
        attempt = Attempt(question=item.question, answer=item.answer, reply=reply)
        assert Scorers().grade([""], [attempt])[0].correct, item.answer
