"""Who reads wrong answers a second time."""

import pytest
from tests.roads import SPECS, plugged_too

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.memory import plugins
from ioa.memory.domains.packs import load_domain
from ioa.memory.records import ItemResult
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import read_attempts

MODULE = "addition/carrying"


@pytest.mark.parametrize("own", [True, False])
def test_the_verifier_reads_them_if_that_is_a_teacher_of_its_own_or_else_the_diagnoser(tmp_path, monkeypatch, own):
    monkeypatch.setattr(plugins, "entry_points", plugged_too)
    cast = {"verifier": {"model": SPECS["plugged"]}} if own else {}
    ctx = RunContext(RunDirectory.at(tmp_path, "run"), RunConfig.model_validate({"roles": cast}))
    results = [
        ItemResult(
            probe=f"diagnosis/{MODULE}/{number:03d}",
            module=MODULE,
            question=f"Calculate {47 + number} + 85.",
            expected=str(132 + number),
            reply=f"Answer: {122 + number}",
            extracted=str(122 + number),
            correct=False,
        )
        for number in range(3)
    ]
    analysis = ctx.diagnoser().analyse(load_domain("arithmetic"), [MODULE], results, node="diagnose")
    ctx.close()
    assert [len(one.probes) for one in analysis.confirmed] == [3]
    spoken = {event.context.task: event.teacher for event in read_attempts(ctx.run.transcript)}
    assert spoken == {"analyse": "tutor:arithmetic", "assign": SPECS["plugged" if own else "tutor"]}
