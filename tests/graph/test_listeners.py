"""The port through which the engine says what happens."""

import pytest
from tests.graph.pupil import module, open_context

from ioa.graph.decisions import visited
from ioa.graph.listeners import Listener, Listeners, NodeVisit
from ioa.graph.nodes import diagnosis_nodes
from ioa.graph.run_work import leave
from ioa.memory.records import Teaching
from ioa.memory.transcript import DecisionEvent, read_transcript


class Recorder(Listener):
    """Writes down what it is told."""

    def __init__(self, heard):
        self.heard = heard

    def visit_begun(self, visit):
        self.heard.append(("begun", visit))

    def visit_ended(self, visit):
        self.heard.append(("ended", visit))

    def message(self, text):
        self.heard.append(("message", text))

    def run_ended(self, status):
        self.heard.append(("run ended", status))


class Broken(Listener):
    def __init__(self, error):
        self.error = error

    def run_ended(self, status):
        raise self.error


@pytest.fixture
def ctx(tmp_path):
    made = open_context(tmp_path, [module("sums/a")], {"sums/a": 1.0})
    yield made
    made.close()


def test_a_visit_is_told_from_its_beginning_to_its_end_and_its_messages_are_in_the_transcript(ctx):
    heard = []
    ctx.listener = Recorder(heard)
    visited(ctx, "decompose", diagnosis_nodes.decompose(ctx))({})
    assert heard[0] == ("begun", NodeVisit("decompose"))
    assert heard[-1] == ("ended", NodeVisit("decompose"))
    (said,) = [text for kind, text in heard if kind == "message"]
    (decision,) = read_transcript(ctx.run.transcript)
    assert isinstance(decision, DecisionEvent)
    assert said in decision.text
    assert ctx.clock().timing().phases["decompose"] > 0


def test_a_node_that_fails_ends_no_visit_and_leaves_no_decision(ctx):
    def fail(_state):
        ctx.message("about to fail")
        raise ValueError

    heard = []
    ctx.listener = Recorder(heard)
    with pytest.raises(ValueError):  # noqa: PT011 - it is raised above
        visited(ctx, "assess", fail)({"stage": 1, "stages": 2, "round": 1})
    assert [kind for kind, _ in heard] == ["begun", "message"]
    assert list(read_transcript(ctx.run.transcript)) == []


@pytest.mark.parametrize(
    ("name", "state", "shown"),
    [
        ("assess", {"stage": 2, "stages": 3, "round": 1}, NodeVisit("assess", 2, 3, 1, Teaching(remediation=1))),
        (
            "draft",
            {"stage": 2, "round": 1},
            NodeVisit("synthesize", 2, None, 1, Teaching(remediation=1)),
        ),  # a node of the subgraph
        ("finish", {"stage": 4, "stages": 3, "round": 0}, NodeVisit("finish")),  # behind the last stage
    ],
)
def test_a_visit_says_where_in_the_plan_it_is(ctx, name, state, shown):
    heard = []
    ctx.listener = Recorder(heard)
    visited(ctx, name, lambda _: {})(state)
    assert heard == [("begun", shown), ("ended", shown)]


def test_all_listeners_are_told_in_their_order():
    heard = []
    Listeners([Recorder(heard), Listener(), Recorder(heard)]).message("hello")
    assert heard == [("message", "hello")] * 2


@pytest.mark.parametrize("error", [OSError("no room"), KeyboardInterrupt("no room")])
def test_one_that_fails_at_the_end_keeps_no_other_from_closing(error):
    heard = []
    with pytest.raises(type(error), match="no room"):
        Listeners([Broken(error), Recorder(heard)]).run_ended("failed")
    assert heard == [("run ended", "failed")]


def test_listeners_are_told_that_the_run_is_left_also_where_it_cannot_be_closed(ctx, monkeypatch):
    def fail():
        raise OSError("no room")

    heard = []
    ctx.listener = Recorder(heard)
    with monkeypatch.context() as patch:
        patch.setattr(ctx, "close", fail)
        with pytest.raises(OSError, match="no room"):
            leave(ctx, "failed")
    assert heard == [("run ended", "failed")]


def test_the_port_and_its_fan_out_have_the_same_methods():
    """A method that the fan-out lacks would be told to nobody."""
    port = {name for name, value in vars(Listener).items() if callable(value)}
    assert port == {name for name, value in vars(Listeners).items() if callable(value) and not name.startswith("_")}
