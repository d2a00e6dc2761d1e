"""From a domain to a curriculum: decompose, examine, diagnose, plan, review."""

import yaml
from langgraph.types import interrupt

from ioa.graph.examination import examine_student, examine_teacher, scores, select
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Curriculum, Diagnosis, Note, Split
from ioa.memory.errors import UserError
from ioa.memory.files import read_record, write_record, write_records, write_text
from ioa.memory.yaml_source import validate
from ioa.training import build_probes


def decompose(shop: Workshop) -> Node:
    """Draw the three splits of probes over the domain's modules."""

    def node(state: RunState) -> RunState:
        with shop.at("decompose", state):
            shop.prepare()
            domain = shop.domain()
            if not shop.run.probes.exists():
                write_records(shop.run.probes, build_probes(domain, shop.config.examination, shop.config.seed))
            shop.reporter.say(f"{len(domain.modules)} modules, {len(shop.probes())} probes in three splits")
            return {}

    return node


def examine(shop: Workshop) -> Node:
    """Put the diagnosis split to the teacher and to the bare student."""

    def node(state: RunState) -> RunState:
        with shop.at("examine", state):
            probes = select(shop, Split.DIAGNOSIS)
            examine_teacher(shop, "diagnosis-teacher", probes, "examine")
            examine_student(shop, "diagnosis-student", probes, None)
            return {}

    return node


def diagnose(shop: Workshop) -> Node:
    """Turn scores and wrong answers into gaps, prerequisites, targets and misconceptions."""

    def node(state: RunState) -> RunState:
        with shop.at("diagnose", state):
            probes = select(shop, Split.DIAGNOSIS)
            teacher = examine_teacher(shop, "diagnosis-teacher", probes, "examine")
            student = examine_student(shop, "diagnosis-student", probes, None)
            diagnosis, note = shop.diagnoser().diagnose(shop.domain(), scores(student), scores(teacher), student)
            write_record(shop.run.diagnosis, diagnosis)
            shop.reporter.say(f"Diagnoser to Planner: {note.text}")
            return {"notes": noted(note)}

    return node


def plan(shop: Workshop) -> Node:
    """Order the targets into stages."""

    def node(state: RunState) -> RunState:
        with shop.at("plan", state):
            curriculum, note = shop.planner().plan(read_record(shop.run.diagnosis, Diagnosis))
            write_text(shop.run.curriculum, curriculum_yaml(curriculum))
            for stage in curriculum.stages:
                shop.reporter.say(f"Stage {stage.number}, {stage.title}: {', '.join(stage.modules)}")
            for warning in curriculum.warnings:
                shop.reporter.say(warning)
            shop.reporter.say(f"Planner to Adapter: {note.text}")
            return {
                "stages": len(curriculum.stages),
                "stage": 1,
                "round": 0,
                "adapter": "",
                "notes": noted(note),
            }

    return node


def review(shop: Workshop) -> Node:
    """Stop for a person, who may edit `curriculum.yaml`; then check it and go on."""

    def node(state: RunState) -> RunState:
        interrupt({"edit": str(shop.run.curriculum)})
        with shop.at("review", state):
            curriculum = load_curriculum(shop)
            write_text(shop.run.curriculum, curriculum_yaml(curriculum))
            note = Note(sender="planner", receiver="adapter", text="A person has reviewed the curriculum.")
            return {"stages": len(curriculum.stages), "notes": noted(note)}

    return node


def load_curriculum(shop: Workshop) -> Curriculum:
    """Read the curriculum, perhaps edited by hand.

    Raises:
        UserError: it names a module that the domain does not have, or a module twice.
    """
    curriculum = validate(shop.run.curriculum, Curriculum)
    placed = [module for stage in curriculum.stages for module in stage.modules]
    unknown = sorted(set(placed) - {module.id for module in shop.domain().modules})
    twice = sorted({module for module in placed if placed.count(module) > 1})
    if unknown or twice:
        raise UserError(
            f"{shop.run.curriculum}: "
            + "; ".join(
                [f"{module} is not a module of the domain" for module in unknown]
                + [f"{module} stands in more than one stage" for module in twice]
            )
            + ". Mend the file, then resume the run."
        )
    stages = tuple(stage.model_copy(update={"number": i}) for i, stage in enumerate(curriculum.stages, start=1))
    return curriculum.model_copy(update={"stages": stages})


def curriculum_yaml(curriculum: Curriculum) -> str:
    """The curriculum as a file that a person can read and edit."""
    head = (
        "# The curriculum of this run. With curriculum.review switched on the run waits here:\n"
        "# modules may be moved between stages, stages reordered, split, renamed or taken out.\n"
    )
    return head + yaml.safe_dump(curriculum.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)
