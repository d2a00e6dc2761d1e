import json
import re
import shutil
import signal

import pytest
import yaml
from safetensors.numpy import load_file
from tests.small import ioa, start

from ioa.graph.builder import build_graph, open_checkpointer
from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.memory.files import read_record, read_records
from ioa.memory.records import Curriculum, Diagnosis, Example, ItemResult, Misconception, Probe, Refusal, Remedy
from ioa.memory.run_dir import RunDirectory
from ioa.memory.similarity import normalise
from ioa.memory.training_log import TRAINING_LOG
from ioa.memory.transcript import read_attempts, read_decisions, read_transcript

pytestmark = pytest.mark.slow

SUMMARY = {
    "run_id", "status", "wall_seconds", "peak_rss_bytes", "modules", "final", "examples", "teacher", "phases",
    "phase_shares", "activities", "execution", "budget",
}  # fmt: skip


@pytest.fixture(scope="module")
def place(finished, tmp_path_factory):
    """A folder with a config and one finished run, `whole`, in which there may be more."""
    return shutil.copytree(finished, tmp_path_factory.mktemp("runs"), dirs_exist_ok=True)


@pytest.fixture(scope="module")
def whole(place):
    return RunDirectory.at(place / "runs", "whole")


def test_a_run_leaves_everything_a_person_and_a_machine_want_to_know(whole):
    summary = json.loads(whole.summary.read_text())
    assert set(summary) == SUMMARY
    assert summary["status"] == "finished"
    assert {module["id"] for module in summary["modules"]} == {"sums/short", "sums/long"}
    assert summary["final"]["before"]["n"] == summary["final"]["after"]["n"] == 8
    assert summary["budget"]["lessons"] == {"limit": None, "used": summary["examples"]["accepted"], "left": None}
    assert summary["examples"]["accepted"] == sum(len(read_records(whole.examples(s), Example)) for s in (1, 2))
    assert summary["teacher"]["calls"] == len(read_attempts(whole.transcript))
    assert {"examine", "diagnose", "plan", "synthesize", "train", "assess", "remediate", "finish"} <= set(
        summary["phases"]
    )
    assert "<svg" in whole.report.read_text()


def test_a_run_says_how_it_was_computed_and_where_its_time_went(whole):
    summary = json.loads(whole.summary.read_text())
    computed = summary["execution"]
    assert (computed["dtype"], computed["threads"], computed["batch_size"]) == ("float32", 1, 32)
    done = summary["activities"]
    assert set(done) == {"training", "generation", "teacher", "overhead"}
    assert sum(one["share"] for one in done.values()) == pytest.approx(1)
    logs = [json.loads(path.read_text()) for path in whole.root.glob(f"adapters/*/{TRAINING_LOG}")]
    assert done["training"]["tokens"] == sum(log["tokens"] for log in logs)
    assert done["training"]["items"] == sum(2 * log["examples"] for log in logs)  # two epochs
    assert done["teacher"]["items"] == len(read_attempts(whole.transcript))
    for name in ("training", "generation"):
        assert done[name]["gflops"] > 0


def test_the_prerequisite_is_taught_first_and_a_stage_that_is_not_mastered_is_remedied(whole):
    curriculum = Curriculum.model_validate(yaml.safe_load(whole.curriculum.read_text()))
    assert [stage.modules for stage in curriculum.stages] == [("sums/short",), ("sums/long",)]
    assert whole.assessment(1, 1).exists()
    agents = {event.context.agent for event in read_attempts(whole.transcript)}
    assert agents == {"diagnoser", "planner", "adapter", "verifier", "examinee"}
    remedied = [e for e in read_records(whole.examples(1), Example) if e.round == 1]
    assert 6 <= len(remedied) <= 8  # so few sums are short that a pass may bring nothing new, and ends the asking
    assert {e.kind for e in remedied} == {"remedial"}


def test_splits_and_lessons_are_pairwise_disjoint(whole):
    probes = read_records(whole.probes, Probe)
    texts = [normalise(probe.question) for probe in probes]
    texts += [normalise(e.problem) for s in (1, 2) for e in read_records(whole.examples(s), Example)]
    assert len(texts) == len(set(texts))


def test_the_final_split_is_asked_at_the_end_only(whole):
    final = {probe.question for probe in read_records(whole.probes, Probe) if probe.split == "final"}
    for path in (whole.root / "scores").glob("*.jsonl"):
        asked = {result.question for result in read_records(path, ItemResult)}
        assert bool(asked & final) == path.name.startswith("final-")


def test_the_same_config_and_seed_give_the_same_curriculum_and_the_same_lessons(place, whole):
    again = RunDirectory.at(place / "runs", "again")
    done = ioa("run", "run.yaml", "--run-id", "again", cwd=place)
    assert done.returncode == 0
    for label in ("diagnosis-student", "final-before"):  # the untaught student is asked once
        assert len(re.findall(rf"student, {label}: (\d+) of \1 replies are known", done.stdout + done.stderr)) >= 1
        assert again.scores(label).read_bytes() == whole.scores(label).read_bytes()
    assert again.curriculum.read_bytes() == whole.curriculum.read_bytes()
    assert lessons(again) == lessons(whole)


