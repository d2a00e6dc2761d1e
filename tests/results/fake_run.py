"""A run directory as a real run would leave it: true records with made-up but plausible values."""

import math
import random
from pathlib import Path

import yaml

from ioa.agents import LessonRequest
from ioa.memory.clock import Activity, Timing, Work
from ioa.memory.files import append_records, read_record, read_records, write_record, write_records, write_text
from ioa.memory.records import (
    Agreement,
    Assessment,
    BrokenEdge,
    Claim,
    Curriculum,
    Diagnosis,
    Difficulty,
    Domain,
    Edge,
    Example,
    Gap,
    GateResult,
    Generator,
    ItemResult,
    Kind,
    Misconception,
    Module,
    Note,
    Prerequisites,
    Refusal,
    RefusalReason,
    Remedy,
    Score,
    Stage,
    Strategy,
    Undecided,
    WrongAnswer,
)
from ioa.memory.run_dir import RunDirectory
from ioa.memory.training_log import TRAINING_LOG, LossPoint, TrainingLog
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, Message, Tokens
from ioa.results.facts import read_facts
from ioa.results.summary import summarise
from ioa.training import Execution, manifest, score_by_module

N = 30
SPEC = "tutor:arithmetic"
# module: (student right at diagnosis, after teaching, stage or 0, prerequisites); of N items
MODULES = {
    "sums/one-digit": (28, 28, 0, ()),
    "sums/carrying": (4, 29, 1, ("sums/one-digit",)),
    "sums/multi-term": (9, 28, 2, ("sums/carrying",)),
    "differences/one-digit": (25, 25, 0, ("sums/one-digit",)),
    "differences/borrowing": (6, 27, 1, ("differences/one-digit", "sums/carrying")),
    "products/times-table": (24, 24, 0, ("sums/one-digit",)),
    "products/two-digit": (1, 19, 2, ("products/times-table", "sums/carrying")),
    "divisors/gcd": (12, 27, 2, ("products/times-table",)),
    "divisors/lcm": (5, 26, 3, ("divisors/gcd", "products/two-digit")),
    "fractions/simplification": (3, 28, 3, ("divisors/gcd",)),
    "algebra/linear-equations": (16, 16, 0, ("differences/borrowing", "products/times-table")),
    "word-problems/grade-school": (0, 0, 0, ("sums/multi-term", "products/two-digit")),
}
TARGETS = [m for m, (_, _, stage, _) in MODULES.items() if stage]
TITLES = {1: "Carrying and borrowing", 2: "Longer sums and products", 3: "Divisors at work"}
ROUNDS = {1: [0.6, 1.0], 2: [0.7, 0.85, 1.0], 3: [1.0]}
HOSTILE = "<script>alert('x')</script> \x1b[31mred\x1b[0m \u202egnp.exe [bold]not bold[/bold]"


def results(split: str, right: dict[str, int], n: int = N) -> list[ItemResult]:
    """The first `right` items of each module are right."""
    return [
        ItemResult(
            probe=f"{split}/{module}/{i:03d}",
            module=module,
            question=f"What is {i} + {i}?",
            expected=str(2 * i),
            reply=f"Answer: {2 * i}",
            extracted=str(2 * i),
            correct=i < k,
        )
        for module, k in right.items()
        for i in range(n)
    ]


def make_beginning(runs: Path, run_id: str = "arithmetic-demo") -> RunDirectory:
    """A run that has its config, its domain and the student's diagnosis scores, no more."""
    run = RunDirectory.at(runs, run_id)
    settings = {
        "domain": "arithmetic",
        "student": {"model": "smollm2-135m"},
        "teacher": {"model": SPEC},
        "diagnosis": {"tau_gap": 0.3},
        "mastery": {"tau_mastery": 0.9},
    }
    write_text(run.config, yaml.safe_dump(settings))
    generator = Generator(family="basic_arithmetic")
    modules = tuple(
        Module(
            id=m,
            description=f"Can do {m}.",
            prerequisites=pre,
            levels={"easy": generator, "exam": generator},
            exam_level="exam",
        )
        for m, (_, _, _, pre) in MODULES.items()
    )
    write_record(run.domain, Domain(name="arithmetic", description="School arithmetic.", modules=modules))
    write_records(run.scores("diagnosis-student"), results("diagnosis", {m: v[0] for m, v in MODULES.items()}))
    return run


