"""From a domain to a curriculum: decompose, examine, diagnose, plan, review."""

from langgraph.types import interrupt

from ioa.graph.curriculum import curriculum_yaml, measured, read_curriculum
from ioa.graph.decomposing import decomposition_notes, make_domain
from ioa.graph.examination import examine_student, examine_teacher, scores, select
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Diagnosis, Note, Split
from ioa.memory.files import read_record, write_record, write_records, write_text
from ioa.training import build_probes


def decompose(shop: Workshop) -> Node:
    """Have the domain's modules and items found, where no pack names them, and draw the three splits of probes."""

    def node(state: RunState) -> RunState:
        with shop.at("decompose", state):
            shop.prepare()
            make_domain(shop)
            domain = shop.domain()
            if not shop.run.probes.exists():
                probes = build_probes(domain, shop.config.examination, shop.config.seed, shop.bank())
                write_records(shop.run.probes, probes)
            shop.reporter.say(f"{len(domain.modules)} modules, {len(shop.probes())} probes in three splits")
            return {"notes": noted(*decomposition_notes(shop))}

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
            diagnosis = read_record(shop.run.diagnosis, Diagnosis)
            if shop.run.given_curriculum.exists():
                curriculum = measured(read_curriculum(shop.run.given_curriculum, shop.domain()), diagnosis)
                note = Note(sender="planner", receiver="adapter", text="A person has written the curriculum.")
            else:
                curriculum, note = shop.planner().plan(diagnosis)
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
            diagnosis = read_record(shop.run.diagnosis, Diagnosis)
            curriculum = measured(read_curriculum(shop.run.curriculum, shop.domain()), diagnosis)
            write_text(shop.run.curriculum, curriculum_yaml(curriculum))
            note = Note(sender="planner", receiver="adapter", text="A person has reviewed the curriculum.")
            return {"stages": len(curriculum.stages), "notes": noted(note)}

    return node
