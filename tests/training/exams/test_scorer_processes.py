"""Comparisons that hang, take all memory or kill their process: graded, and nothing else is held up."""

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import closing

import psutil
import pytest
from tests.needed import PUBLISHED, needs_published_files

from ioa.memory.errors import ScoringError
from ioa.memory.records import Attempt
from ioa.training.exams.scorers import Scorers
from ioa.training.exams.scorers.worker_processes import Pool, UnfinishedError, Worker

SILENT = "import sys, time\nprint('{}', flush=True)\n"


def attempt(answer, reply):
    return Attempt(question="What is it?", answer=answer, reply=reply)


@pytest.fixture(scope="module")
def quick():
    """A scorer with little time."""
    scorers = Scorers({"math": {"seconds": 0.5, "memory": 1024, "workers": 1}})
    yield scorers["math"]
    scorers.close()


def workers():
    """Those that run; one that has ended and was not waited for yet has no command line any more."""
    running = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in running if "math_worker" in " ".join(child.cmdline())]


@pytest.mark.parametrize("endless", [r"9^{9^{9^9}}", r"\sum_{k=1}^{10000000000} \frac{1}{k}"])
def test_an_answer_that_hangs_the_comparison_is_wrong_and_the_next_one_is_graded(quick, endless):
    began = time.monotonic()
    hung, right = quick.grade([attempt("x^2+1", rf"\boxed{{{endless}}}"), attempt("x^2+1", "Answer: 1+x^2")])
    assert not hung.correct
    assert "not finished within 0.5 s of processor time" in hung.detail
    assert right.correct
    assert time.monotonic() - began < 60


def test_a_reference_that_hangs_the_comparison_is_no_fault_of_the_reply(quick):
    with pytest.raises(ScoringError, match=r"What is it\?.*comparing its reference"):
        quick.grade([attempt("+".join(["x"] * 900), "Answer: 3")])


def test_what_one_comparison_did_to_a_process_is_not_felt_by_the_next(quick):
    quick.grade([attempt("x+1", "Answer: 1+x")])
    (worker,) = workers()
    worker.kill()
    worker.wait()
    assert quick.grade([attempt("x+1", "Answer: 1+x")])[0].correct


def test_a_worker_without_a_parent_does_not_compute_for_ever():
    command = [sys.executable, "-m", "ioa.training.exams.scorers.math_worker", "1024", "0.5"]
    request = json.dumps({"reference": "x^2+1", "given": "9^{9^{9^9}}"})
    done = subprocess.run(command, input=f"{request}\n", capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == -signal.SIGXCPU
    assert done.stdout == '"ready"\n'


def test_closing_leaves_no_process_behind():
    before = set(workers())
    with closing(Scorers({"math": {"workers": 1}})) as scorers:
        assert scorers["math"].grade([attempt("x+1", "Answer: 1+x")])[0].correct
        (started,) = set(workers()) - before
    assert not started.is_running()


def test_answers_that_are_the_references_text_need_no_process():
    before = workers()
    with closing(Scorers()) as scorers:
        assert scorers["math"].grade([attempt(r"\text{east}", r"\boxed{\text{east}}"), attempt("5", "Answer: 5")])
        assert workers() == before


@pytest.fixture
def scripted(tmp_path, monkeypatch):
    """A worker that runs a module of that text."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    opened = []

    def worker(text, seconds=0.3):
        (tmp_path / "scripted_worker.py").write_text(text, encoding="utf-8")
        opened.append(Worker("scripted_worker", [], seconds))
        return opened[-1]

    yield worker
    for one in opened:
        one.stop()
        one.stop()


def test_a_worker_that_does_not_start_is_an_error_with_its_last_words(scripted):
    with pytest.raises(ScoringError, match=r"does not start: the process ended.*no such planet"):
        scripted("raise SystemExit('no such planet')").ask({})


@pytest.mark.parametrize("text", ["input()\nraise SystemExit(1)", "input()\nprint('half', end='')", "pass"])
def test_a_worker_that_dies_is_told_from_one_that_answers(scripted, text):
    with pytest.raises(UnfinishedError, match="the process ended"):
        scripted(SILENT + text).ask({})


def test_time_that_the_machine_is_busy_with_others_does_not_count(scripted):
    assert scripted(SILENT + "input()\ntime.sleep(1)\nprint('[1]')").ask({}) == [1]
    with pytest.raises(UnfinishedError, match="processor time"):
        scripted(SILENT + "input()\nwhile True: pass").ask({})


def test_a_pool_gives_each_worker_to_one_at_a_time_and_the_last_used_first(scripted):
    one, other = scripted(SILENT), scripted(SILENT)
    pool = Pool([one, other])
    with pool.worker() as first, pool.worker() as second:
        assert {first, second} == {one, other}
    with pool.worker() as again:
        assert again is first
    pool.close()


def test_the_command_line_loads_neither_sympy_nor_math_verify():
    code = "import sys, ioa.cli.main, ioa.training.exams.scorers.equivalence, ioa.training.exams.scorers.rouge; "
    code += "print(*{'sympy', 'math_verify', 'rouge_score', 'nltk'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def published(name):
    lines = (PUBLISHED / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["answer"] for line in lines]


TAIL = re.compile(r"(\\circ|_\{?\d+\}?|\^2)\s*$")


def perturbed(answer):
    """Another answer: its last digit changed, or a word that is none, or one more."""
    body = TAIL.sub(lambda tail: " " * len(tail.group()), answer)
    digits = list(re.finditer(r"\d", body))
    if digits:
        last = digits[-1]
        return f"{answer[: last.start()]}{(int(last.group()) + 1) % 10}{answer[last.end() :]}"
    return re.sub(r"(\w+)(\)?\})$", r"\1z\2", answer) if "\\text" in answer else f"{answer} + 1"


@needs_published_files
@pytest.mark.slow
def test_of_published_math_problems_every_reference_is_right_and_every_perturbed_one_wrong():
    answers = published("math500_first300.jsonl")
    scorers = Scorers()
    right = scorers["math"].grade([attempt(answer, rf"So it is $\boxed{{{answer}}}$.") for answer in answers])
    wrong = scorers["math"].grade([attempt(answer, rf"So $\boxed{{{perturbed(answer)}}}$.") for answer in answers])
    scorers.close()
    assert [answer for answer, grade in zip(answers, right, strict=True) if grade.score != 1] == []
    assert [answer for answer, grade in zip(answers, wrong, strict=True) if grade.score != 0] == []
    assert not any(grade.detail for grade in wrong)


@needs_published_files
@pytest.mark.parametrize("name", ["gsm8k_test_first660.jsonl", "gsm8k_train_1500.jsonl"])
def test_of_published_word_problems_every_reference_is_right_and_every_perturbed_one_wrong(name):
    answers, numeric = published(name), Scorers()["numeric"]
    right = [attempt(answer, answer) for answer in answers]
    finals = [answer.rpartition("####")[2].strip() for answer in answers]
    right += [attempt(answer, f"Answer: ${final}") for answer, final in zip(answers, finals, strict=True)]
    others = [str(int(final.replace(",", "")) + 1) for final in finals]
    wrong = [attempt(answer, f"#### {other}") for answer, other in zip(answers, others, strict=True)]
    wrong += [attempt(answer, f"Answer: {final}.5") for answer, final in zip(answers, finals, strict=True)]
    assert all(grade.score == 1 for grade in numeric.grade(right))
    assert not any(grade.score for grade in numeric.grade(wrong))
