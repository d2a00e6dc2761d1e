import pytest

from ioa.agents.step_checks import false_step


@pytest.mark.parametrize(
    "step", ["ones: 6+7=14", "46-9*5=46-45=2", "both by 2: 24/2=12, 40/2=21", "first 3+4=7; then 7+1=9", "24/2 = 11"]
)
def test_a_false_equation_is_found(step):
    assert false_step(["1+1=2", step]) == step


@pytest.mark.parametrize(
    "step",
    [
        "ones: 6+7=13",
        "46-9*5=46-45=1",
        "both by 2: 24/2=12, 40/2=20",
        "10*c=41-1=40",
        "so x = 4",
        "- 12 + 5 = 17",
        "no numbers",
        "1/3=2/6",
        "1.05*2=2.1",
    ],
)
def test_a_true_or_unreadable_step_passes(step):
    assert false_step([step]) == ""