def make_run(runs: Path, run_id: str = "arithmetic-demo", text: str = "") -> RunDirectory:
    """A finished run; `text` is put wherever a model's words go."""
    run = make_beginning(runs, run_id)
    teacher = dict.fromkeys(MODULES, N) | {"word-problems/grade-school": 0, "products/two-digit": 29}
    write_records(run.scores("diagnosis-teacher"), results("diagnosis", teacher))
    write_records(run.scores("gate-teacher"), results("gate", teacher))
    for label, column in (("before", 0), ("after", 1)):
        right = {m: max(0, v[column] - column) for m, v in MODULES.items() if m in TARGETS}
        write_records(run.scores(f"final-{label}"), results("final", right))
    write_records(run.scores("final-teacher"), results("final", {m: teacher[m] for m in TARGETS}))
    diagnosis = _diagnosis(teacher, text)
    write_record(run.diagnosis, diagnosis)
    write_record(run.revised_prerequisites, Prerequisites(edges=diagnosis.edges[:3]))
    _write_curriculum(run, text)
    for stage in TITLES:
        _write_stage(run, stage, teacher, text)
    write_records(run.transcript, _events(text))
    phases = {"decompose": 2.1, "examine": 95.0, "diagnose": 1.2, "plan": 0.4, "synthesize": 41.0}
    phases |= {"train": 602.0, "assess": 171.0, "remediate": 1.0, "finish": 64.0}
    work: dict[Activity, Work] = {
        "training": Work(seconds=600.0, items=1500, tokens=90_000, flops=5.4e13),
        "generation": Work(seconds=300.0, items=600, tokens=30_000, flops=9e12),
        "teacher": Work(seconds=41.3, items=16, tokens=2560),
    }
    timing = Timing(
        wall_seconds=991.3, peak_rss_bytes=5_640_000_000, phases=phases, metered_seconds=991.3, activities=work
    )
    write_record(run.clock, timing)
    write_record(
        run.execution,
        Execution(
            device="cpu", dtype="float32", threads=2, batch_size=64, processor="A Processor", cores=2, peak=300.0
        ),
    )
    return run


FORGOTTEN = {"products/times-table": 7, "algebra/linear-equations": 1}
"""Final items that each module that was never taught lost by the teaching of the others."""


def examine_whole_domain(run: RunDirectory) -> None:
    """Have the final examination ask what was never taught, too; a module whose teacher scored 0 among it."""
    untouched = {module: row[0] for module, row in MODULES.items() if module not in TARGETS}
    after = {module: right - FORGOTTEN.get(module, 0) for module, right in untouched.items()}
    teacher = dict.fromkeys(untouched, N) | {"word-problems/grade-school": 0}
    for who, right in (("before", untouched), ("after", after), ("teacher", teacher)):
        append_records(run.scores(f"final-{who}"), results("final", right))


def _diagnosis(teacher: dict[str, int], text: str) -> Diagnosis:
    gaps = []
    for module, (right, _, stage, _) in MODULES.items():
        delta = (teacher[module] - right) / teacher[module] if teacher[module] else None
        gaps.append(
            Gap(
                module=module,
                student=Score(k=right, n=N),
                teacher=Score(k=teacher[module], n=N),
                delta=delta,
                severity=0.7 * delta if delta else 0.0,
                deficient=bool(delta and delta > 0.3),
                targeted=stage > 0,
            )
        )
    edges = tuple(
        Edge(source=pre, target=m, strength=0.5 + 0.1 * (i % 5), estimator="pack", evidence="the pack says so")
        for m, (_, _, _, prerequisites) in MODULES.items()
        for i, pre in enumerate(prerequisites)
    )
    said = Claim(
        source="sums/one-digit",
        target="sums/multi-term",
        strength=0.55,
        interval=(0.21, 0.8),
        estimator="population",
        evidence=f"3 variants that can do it score 0.90 {text}",
    )
    measured = Edge(
        **said.model_dump(exclude={"estimator"}), estimator="population+teacher", uncertain=True, claims=(said,)
    )
    loop = Edge(source="divisors/lcm", target="divisors/gcd", strength=0.35, estimator="teacher", evidence="claimed")
    return Diagnosis(
        gaps=tuple(gaps),
        edges=(*edges, measured),
        left_out=(
            measured.model_copy(update={"source": "sums/chains", "target": "sums/decimals", "evidence": "too unsure"}),
        ),
        undecided=(
            Undecided(estimator="population", source="products/two-digit", reason=f"1 variant can do it {text}"),
        ),
        broken=(BrokenEdge(edge=loop, cycle=("divisors/gcd", "divisors/lcm", "divisors/gcd")),),
        misconceptions=tuple(misconception("diagnosis", m, N - MODULES[m][0], text) for m in TARGETS),
        unconfirmed=(
            misconception("diagnosis", TARGETS[0], 2, text).model_copy(
                update={"id": f"diagnosis/{TARGETS[0]}/2", "probes": (), "refused": "0 of 2 borne out"}
            ),
        ),
    )


