"""The Pedagogical Adapter: what it asks for, and what it lets pass."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioa.agents.adapter import PedagogicalAdapter
from ioa.agents.exchange import Lesson, LessonsReply, SolveReply, SourceProblem
from ioa.agents.portions import first_lessons
from ioa.agents.requests import Draft, LessonRequest
from ioa.agents.screening import split_original
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.agents.teacher import UNASKED, Outcome, Teacher
from ioa.agents.teachers import TeacherError
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import draw
from ioa.memory.records import Example, Kind, RefusalReason, Remedy, Stage, Strategy
from ioa.memory.similarity import normalise
from ioa.memory.transcript import Transcript

PACK = load_domain("arithmetic")
MODULE, LATER = "addition/carrying", "multiplication/table"
GOOD = Lesson(
    problem="Calculate 47 + 85.",
    original=("47+85=132", "Answer: 132"),
    steps=("ones: 7+5=12", "tens: 4+8+1=13"),
    answer="132",
    verification="132-85=47",
)
SOURCE = SourceProblem(id="abc", problem="Calculate 47 + 84.", answer="131")
CHANGED = GOOD.model_copy(update={"source": "abc", "changed": "84 becomes 85"})


def request(**changes):
    known = {
        "batch": "stage-01/round-0/pass-0/x/000", "module": MODULE, "stage": 1, "round": 0,
        "kind": Kind.CHAIN_OF_THOUGHT, "level": "standard", "strategies": (Strategy.FORMAT,), "count": 5, "seed": 1,
    }  # fmt: skip
    return LessonRequest(**{**known, **changes})


def drafted(*lessons, **changes):
    return Draft(request=request(**changes), lessons=lessons, teacher="t", event="e")


def solution(answer, module=""):
    return json.dumps({"steps": [], "answer": answer, "module": module})


@pytest.fixture
def adapter(tmp_path):
    opened = []

    def open_(*script, avoid=(), **changes):
        model = ScriptedModel(*script or ("?",))
        teacher = Teacher.of(model, spec="test:model", transcript=Transcript(tmp_path / "t.jsonl"), concurrency=1)
        opened.append(teacher)
        made = PedagogicalAdapter(teacher, teacher, SynthesisSettings(**changes), seed=7, max_words=60, avoid=avoid)
        return made, model

    yield open_
    for teacher in opened:
        teacher.close()


def check(adapter, *drafts, later=()):
    found = []
    adapter.verify(PACK, drafts, found.append, later)
    (checked,) = found
    return checked


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"steps": (" ",)}, RefusalReason.SCHEMA, "empty"),
        ({"steps": ("ones: 7+5=13",)}, RefusalReason.STEPS, "this step is false"),
        ({"original": ("47+85=133", "Answer: 132")}, RefusalReason.STEPS, "step of the original is false"),
        ({"original": ("47+85=132", "Answer: 133")}, RefusalReason.STEPS, "'133'"),
        ({"verification": "132-85=48"}, RefusalReason.STEPS, "this check is false"),
        ({"problem": "Calculate 7 + 5."}, RefusalReason.ALIGNMENT, "its problem is not of level 'standard'"),
    ],
)
def test_what_is_wrong_in_itself_is_refused_without_asking_anybody(adapter, changes, reason, detail):
    made, model = adapter()
    checked = check(made, drafted(GOOD.model_copy(update=changes)))
    assert checked.sound == ()
    ((refused),) = checked.refused
    assert refused.reason is reason
    assert detail in refused.detail
    assert model.calls == []


def test_a_lesson_that_cannot_be_read_is_refused_alone(adapter):
    lesson = GOOD.model_dump(mode="json")
    made, _ = adapter(json.dumps({"lessons": [lesson, {**lesson, "answer": None}]}), solution("132"))
    drafts = []
    made.draft(PACK, [request()], drafts.append)
    checked = check(made, *drafts)
    assert [example.answer for example in checked.sound] == ["132"]
    ((refused),) = checked.refused
    assert refused.reason is RefusalReason.SCHEMA
    assert "lesson 2 could not be read: answer" in refused.detail


def test_an_answer_that_the_level_cannot_have_is_not_of_it(adapter):
    made, _ = adapter()
    lesson = Lesson(problem="Calculate 12 - 47.", steps=("12-47=-35",), answer="-35")
    (refused,) = check(made, drafted(lesson, module="subtraction/borrowing")).refused
    assert refused.reason is RefusalReason.ALIGNMENT
    assert "its answer" in refused.detail


def test_a_sound_lesson_keeps_its_original_without_the_line_of_the_answer(adapter):
    made, _ = adapter(solution("132"))
    (example,) = check(made, drafted(GOOD)).sound
    assert example.original == ("47+85=132",)
    assert example.steps == GOOD.steps
    assert "47+85=132" not in example.solution


@pytest.mark.parametrize(
    "line",
    ["**Answer:** {}", "**Answer**: {}", "The answer is: {}", "so Answer: {}", "So, the final answer is: **{}**"],
)
def test_the_originals_answer_is_found_however_it_is_announced(adapter, line):
    made, model = adapter(solution("132"))
    right, wrong = (GOOD.model_copy(update={"original": ("47+85=132", line.format(n))}) for n in (132, 133))
    assert check(made, drafted(right)).sound[0].original == ("47+85=132",)
    asked = len(model.calls)
    (refused,) = check(made, drafted(wrong)).refused
    assert refused.reason is RefusalReason.STEPS
    assert "'133'" in refused.detail
    assert len(model.calls) == asked


@pytest.mark.parametrize("answer", ["2**3", "__init__", "f(**kw)"])
def test_code_is_no_emphasis(answer):
    lesson = Lesson(problem="p", original=(f"**Answer:** {answer}",), steps=("s",), answer=answer)
    assert split_original(lesson) == ((), answer)


@pytest.mark.parametrize("original", [(), ("47+85=132",)])
def test_a_reply_without_an_original_or_its_answer_is_tolerated(adapter, original):
    made, _ = adapter(solution("132"))
    (example,) = check(made, drafted(GOOD.model_copy(update={"original": original}))).sound
    assert example.original == original


def test_lessons_without_a_strategy_have_one_solution(adapter):
    made, _ = adapter(solution("132"))
    (example,) = check(made, drafted(GOOD, strategies=())).sound
    assert example.original == ()


@pytest.mark.parametrize("n", [1, 3, 5])
@given(votes=st.lists(st.sampled_from(["132", "131", "130", "?"]), min_size=5, max_size=5))
@settings(max_examples=40)
def test_a_lesson_is_taught_if_and_only_if_a_majority_agrees_and_no_needless_solution_is_asked_for(
    tmp_path_factory, n, votes
):
    model = ScriptedModel(
        *(vote if vote == "?" else solution(vote) for vote in votes for _ in range(1 + (vote == "?")))
    )
    transcript = Transcript(tmp_path_factory.mktemp("t") / "t.jsonl")
    teacher = Teacher.of(model, spec="test:model", transcript=transcript)
    made = PedagogicalAdapter(teacher, teacher, SynthesisSettings(solutions=n), seed=7, max_words=60)
    try:
        checked = check(made, drafted(GOOD))
    finally:
        teacher.close()
    right = [vote == "132" for vote in votes[:n]]
    assert bool(checked.sound) == (sum(right) > n / 2)
    enough = next(k for k in range(1, n + 1) if sum(right[:k]) > n / 2 or k - sum(right[:k]) > n / 2)
    assert len(model.calls) == sum(1 + (vote == "?") for vote in votes[:enough])
    if not checked.sound and n > 1:
        assert f"no majority of {n}" in checked.refused[0].detail
        assert f"of {enough} asked for" in checked.refused[0].detail


class Silent:
    """A teacher that is not asked any more, for want of tokens."""

    spec = "test:silent"

    def ask(self, calls, on_outcome):
        outcomes = [Outcome(call, None, "", "budget.teacher_tokens", UNASKED, self.spec) for call in calls]
        for outcome in outcomes:
            on_outcome(outcome)
        return outcomes


def test_what_nobody_is_asked_to_write_has_no_draft_and_what_nobody_verifies_is_refused_by_that_name():
    made = PedagogicalAdapter(Silent(), Silent(), SynthesisSettings(), seed=7, max_words=60)
    drafts = []
    made.draft(PACK, [drafted(GOOD).request], drafts.append)
    assert drafts == []
    checked = check(made, drafted(GOOD))
    assert checked.sound == ()
    assert [one.reason for one in checked.refused] == [RefusalReason.UNVERIFIED]


def test_without_verification_nobody_is_asked(adapter):
    made, model = adapter(verify=False)
    assert len(check(made, drafted(GOOD)).sound) == 1
    assert model.calls == []


def test_a_problem_of_a_later_module_is_refused_and_no_opinion_is_none(adapter):
    for placed, refused in ((LATER, True), (MODULE, False), ("", False), ("made/up", False)):
        made, model = adapter(solution("132", placed))
        checked = check(made, drafted(GOOD), later=[LATER])
        assert bool(checked.refused) is refused
        if refused:
            assert checked.refused[0].reason is RefusalReason.ALIGNMENT
            assert LATER in checked.refused[0].detail
        prompt = model.calls[0][-1].text
        assert f'"id": "{MODULE}"' in prompt
        assert f'"id": "{LATER}"' in prompt
        assert "which of the modules in `candidates`" in prompt


def test_where_nothing_comes_later_or_nobody_wants_to_know_the_prompt_is_an_examinees(adapter):
    for later, changes in (([], {}), ([LATER], {"alignment": False}), ([MODULE], {})):
        made, model = adapter(solution("132"), **changes)
        assert check(made, drafted(GOOD), later=later).sound
        prompt = model.calls[0][-1].text
        assert "candidates" not in prompt
        assert '"module"' not in prompt


def test_a_counterfactual_names_its_source_and_what_became_of_it(adapter):
    made, _ = adapter(solution("132"))
    (example,) = check(made, drafted(CHANGED, kind=Kind.COUNTERFACTUAL, sources=(SOURCE,))).sound
    assert (example.kind, example.source, example.changed) == (Kind.COUNTERFACTUAL, "abc", "84 becomes 85")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": ""}, RefusalReason.SCHEMA),
        ({"source": "xyz"}, RefusalReason.SCHEMA),
        ({"changed": ""}, RefusalReason.SCHEMA),
        ({"problem": "calculate 47 + 84"}, RefusalReason.UNCHANGED),
        ({"answer": "131.0", "original": ()}, RefusalReason.UNCHANGED),
    ],
)
def test_a_counterfactual_that_changes_nothing_or_does_not_say_what_is_refused(adapter, changes, reason):
    made, model = adapter()
    draft = drafted(CHANGED.model_copy(update=changes), kind=Kind.COUNTERFACTUAL, sources=(SOURCE,))
    (refused,) = check(made, draft).refused
    assert refused.reason is reason
    assert model.calls == []


def wish(lessons=40, kind=Kind.CHAIN_OF_THOUGHT):
    return Remedy(
        module=MODULE, diagnosis="", kind=kind, level="standard", strategies=(Strategy.FORMAT,), lessons=lessons
    )


@given(st.integers(1, 60), st.integers(0, 60), st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.integers(1, 12))
def test_requests_ask_for_exactly_what_is_missing_and_for_the_share_of_counterfactuals(lessons, have, share, size):
    made = PedagogicalAdapter(
        None, None, SynthesisSettings(counterfactual_share=share, per_request=size), seed=7, max_words=60
    )
    asked = made.requests([wish(lessons)], {wish().aim: have}, 1, 0, 0)
    missing = max(0, lessons - have)
    assert sum(one.count for one in asked) == missing
    assert all(1 <= one.count <= size for one in asked)
    assert sum(one.count for one in asked if one.kind is Kind.COUNTERFACTUAL) == round(share * missing)
    assert len({one.batch for one in asked}) == len({one.seed for one in asked}) == len(asked)
    remedies = made.requests([wish(lessons, Kind.REMEDIAL)], {}, 1, 1, 0)
    assert {one.kind for one in remedies} == {Kind.REMEDIAL}


def lesson_of(problem, answer, number):
    return Example(
        id=f"id-{number}", module=MODULE, stage=1, round=0, batch="b", kind=Kind.CHAIN_OF_THOUGHT,
        difficulty="intermediate", level="standard", strategies=(), prerequisites=(), problem=problem, steps=("s",),
        answer=answer, verification="", teacher="t", event="e",
    )  # fmt: skip


def test_each_request_has_a_seed_problem_of_its_own_that_is_no_probe_and_no_lesson(adapter):
    items = draw(PACK.module(MODULE).levels["standard"], seed=5, count=30)
    probes = [item.question for item in items[:20]]
    accepted = [lesson_of(item.question, item.answer, number) for number, item in enumerate(items[20:])]
    made, _ = adapter(avoid=[item_key(text) for text in probes], counterfactual_share=0.0)
    used, passes = [], []
    for number in (0, 1):
        asked = made.requests([wish(200)], {}, 1, 0, number)
        seeded = made.add_seed_problems(PACK, asked, accepted, used)
        assert seeded == made.add_seed_problems(PACK, asked, accepted, used)
        used += [one.seed_problem for one in seeded]
        passes.append(seeded)
    assert all(used)
    assert len({normalise(problem) for problem in used}) == 40
    assert not {normalise(problem) for problem in used} & {normalise(text) for text in probes}
    assert not {normalise(problem) for problem in used} & {normalise(one.problem) for one in accepted}
    assert [one.batch for one in passes[0]] == [one.batch for one in made.requests([wish(200)], {}, 1, 0, 0)]


def test_counterfactuals_start_from_accepted_lessons_and_from_new_problems_where_these_are_few(adapter):
    items = draw(PACK.module(MODULE).levels["standard"], seed=5, count=6)
    accepted = [lesson_of(item.question, item.answer, number) for number, item in enumerate(items)]
    made, _ = adapter(counterfactual_share=0.5)
    seeded = made.add_seed_problems(PACK, made.requests([wish(40)], {}, 1, 0, 0), accepted, [])
    sources = [source for one in seeded for source in one.sources]
    assert len(sources) == len({normalise(source.problem) for source in sources}) == 20
    assert {one.id for one in accepted} < {source.id for source in sources}
    assert all(eval(source.problem[10:-1]) == int(source.answer) for source in sources)
    assert not any(one.seed_problem for one in seeded if one.sources)


def test_seed_problem_and_sources_reach_the_teacher(adapter):
    reply = json.dumps({"lessons": [CHANGED.model_dump(mode="json")]})
    made, model = adapter(reply)
    found = []
    made.draft(
        PACK,
        [request(seed_problem="Calculate 19 + 23."), request(batch="b", sources=(SOURCE,), kind="counterfactual")],
        found.append,
    )
    prompts = [call[-1].text for call in model.calls]
    assert sum("`seed_problem`" in prompt and "Calculate 19 + 23." in prompt for prompt in prompts) == 1
    (changing,) = [prompt for prompt in prompts if "Kind: counterfactual" in prompt]
    assert "Calculate 47 + 84." in changing
    assert {draft.lessons for draft in found} == {(CHANGED,)}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.REPLAY, Kind.PRACTICE}])
def test_each_kind_and_strategy_says_what_it_does_and_only_when_asked_for(adapter, kind):
    made, model = adapter(json.dumps({"lessons": []}))
    for strategies in ((), *((strategy,) for strategy in Strategy), tuple(Strategy)):
        made.draft(PACK, [request(kind=kind, strategies=strategies)], lambda _: None)
        prompt = model.calls[-1][-1].text
        assert f"Kind: {kind.value.replace('-', ' ')}" in prompt
        heads = [f"{strategy.value.replace('-', ' ').capitalize()}:" for strategy in strategies]
        assert all(prompt.count(head) == 1 for head in heads)
        assert prompt.count("Must not change:") == len(strategies)
        assert ("`original`" in prompt) is bool(strategies)
        assert "$" not in prompt.split("Reply with one JSON")[0]


@pytest.mark.parametrize(
    ("kind", "strategies", "size"),
    [
        (Kind.CHAIN_OF_THOUGHT, (), "of their size"),
        (Kind.CHAIN_OF_THOUGHT, (Strategy.FORMAT,), "of their size"),
        (Kind.CHAIN_OF_THOUGHT, (Strategy.COGNITIVE_LOAD,), "no larger"),  # from the smallest up to the full size
        (Kind.COUNTERFACTUAL, (), "of their size"),
        (Kind.REMEDIAL, (), "no larger"),  # as small as it can be
        (Kind.BRIDGING, (), "no larger"),
    ],
)
def test_no_request_asks_for_two_sizes_or_varies_what_it_is_to_keep(adapter, kind, strategies, size):
    made, model = adapter(json.dumps({"lessons": []}))
    made.draft(PACK, [request(kind=kind, strategies=strategies)], lambda _: None)
    prompt = model.calls[-1][-1].text
    assert {phrase for phrase in ("of their size", "no larger") if f"samples, and {phrase}," in prompt} == {size}
    assert ("Vary the numbers" in prompt) is (kind is not Kind.COUNTERFACTUAL)


def test_a_bridging_request_names_what_is_mastered(adapter):
    made, model = adapter(json.dumps({"lessons": []}))
    known = "sums/one-digit: Adds two digits."
    made.draft(PACK, [request(kind=Kind.BRIDGING, mastered=(known,))], lambda _: None)
    named = model.calls[-1][-1].text
    made.draft(PACK, [request(kind=Kind.BRIDGING)], lambda _: None)
    silent = model.calls[-1][-1].text
    assert known in named
    assert "`mastered` in the brief" in named
    assert "`mastered`" not in silent


def test_a_bridge_is_taught_by_bridging_lessons_at_its_level():
    stage = Stage(modules=(MODULE, LATER), levels={MODULE: "introductory"})
    wanted = first_lessons(PACK, stage, SynthesisSettings(per_module=10))
    kinds = {(one.module, one.level): one.kind for one in wanted}
    assert kinds[MODULE, "introductory"] is Kind.BRIDGING
    assert kinds[LATER, "standard"] is Kind.CHAIN_OF_THOUGHT
    assert Counter(one.module for one in wanted)[MODULE] == 1


def test_strategy_prompts_work_no_problem_of_the_domain():
    from ioa.agents.prompting import prompt_text
    from ioa.agents.tutor.skills import solve_problem

    for strategy in Strategy:
        text = prompt_text(f"strategy-{strategy.value}")
        quoted = text.split("`")[1::2]
        assert len(quoted) >= 2
        assert not any(solve_problem(one) for one in quoted)
        heads = [text.index(head) for head in ("Before:", "After:", "Must not change:")]
        assert all(one < other for one, other in pairwise(heads))


def test_an_even_number_of_solutions_is_refused():
    with pytest.raises(ValueError, match="odd"):
        SynthesisSettings(solutions=2)


def test_off_is_a_word_also_where_yaml_takes_it_for_a_truth_value():
    assert SynthesisSettings.model_validate({"choice": False}).choice == "off"
    with pytest.raises(ValueError, match="bandit"):
        SynthesisSettings.model_validate({"choice": True})


class Cloudy:
    """A teacher whose calls are lost wherever `lost` says so, by their number."""

    spec = "cloudy:x"

    def __init__(self, lost, reply):
        self.lost, self.reply, self.calls = set(lost), reply, []

    def ask(self, calls, on_outcome):
        outcomes = []
        for call in calls:
            gone = len(self.calls) in self.lost
            self.calls.append(call)
            outcome = Outcome(call, None, "e", "it rains", "rate limit") if gone else Outcome(call, self.reply, "e")
            outcomes.append(outcome)
            on_outcome(outcome)
        return outcomes


def cloudy(lost, reply):
    teacher = Cloudy(lost, reply)
    return PedagogicalAdapter(teacher, teacher, SynthesisSettings(), seed=7, max_words=60), teacher


def test_a_request_that_was_not_answered_has_no_draft_and_is_made_again():
    made, teacher = cloudy({1}, LessonsReply(lessons=(GOOD,)))
    wanted = [request(batch=f"b/{number}", seed=number) for number in range(3)]
    drafts = []
    with pytest.raises(TeacherError, match=r"1 of 3 requests for lessons were not answered.*it rains\nResume"):
        made.draft(PACK, wanted, drafts.append)
    assert [draft.request.batch for draft in drafts] == ["b/0", "b/2"]
    teacher.lost = set()
    made.draft(PACK, wanted[1:2], drafts.append)
    assert [draft.lessons for draft in drafts] == [(GOOD,)] * 3


@given(lost=st.sets(st.integers(0, 5)), right=st.booleans())
def test_a_solution_that_could_not_be_had_decides_nothing(lost, right):
    made, teacher = cloudy(lost, SolveReply(steps=(), answer="132" if right else "131"))
    drafts = [drafted(GOOD, GOOD, batch=f"b/{number}") for number in range(3)]
    checked = {}
    keep = lambda done: checked.__setitem__(done.batch, done)  # noqa: E731
    if lost:
        with pytest.raises(TeacherError, match="were not answered"):
            made.verify(PACK, drafts, keep)
    else:
        made.verify(PACK, drafts, keep)
    assert set(checked) == {f"b/{number}" for number in range(3) if not {2 * number, 2 * number + 1} & lost}
    teacher.lost = set()
    made.verify(PACK, [draft for draft in drafts if draft.request.batch not in checked], keep)
    assert all(len(done.sound if right else done.refused) == 2 for done in checked.values())
    assert len(checked) == 3


def test_a_module_gets_one_template_and_none_where_the_reply_cannot_be_read(adapter):
    form = ["ones: <a>+<b>=<c>", "tens: <d>+<e>=<f>"]
    made, model = adapter(json.dumps({"lines": form}), "no form", "nor now")
    asked = {MODULE: (Strategy.FORMAT,), LATER: (Strategy.FORMAT,)}
    first, second = made.templates(PACK, asked)
    assert (first.module, first.lines) == (MODULE, tuple(form))
    assert (second.module, second.lines) == (LATER, ())
    assert len(model.calls) == 3


def test_a_lesson_in_other_words_is_of_the_level_that_it_asks_for(adapter):
    made, _ = adapter(solution("132"))
    checked = check(made, drafted(GOOD.model_copy(update={"problem": "What is 47 plus 85?"})))
    assert len(checked.sound) == 1
    (refused,) = check(made, drafted(GOOD.model_copy(update={"problem": "What is 7 plus 5?"}))).refused
    assert refused.detail == "its problem is not of level 'standard' (two numbers of two digits each)"