@pytest.mark.parametrize("moment", ["writing lessons", "training", "student, stage-01"])
def test_after_kill_9_the_run_goes_on_and_ends_as_if_nothing_had_happened(place, whole, moment):
    run = RunDirectory.at(place / "runs", f"killed-{moment.split()[0].strip(',')}")
    process = start("run", "run.yaml", "--run-id", run.run_id, cwd=place)
    for line in process.stderr:
        if re.match(rf"\s+{moment}\S*: [1-9]", line):
            process.send_signal(signal.SIGKILL)
            break
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL
    kept = lessons(run)
    resumed = ioa("resume", run.run_id, cwd=place)
    assert resumed.returncode == 0, resumed.stderr
    assert lessons(run)[: len(kept)] == kept
    assert [untraced(lesson) for lesson in lessons(run)] == [untraced(lesson) for lesson in lessons(whole)]
    ours, theirs = (load_file(r.adapter(2, 1) / "adapter_model.safetensors") for r in (run, whole))
    assert all((ours[name] == theirs[name]).all() for name in theirs)
    if moment != "writing lessons":  # what was written before is not written again
        assert batches(run) == batches(whole)


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(place):
    process = start("run", "run.yaml", "--run-id", "interrupted", cwd=place)
    said = []
    for line in process.stderr:
        said.append(line)
        if re.match(r"\s+training: [1-9]", line):
            process.send_signal(signal.SIGINT)
            break
    said += process.stderr
    process.stderr.close()
    assert process.wait() == 130
    assert "ioa resume interrupted" in "".join(said)
    assert "Traceback" not in "".join(said)
    run = RunDirectory.at(place / "runs", "interrupted")
    assert json.loads(run.summary.read_text())["status"] == "interrupted"
    assert ioa("resume", "interrupted", cwd=place).returncode == 0
    assert json.loads(run.summary.read_text())["status"] == "finished"


def test_resuming_a_finished_run_changes_nothing(place, whole):
    before = {path: path.read_bytes() for path in (whole.transcript, whole.summary)}
    resumed = ioa("resume", "whole", cwd=place)
    assert resumed.returncode == 0
    assert "finished already" in resumed.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_a_second_process_on_the_same_run_is_told_who_holds_it(place):
    first = start("run", "run.yaml", "--run-id", "held", cwd=place)
    for line in first.stderr:
        if "probes in three splits" in line:
            break
    second = ioa("resume", "held", cwd=place)
    first.kill()
    first.stderr.close()
    first.wait()
    assert second.returncode == 2
    assert f"pid {first.pid}" in second.stderr


def test_a_review_waits_for_a_person_and_takes_what_they_wrote(place):
    paused = ioa("run", "run.yaml", "--set", "curriculum.review=true", "--run-id", "reviewed", cwd=place)
    assert paused.returncode == 0, paused.stderr
    run = RunDirectory.at(place / "runs", "reviewed")
    assert str(run.curriculum.name) in paused.stderr
    assert not run.examples(1).exists()

    curriculum = yaml.safe_load(run.curriculum.read_text())
    curriculum["stages"][0]["modules"] = ["sums/no-such"]
    run.curriculum.write_text(yaml.safe_dump(curriculum))
    refused = ioa("resume", "reviewed", cwd=place)
    assert refused.returncode == 2
    assert "sums/no-such" in refused.stderr

    curriculum["stages"] = curriculum["stages"][1:]
    curriculum["stages"][0]["number"] = 1
    run.curriculum.write_text(yaml.safe_dump(curriculum))
    assert ioa("resume", "reviewed", cwd=place).returncode == 0
    assert {example.module for example in read_records(run.examples(1), Example)} == {"sums/long"}
    assert not run.examples(2).exists()


def test_the_transcript_is_readable_and_filtered(place):
    everything = ioa("transcript", "whole", cwd=place)
    chosen = ("--agent", "adapter", "--stage", 2, "--module", "sums/long", "--kind", "attempt")
    adapter = ioa("transcript", "whole", *chosen, cwd=place)
    assert everything.returncode == adapter.returncode == 0
    assert "sums/long" in adapter.stdout
    assert "sums/short" not in adapter.stdout
    count = [
        int(re.search(r"([\d,]+)(?: of [\d,]+)? events\n$", text.stdout)[1].replace(",", ""))
        for text in (everything, adapter)
    ]
    assert count[0] > count[1] > 0


def test_the_index_is_rebuilt_from_the_lessons(place, whole):
    rebuilt = ioa("index", "rebuild", "whole", cwd=place)
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert rebuilt.stdout.startswith(f"{len(lessons(whole))} lessons")


def lessons(run):
    return [example for stage in (1, 2) for example in read_records(run.examples(stage), Example)]


def untraced(lesson):
    """Without the id of its event: a call that was cut off is made again, as an event of its own."""
    return lesson.model_copy(update={"event": ""})


def batches(run):
    events = read_attempts(run.transcript)
    return sorted(e.context.batch for e in events if e.context.agent == "adapter")