def misconception(label: str, module: str, wrong: int, text: str) -> Misconception:
    """One that the last `wrong` items of an examination show, all but one of them by both readings."""
    split = "diagnosis" if label == "diagnosis" else "gate"
    named = tuple(f"{split}/{module}/{i:03d}" for i in range(N - wrong, N))
    example = WrongAnswer(probe=named[0], question=f"What is 9 + 9? {text}", expected="18", reply=f"Answer: 8 {text}")
    return Misconception(
        id=f"{label}/{module}/1",
        module=module,
        summary=f"Drops the carried digit in the next column. {text}",
        probes=named[1:],
        named=named,
        failed=wrong,
        examples=(example,),
        agreement=Agreement(items=wrong, same=wrong - 1, kappa=0.75),
    )


def _write_curriculum(run: RunDirectory, text: str) -> None:
    stages = tuple(
        Stage(
            number=number,
            title=title + text,
            modules=tuple(m for m in TARGETS if MODULES[m][2] == number),
            difficulty=0.83 - 0.02 * number,
            rationale=f"Everything later adds in columns, so this comes before it. {text}",
        )
        for number, title in TITLES.items()
    )
    warning = "Stage 3 rises by 0.18 in difficulty, more than tau_ZPD = 0.15."
    content = Curriculum(stages=stages, warnings=(warning + text,)).model_dump(mode="json")
    write_text(run.curriculum, yaml.safe_dump(content, allow_unicode=True))


def _write_stage(run: RunDirectory, stage: int, teacher: dict[str, int], text: str) -> None:
    own = [m for m in TARGETS if MODULES[m][2] == stage]
    earlier = [m for m in TARGETS if MODULES[m][2] < stage]
    dice = random.Random(stage)
    examples: list[Example] = []
    for round_, share in enumerate(ROUNDS[stage]):
        examples += [lesson(m, stage, round_, i, text) for m in own for i in range(12 if round_ else 60)]
        gate = tuple(gate_result(m, round(share * MODULES[m][1]), teacher[m]) for m in own)
        lost = {m: 6 if (m, stage) == ("differences/borrowing", 3) else 1 for m in earlier}
        kept = tuple(gate_result(m, MODULES[m][1] - lost[m], teacher[m]) for m in earlier)
        write_record(run.assessment(stage, round_), Assessment(stage=stage, round=round_, gate=gate, earlier=kept))
        steps = tuple(
            LossPoint(
                step=i + 1,
                epoch=(i + 1) / 20,
                learning_rate=1e-3 * (1 - i / 60),
                loss=(1.4 if round_ == 0 else 0.5) * math.exp(-i / 14) + 0.08 + 0.05 * dice.random(),
            )
            for i in range(60 if round_ == 0 else 24)
        )
        log = TrainingLog(steps=steps, examples=60 * len(own), tokens=52_000, seconds=181.0)
        write_record(run.adapter(stage, round_) / TRAINING_LOG, log)
        before = [e for e in read_records(run.examples(stage - 1), Example) if e.round == 0][:5]
        new = {example.id for example in examples if example.round == round_}
        write_records(run.dataset(stage, round_), manifest([*examples, *before], new))
        requests = [request(m, stage, round_, text) for m in own]
        write_records(run.drafts(stage, round_, 0) / "requests.jsonl", requests)
        if round_:
            found = [misconception(f"stage-{stage:02d}-round-{round_ - 1}", m, 9, text) for m in own]
            write_records(run.misconceptions(stage, round_ - 1), found)
            remedies = [
                Remedy(
                    module=m,
                    diagnosis=f"Still drops the carry. {text}",
                    misconception=f"stage-{stage:02d}-round-{round_ - 1}/{m}/1",
                    reason=f"It is near the gate. {text}",
                    kind=Kind.REMEDIAL,
                    level="easy",
                    strategies=(Strategy.COGNITIVE_LOAD, Strategy.LANGUAGE),
                    lessons=12,
                )
                for m in own
            ]
            write_records(run.remedies(stage, round_), remedies)
    write_records(run.examples(stage), examples)
    reasons = [RefusalReason.DUPLICATE] * 9 + [RefusalReason.ANSWER] * 3 + [RefusalReason.CONTAMINATED] * stage
    refusals = [
        Refusal(
            module=own[0],
            stage=stage,
            round=0,
            batch=f"{own[0]}-0",
            reason=reason,
            detail="near another",
            problem="1 + 1",
            answer="2",
            event="000007",
        )
        for reason in reasons
    ]
    write_records(run.refusals(stage), refusals)


