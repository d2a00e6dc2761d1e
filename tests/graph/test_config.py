"""What may be set about a run, before it and on its way."""

import pytest

from ioa.agents import Roles, TeacherSettings
from ioa.graph.config import RunConfig, changed, override
from ioa.memory.errors import UserError

CONFIG = RunConfig(roles=Roles(adapter=(TeacherSettings(model="openai:one"), TeacherSettings(model="openai:two"))))


def test_a_teacher_of_a_role_is_set_by_its_place():
    found = override(CONFIG, ["roles.adapter.1.timeout=7"])
    assert [teacher.timeout for teacher in found.roles.adapter] == [120.0, 7.0]
    assert changed(CONFIG, ["roles.adapter.0.base_url=http://127.0.0.1:1/v1"]).roles.adapter[0].base_url


@pytest.mark.parametrize("key", ["roles.adapter.2.timeout", "roles.adapter.x.timeout", "roles.nobody.0.timeout"])
def test_a_place_that_is_not_there_is_named(key):
    with pytest.raises(UserError, match="there is no key"):
        override(CONFIG, [f"{key}=7"])


@pytest.mark.parametrize("setting", ["seed=4", "teacher.model=openai:m", "roles.adapter.0.model=openai:m", "domain=x"])
def test_what_a_run_under_way_depends_on_may_not_change(setting):
    with pytest.raises(UserError, match="a run under way keeps its"):
        changed(CONFIG, [setting])
