"""The problem that each request is built around, where the level's items were written."""

import pytest

from ioa.agents.adapter import SAMPLES, PedagogicalAdapter
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.memory.domains.bank import ItemBank, item_id
from ioa.memory.records import BankItem, Domain, Kind, Module, Remedy, Written

MODULE = Module(id="a/b", description="d", levels={"given": Written(items="sums")}, exam_level="given")
DOMAIN = Domain(name="d", description="d", modules=(MODULE,))


def seed(number):
    question = f"What is {number} + 1?"
    return BankItem(
        id=item_id(question), module="a/b", level="given", question=question, answer=str(number + 1),
        origin="given", verified=False, purpose="seed",
    )  # fmt: skip


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("count", [8, 12, 40])
def test_no_seed_problem_stands_among_its_own_samples(share, count):
    bank = ItemBank([seed(number) for number in range(count)])
    settings = SynthesisSettings(per_request=5, counterfactual_share=share)
    made = PedagogicalAdapter(None, None, settings, seed=7, max_words=60, bank=bank)
    wish = Remedy(module="a/b", diagnosis="", kind=Kind.CHAIN_OF_THOUGHT, level="given", strategies=(), lessons=40)
    asked = made.requests([wish], {}, 1, 0, 0)
    seeded = made.add_seed_problems(DOMAIN, asked, (), ())
    given = []
    for one in seeded:
        samples = made._samples(MODULE, "given", one.seed)
        own = [*filter(None, [one.seed_problem]), *(source.problem for source in one.sources)]
        assert len(samples) == SAMPLES
        assert not set(own) & set(samples)
        given += own
    assert len(given) == len(set(given))
    if count == 40 or share == 0:  # a small bank is used up, not shut out by the samples of other requests
        assert all(one.seed_problem or one.sources for one in seeded)