def gate_result(module: str, right: int, teacher: int) -> GateResult:
    """A module at the gate, with tau_mastery = 0.9."""
    ratio = right / teacher if teacher else 0.0
    return GateResult(
        module=module, student=Score(k=right, n=N), teacher=Score(k=teacher, n=N), ratio=ratio, mastered=ratio >= 0.9
    )


def request(module: str, stage: int, round_: int, text: str) -> LessonRequest:
    """What the lessons of `lesson` were asked for with."""
    return LessonRequest(
        batch=f"{module}-{round_}",
        module=module,
        stage=stage,
        round=round_,
        kind=Kind.REMEDIAL if round_ else Kind.CHAIN_OF_THOUGHT,
        level="easy" if round_ else "exam",
        strategies=(Strategy.FORMAT,),
        count=12 if round_ else 60,
        seed=stage,
        misconception=f"Drops the carry. {text}",
        misconception_id=f"stage-{stage:02d}-round-{round_ - 1}/{module}/1" if round_ else "",
    )


def lesson(module: str, stage: int, round_: int, i: int, text: str = "") -> Example:
    """A worked addition."""
    a, b = 37 + i, 48 + 3 * i
    ones = a % 10 + b % 10
    tens = a // 10 + b // 10 + ones // 10
    return Example(
        id=f"{module}-{stage}-{round_}-{i}",
        module=module,
        stage=stage,
        round=round_,
        batch=f"{module}-{round_}",
        kind=Kind.REMEDIAL if round_ else Kind.CHAIN_OF_THOUGHT,
        difficulty=Difficulty.INTRODUCTORY if i < 20 else Difficulty.INTERMEDIATE,
        level="easy" if round_ else "exam",
        strategies=(Strategy.DECOMPOSE, Strategy.FORMAT) if i % 2 else (Strategy.CONCRETIZE, Strategy.FORMAT),
        prerequisites=MODULES[module][3],
        problem=f"Calculate {a} + {b}. {text}".strip(),
        steps=(
            f"Ones: {a % 10} + {b % 10} = {ones}. Write {ones % 10}, carry {ones // 10}.",
            f"Tens: {a // 10} + {b // 10} + {ones // 10} = {tens}. {text}".strip(),
        ),
        answer=str(a + b),
        verification=f"{a + b} - {b} = {a}",
        teacher=SPEC,
        event="000004",
        misconception=f"stage-{stage:02d}-round-{round_ - 1}/{module}/1" if round_ else "",
    )


def event(number: int, agent: str, task: str, text: str = "", **context: object) -> AttemptEvent:
    """A call of the teacher."""
    prose = 'You are a patient teacher of arithmetic.\nWrite lessons.\n\nKeep them short.\n```json\n{"count": 5}\n```'
    return AttemptEvent(
        id=f"{number:06d}",
        time="2026-01-05T10:00:00.000+00:00",
        context=CallContext.model_validate({"node": task, "agent": agent, "task": task, **context}),
        teacher=SPEC,
        messages=(Message(role="system", content=prose), Message(role="user", content=f"Begin. {text}")),
        reply=f'{{"note": "Carries are lost. {text}"}}',
        parsed={"note": f"Carries are lost in sums; begin there. {text}"} if task != "solve" else None,
        tokens=Tokens(input=420, output=160),
        seconds=0.04,
    )


