"""From proposed modules to modules: ids, duplicates, levels."""

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ioa.agents.exchange import DecomposeReply, ProposedCategory, ProposedLevel, ProposedModule
from ioa.agents.outline import outline
from ioa.agents.settings.decomposition import DecompositionSettings
from ioa.memory import open_embedder
from ioa.memory.records import Module, Written
from ioa.memory.slugs import LONGEST, slug

EMBED = open_embedder("wordllama").embed
LEVELS = ("easy", "exam")


def alone(texts):
    """Vectors of which none is like another."""
    return np.eye(len(texts), dtype=np.float32)


def proposal(*modules):
    """(category, name, description) as a teacher proposes them, each in a category of its own."""
    return DecomposeReply(
        categories=tuple(
            ProposedCategory(name=category, modules=(ProposedModule(name=name, description=text),))
            for category, name, text in modules
        )
    )


def made(*modules, embed=alone, similarity=0.95):
    return outline(proposal(*modules), LEVELS, embed, similarity)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Linear equations", "linear-equations"),
        ("  Größe & Maß — Flächen ", "grosse-mass-flachen"),
        ("Équations (1)", "equations-1"),
        ("ADDITION_of-fractions", "addition-of-fractions"),
        ("...", ""),
    ],
)
def test_a_slug_says_the_name_in_lower_case_letters_digits_and_dashes(name, expected):
    assert slug(name) == expected


@given(st.text(max_size=200))
def test_whatever_the_name_its_slug_may_be_part_of_an_id(name):
    found = slug(name)
    assert found == slug(name)
    assert len(found) <= LONGEST
    if found:
        Module(id=f"a/{found}", description="x", levels={"l": Written(items="x")}, exam_level="l")


@given(st.text("数学几何代αβγ+#", min_size=1, max_size=6), st.text("数学几何代αβγ+#", min_size=1, max_size=6))
def test_names_of_other_alphabets_and_symbols_are_told_apart(one, other):
    assert slug(one)
    assert (slug(one) == slug(other)) == (one == other)


@given(st.text(string.ascii_lowercase + " ", min_size=60, max_size=90).filter(str.strip), st.sampled_from("xyz"))
def test_long_names_that_begin_alike_are_told_apart(start, end):
    assert slug(f"a{start}b {end}") != slug(f"a{start}b w")


NAMES = st.tuples(
    st.sampled_from(["Algebra", "Geometry", "代数", ""]),
    st.sampled_from(["Lines", "lines!", "Angles", "Areas of figures", "图", "C", "C++"]),
    st.sampled_from(
        [
            "Adds fractions with unlike denominators.",
            "Adds two fractions whose denominators differ.",
            "Finds the area of a triangle.",
            "Finds the area of one triangle.",
            "Adds numbers of 2 digits.",
            "Adds numbers of 3 digits.",
        ]
    ),
)


@given(st.lists(NAMES, max_size=8), st.randoms(use_true_random=False))
def test_the_modules_do_not_depend_on_order_and_repetition(proposed, random):
    first = made(*proposed, embed=EMBED, similarity=0.85)
    again = [*proposed, *proposed[: len(proposed) // 2]]
    random.shuffle(again)
    second = made(*again, embed=EMBED, similarity=0.85)
    assert sorted(first.modules, key=lambda module: module.id) == sorted(second.modules, key=lambda module: module.id)
    assert first.merged == second.merged
    assert first.difficulty == second.difficulty
    ids = [module.id for module in first.modules]
    assert len(set(ids)) == len(ids)
    assert set(ids).isdisjoint(pair.dropped for pair in first.merged)
    assert {pair.kept for pair in first.merged} <= set(ids)


def test_modules_keep_the_order_in_which_they_were_named():
    found = made(("b", "two", "x"), ("a", "one", "y"), ("B", "Two!", "longer than the first"))
    assert [module.id for module in found.modules] == ["b/two", "a/one"]
    assert found.modules[0].description == "longer than the first"
    assert found.proposed == 3


def test_modules_that_say_the_same_are_merged_and_that_is_recorded():
    found = made(
        ("fractions", "unlike", "Adds fractions with unlike denominators."),
        ("sums", "of fractions", "Adds fractions, the denominators of which are unlike."),
        ("sums", "of lines", "Finds the subject of a sentence."),
        embed=EMBED,
        similarity=0.9,
    )
    assert [module.id for module in found.modules] == ["fractions/unlike", "sums/of-lines"]
    (pair,) = found.merged
    assert (pair.kept, pair.dropped) == ("fractions/unlike", "sums/of-fractions")
    assert "cosine 0.9" in pair.why


def test_descriptions_with_other_numbers_are_not_the_same():
    found = made(
        ("sums", "short", "Adds numbers of 2 digits."), ("sums", "long", "Adds numbers of 3 digits."),
        embed=lambda texts: np.ones((len(texts), 1), dtype=np.float32),
    )  # fmt: skip
    assert not found.merged


def test_levels_are_taken_by_name_or_by_place_and_made_up_where_they_are_missing():
    def levels(*named):
        module = ProposedModule(
            name="m", description="Does it.", levels=tuple(ProposedLevel(name=n, items=i) for n, i in named)
        )
        reply = DecomposeReply(categories=(ProposedCategory(name="c", modules=(module,)),))
        (found,) = outline(reply, LEVELS, alone, 0.95).modules
        assert found.exam_level == "exam"
        return {name: level.items for name, level in found.levels.items()}

    assert levels(("Exam", "hard ones"), ("Easy", "easy ones")) == {"easy": "easy ones", "exam": "hard ones"}
    assert levels(("one", "first"), ("two", "second")) == {"easy": "first", "exam": "second"}
    assert levels(("exam", "hard ones")) == {"easy": "Problems of level 'easy': Does it.", "exam": "hard ones"}
    assert list(levels()) == ["easy", "exam"]


def test_a_module_without_a_name_is_passed_over_and_a_category_without_one_is_general():
    found = made(("", "Lines", "x"), ("a", " ! ", "y"))
    assert [module.id for module in found.modules] == ["general/lines"]


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(ValidationError, match=r"least \(30\) is more than most \(20\)"):
        DecompositionSettings(least=30, most=20)
    with pytest.raises(ValidationError, match="each name once"):
        DecompositionSettings(levels=("a", "a"))