def test_compiling_the_graph_opens_nothing(tmp_path):
    """LangGraph evaluates the attributes that node functions mention; a store opened then guards no probes."""
    ctx = RunContext(RunDirectory(tmp_path / "run"), RunConfig())
    build_graph(ctx)
    assert ctx.parts == {}
    assert list(tmp_path.iterdir()) == []


def test_every_decision_is_in_the_transcript(whole):
    decisions = read_decisions(whole.transcript)
    visits = [(d.context.node, d.context.stage, d.context.round) for d in decisions if not d.subject]
    assert visits[:5] == [(node, None, None) for node in ("decompose", "examine", "relate", "diagnose", "plan")]
    assert {node for node, *_ in visits[5:-1]} == {
        "draft", "verify", "decontaminate", "deduplicate", "top_up",
        "train", "assess", "remediate", "advance", "revise",
    }  # fmt: skip
    assert visits[-1][0] == "finish"
    assert ("remediate", 1, 0) in visits
    accepted = {d.subject for d in decisions if d.subject and not d.rejected}
    refused = {d.subject: d.category for d in decisions if d.subject and d.rejected}
    assert accepted == {lesson.id for lesson in lessons(whole)}
    assert refused == {r.id: r.reason.value for stage in (1, 2) for r in read_records(whole.refusals(stage), Refusal)}
    (plan,) = (d for d in decisions if d.context.node == "plan")
    assert plan.wrote["stages"] == 2
    assert "Stage 1" in plan.text
    assert [note.receiver for note in plan.notes] == ["adapter"]
    silent = {d.context.node for d in decisions if not d.text}
    assert silent <= {"draft", "top_up", "train", "advance", "revise"}
    (examined,) = (d for d in decisions if d.context.node == "examine")
    assert "sums/short: student " in examined.text


def test_every_event_belongs_to_another_or_is_a_visit(whole):
    events = read_transcript(whole.transcript)
    by_id = {event.id: event for event in events}
    assert len(by_id) == len(events)
    assert {event.run for event in events} == {"whole"}
    for event in events:
        if event.kind == "attempt" or event.subject:
            assert event.parent in by_id
        else:
            assert event.parent == ""
        if event.kind == "decision" and event.subject:
            assert by_id[event.parent].context.task == "lessons"
        elif event.kind == "attempt" and event.attempt == 1:
            assert not by_id[event.parent].subject


def test_the_agents_notes_are_each_kept_once(place, whole):
    with open_checkpointer(whole.checkpoints) as checkpointer:
        graph = build_graph(RunContext(whole, RunConfig()), checkpointer)
        notes = graph.get_state({"configurable": {"thread_id": "whole"}}).values["notes"]
    senders = [(note["sender"], note["stage"], note["round"]) for note in notes]
    assert len(senders) == len(set(senders))
    # two stages of two rounds each: adapter and examiner every round, diagnoser and planner once between them
    assert len(notes) == 2 + 2 * (2 * 2 + 2)


def test_what_is_confirmed_and_what_is_refused_is_kept_with_its_wrong_answers(whole):
    probes = {probe.id: probe for probe in read_records(whole.probes, Probe)}
    kept = [m for stage in (1, 2) for m in read_records(whole.misconceptions(stage, 0), Misconception)]
    diagnosis = read_record(whole.diagnosis, Diagnosis)
    kept += [*diagnosis.misconceptions, *diagnosis.unconfirmed]
    assert any(not m.refused for m in kept)
    for m in kept:
        assert m.examples
        assert all(example.question == probes[example.probe].question for example in m.examples)
        assert set(m.probes) <= set(m.named)
        assert bool(m.refused) == (len(m.probes) < 2)


def test_a_remedy_answers_confirmed_misconceptions_and_its_lessons_say_which(whole):
    for stage in (1, 2):
        confirmed = {m.id: m for m in read_records(whole.misconceptions(stage, 0), Misconception) if not m.refused}
        remedies = read_records(whole.remedies(stage, 1), Remedy)
        assert sum(remedy.lessons for remedy in remedies) == 8
        assert {remedy.misconception for remedy in remedies} == set(confirmed)
        assert all(remedy.diagnosis == confirmed[remedy.misconception].summary for remedy in remedies)
        written = [e for e in read_records(whole.examples(stage), Example) if e.round == 1]
        assert {e.misconception for e in written} == set(confirmed)


def test_whoever_writes_or_plans_never_sees_the_examination(whole):
    probes = read_records(whole.probes, Probe)
    events = read_attempts(whole.transcript)
    told = [e for e in events if e.context.task in {"lessons", "plan", "remedy"}]
    assert {e.context.task for e in told} == {"lessons", "plan", "remedy"}
    prompts = "\n".join(message.content for event in told for message in event.messages)
    assert not [probe.question for probe in probes if probe.question in prompts]
    replies = [
        r.reply for s in ("diagnosis-student", "stage-01-round-0") for r in read_records(whole.scores(s), ItemResult)
    ]
    assert not [reply for reply in replies if json.dumps(reply, ensure_ascii=False)[1:-1] in prompts]