def _events(text: str) -> list[AttemptEvent]:
    plan = [("diagnoser", "prerequisites", {}), ("diagnoser", "analyse", {}), ("planner", "plan", {})]
    plan += [("adapter", "lessons", {"stage": MODULES[m][2], "round": 0, "module": m}) for m in TARGETS]
    plan += [("planner", "remedy", {"stage": 1, "round": 1})]
    plan += [("verifier", "solve", {"stage": 1, "round": 0, "module": TARGETS[0]})] * 5
    return [event(i + 1, agent, task, text, **context) for i, (agent, task, context) in enumerate(plan)]


def decisions(text: str = "") -> list[DecisionEvent]:
    """Of the first stage: a visit with a note, an accepted and a refused lesson; the calls belong to the visit."""
    time = "2026-01-05T10:00:01.000+00:00"
    where = {"node": "deduplicate", "agent": "adapter", "task": "lesson", "stage": 1, "round": 0, "module": TARGETS[0]}
    place = CallContext.model_validate(where | {"batch": f"{TARGETS[0]}-0"})
    near = f"too near another {text}"
    return [
        DecisionEvent(id="accepted01", parent="000004", time=time, context=place, subject="lesson-1", text="accepted"),
        DecisionEvent(
            id="refused001",
            parent="000004",
            time=time,
            context=place,
            subject="lesson-2",
            error=near,
            category="duplicate",
            text=f"refused: {near}",
        ),
        DecisionEvent(
            id="visit00001",
            time=time,
            context=CallContext(node="draft", agent="adapter", task="draft", stage=1, round=0),
            seconds=2.5,
            read={"stage": 1, "round": 0},
            wrote={"missing": 4711, "adapter": text},
            notes=(Note(sender="adapter", receiver="trainer", text=f"Carries are hard. {text}", stage=1, round=0),),
            text=f"59 lessons accepted, 1 refused. {text}\nAdapter to Trainer: Carries are hard. {text}",
        ),
    ]


def summary_of(run, status):
    """The summary of a run whose status is that."""
    return summarise(read_facts(run, status))


REASON = "two numbers, 4 and 5"


def plant_unread(run: RunDirectory, share: float) -> None:
    """Have the scorer unable to read that share of each module's wrong replies, and able to read all the others."""
    for path in run.scores("label").parent.glob("*.jsonl"):
        found = []
        for item in read_records(path, ItemResult):
            wrong = sum(one.module == item.module and not one.correct for one in found)
            unread = not item.correct and wrong < round(share * N)
            said = {"reply": "4 or 5", "extracted": "", "detail": REASON} if unread else {}
            found.append(item.model_copy(update={"unread": unread, **said}))
        write_records(path, found)
    scores = {who: score_by_module(read_records(run.scores(f"diagnosis-{who}"), ItemResult)) for who in _EXAMINEES}
    diagnosis = read_record(run.diagnosis, Diagnosis)
    gaps = [gap.model_copy(update={who: scores[who][gap.module] for who in _EXAMINEES}) for gap in diagnosis.gaps]
    write_record(run.diagnosis, diagnosis.model_copy(update={"gaps": tuple(gaps)}))
    for path in (run.root / "assessments").glob("*.json"):
        seen = read_record(path, Assessment)
        both = {name: tuple(_unread(one, share) for one in getattr(seen, name)) for name in ("gate", "earlier")}
        write_record(path, seen.model_copy(update=both))


_EXAMINEES = ("student", "teacher")


def _unread(result: GateResult, share: float) -> GateResult:
    """Half of the wrong replies at the gate, where any at all are unread."""
    scores = {who: getattr(result, who) for who in _EXAMINEES}
    counts = {who: (score.n - score.k) // 2 if share else 0 for who, score in scores.items()}
    return result.model_copy(
        update={who: score.model_copy(update={"unread": counts[who]}) for who, score in scores.items()}
    )
