"""What is asked for when a module is taught on trial."""

from types import SimpleNamespace

import pytest

from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.graph.prerequisites import _requests
from ioa.memory.domains.packs import load_domain


@pytest.mark.parametrize("choice", ["off", "fixed", "bandit"])
def test_lessons_on_trial_are_plain_where_no_strategy_is_wanted(choice):
    synthesis = SynthesisSettings(choice=choice)
    config = SimpleNamespace(synthesis=synthesis, diagnosis=DiagnosisSettings(), seed=1)
    ctx = SimpleNamespace(config=config, domain=lambda: load_domain("arithmetic"))
    asked = _requests(ctx, "addition/carrying")
    assert asked
    assert {request.strategies for request in asked} == {() if choice == "off" else synthesis.strategies}
