"""The family of word problems: true, repeatable and worded in many ways."""

import re
from random import Random

import pytest

from ioa.memory.domains.families.stories import FAMILY, StoryProblemsConfig
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import GeneratorError, check, draw
from ioa.memory.records import Generator, Split

FORMS = StoryProblemsConfig().forms


def told(form, count=200):
    config = StoryProblemsConfig(forms=[form])
    return [FAMILY.make(Random(n), config) for n in range(count)]


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_is_the_value_of_the_expression_and_its_numbers_are_told(form):
    for item in told(form):
        expression = item["metadata"]["expression"]
        assert eval(expression) == int(item["answer"]) >= 0
        told_numbers = set(re.findall(r"\d+", item["question"]))
        assert {n for n in re.findall(r"\d+", expression) if n != "100"} <= told_numbers
        assert not re.search(r"[{}]", item["question"])
        assert item["metadata"]["form"] == form


@pytest.mark.parametrize("form", FORMS)
def test_stories_of_a_form_differ_in_wording_not_only_in_numbers(form):
    names = r"\b[A-Z][a-z]+\b(?<!How)(?<!There)"
    wordings = {re.sub(r"\d+", "N", re.sub(names, "X", item["question"])) for item in told(form)}
    assert len(wordings) > 50


def test_the_same_seed_tells_the_same_story():
    generator = Generator(family="story_problems", params={"forms": ["gain"]})
    assert draw(generator, seed=5, count=3) == draw(generator, seed=5, count=3)
    assert draw(generator, seed=5, count=3) != draw(generator, seed=50_000, count=3)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"forms": ["gain", "theft"]}, "given: theft"),
        ({"forms": []}, "given: none"),
        ({"smallest": 9, "largest": 9}, "smallest < largest"),
        ({"percents": [33]}, "divisors of 100"),
        ({"colour": "red"}, "no parameter 'colour'"),
    ],
)
def test_parameters_that_no_story_can_be_told_with_are_refused(params, message):
    with pytest.raises(GeneratorError, match=message):
        check(Generator(family="story_problems", params=params))


@pytest.mark.parametrize("name", ["algebra", "word-problems"])
def test_each_pack_has_prerequisites_easier_levels_and_enough_items(name):
    pack = load_domain(name)
    assert len(pack.modules) >= 6
    assert sum(bool(module.prerequisites) for module in pack.modules) >= 4
    for module in pack.modules:
        assert module.exam_level != next(iter(module.levels))
        few = module.id == "integers/products"
        assert draw(module.exam, seed=0, count=16 + 16 + 20 + (120 if few else 240))
    assert len(Split) == 3
