"""Every family of reasoning-gym as a domain by its name."""

from itertools import islice

import pytest

from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import supply
from ioa.memory.errors import UserError

reasoning_gym = pytest.importorskip("reasoning_gym")

SYMBOLS = {"emoji_mystery", "modulo_grid", "rectangle_count"}
"""Their items differ in symbols alone, which the comparison of problems passes over."""
SLOW = {"acre", "knight_swap", "arc_agi", "group_anagrams", "figlet_font", "codeio", "word_ladder"}
"""They take half a second to ten for their first items: too long for a test of each change."""
REFUSED = {*SYMBOLS, "composite"}


@pytest.mark.parametrize("family", sorted(set(reasoning_gym.factory.DATASETS) - REFUSED - SLOW))
def test_every_family_is_a_domain_of_one_module_with_items_on_every_level(family):
    (module,) = load_domain(f"reasoning-gym:{family}").modules
    assert module.exam_level == "standard"
    for level in module.levels.values():
        assert len(list(islice(supply(level, seed=7, patience=500), 3))) == 3


@pytest.mark.parametrize("family", sorted(REFUSED))
def test_the_families_that_cannot_be_used_say_why(family):
    reason = "differ in nothing but symbols" if family in SYMBOLS else "Must specify at least one dataset"
    with pytest.raises(UserError, match=reason):
        load_domain(f"reasoning-gym:{family}")


def test_two_neighbouring_levels_of_the_curriculum_are_taken_the_second_unless_another_is_named():
    def terms(name):
        (module,) = load_domain(name).modules
        return {level: dict(generator.params).get("max_terms") for level, generator in module.levels.items()}

    assert terms("reasoning-gym:chain_sum") == {"introductory": 2, "standard": 3}
    assert terms("reasoning-gym:chain_sum@0") == {"standard": 2}
    assert terms("reasoning-gym:chain_sum@3") == {"introductory": 4, "standard": 5}
    (module,) = load_domain("reasoning-gym:gsm_symbolic").modules
    assert list(module.levels) == ["standard"]


def test_several_families_are_the_modules_of_one_domain():
    found = load_domain("reasoning-gym:gcd, lcm@0")
    assert [module.id for module in found.modules] == ["reasoning-gym/gcd", "reasoning-gym/lcm"]
    assert found.name == "gcd-lcm"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gcdd", ["no family 'gcdd'", "gcd"]),
        ("gcdd@1", ["no family 'gcdd'"]),
        ("gcd@9", ["no level '9'", "0 to 3"]),
        ("gcd@x", ["no level 'x'"]),
        ("gcd,gcd@2", ["names a family twice"]),
        ("", ["no family ''"]),
    ],
)
def test_a_wrong_name_is_told(name, words):
    with pytest.raises(UserError) as caught:
        load_domain(f"reasoning-gym:{name}")
    for word in words:
        assert word in str(caught.value)
