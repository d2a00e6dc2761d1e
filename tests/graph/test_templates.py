"""The form of a module's solutions: made once in a run, and shown to each request for its lessons."""

from ioa.agents import LessonRequest
from ioa.memory.files import read_records
from ioa.memory.records import SolutionTemplate
from ioa.memory.transcript import read_transcript

A, B = "sums/a", "sums/b"


def test_all_requests_of_a_module_are_shown_the_same_form_which_was_asked_for_once(teach):
    ctx, _ = teach([{A: 1.0}, {B: 1.0}])
    made = read_records(ctx.run.templates, SolutionTemplate)
    assert [one.module for one in made] == [A, B]
    assert all(one.lines for one in made)
    paths = ctx.run.drafts(1, 0, 0).parent.glob("*/requests.jsonl")
    requests = [request for path in paths for request in read_records(path, LessonRequest)]
    assert {request.round for request in requests} == {0, 1}
    forms = {one.module: one.lines for one in made}
    assert all(request.template == forms[request.module] for request in requests)
    calls = [event for event in read_transcript(ctx.run.transcript) if event.context.task == "template"]
    assert [event.context.module for event in calls] == [A, B]
    assert {one.event for one in made} == {event.id for event in calls}


def test_lessons_without_a_fixed_form_need_no_template(teach):
    ctx, _ = teach([{A: 1.0, B: 1.0}], synthesis={"choice": "off"})
    assert not ctx.run.templates.exists()
