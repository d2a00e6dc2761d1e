import os

import pytest
from tests.small import ioa, write_config


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    write_config(folder)
    return folder


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nosuch.yaml"], ["nosuch.yaml", "arithmetic"]),
        (["run", "run.yaml", "--set", "mastery.tau=1"], ["mastery.tau"]),
        (["run", "run.yaml", "--set", "mastery.rounds=many"], ["mastery.rounds", "integer"]),
        (["run", "run.yaml", "--set", "mastery"], ["KEY=VALUE"]),
        (["run", "run.yaml", "--teacher", "nosuch:model"], ["nosuch", "tutor"]),
        (["run", "run.yaml", "--teacher", "tutor:nosuch"], ["nosuch", "arithmetic"]),
        (["run", "run.yaml", "--domain", "nosuch"], ["nosuch", "arithmetic"]),
        (["run", "run.yaml", "--domain", "nosuch.yaml"], ["nosuch.yaml"]),
        (["run", "run.yaml", "--student", "./nosuch"], ["nosuch"]),
        (["run", "run.yaml", "--student", "nobody/nosuch"], ["nobody/nosuch"]),
        (["run", "run.yaml", "--set", "embedder=nosuch"], ["nosuch", "wordllama"]),
        (["run", "run.yaml", "--set", "scorers={numeric: {absolut: 1}}"], ["scorers.numeric.absolut", "absolute"]),
        (["run", "run.yaml", "--teacher", "./nosuch.py:open_it"], ["nosuch.py", "open_it"]),
        (["run", "run.yaml", "--domain", "./nosuch.py:DOMAIN"], ["nosuch.py", "DOMAIN"]),
        (["run", "run.yaml", "--set", "embedder=./nosuch.py:E"], ["nosuch.py", "E"]),
        (["run", "run.yaml", "--set", "scorers={a: {plugin: './nosuch.py:open_it'}}"], ["nosuch.py", "open_it"]),
        (["run", "run.yaml", "--method", "nosuch"], ["nosuch", "direct-sft"]),
        (["run", "run.yaml", "--method", "./nosuch.py:build"], ["nosuch.py", "build"]),
        (["run", "run.yaml", "--method", "cascod", "--set", "method.options.beta=1"], ["method.options.beta", "alpha"]),
        (["run", "run.yaml", "--method", "cascod", "--set", "method.options.alpha=2"], ["method.options.alpha", "1"]),
        (["run", "run.yaml", "--method", "lion", "--set", "method.options.iterations=1"], ["options.iterations", "2"]),
        (["run", "run.yaml", "--set", "method.options.gate=ajar"], ["method.options.gate", "'on' or 'off'"]),
        (["run", "run.yaml", "--set", "method.nome=lion"], ["method.nome"]),
        (["run", "run.yaml", "--method", "lion", "--set", "curriculum.review=true"], ["lion", "curriculum.review"]),
        (["plan", "run.yaml", "--set", "method.name=lion"], ["lion", "ioa run"]),
        (["graph", "--method", "nosuch"], ["nosuch", "direct-sft"]),
        (["run", "run.yaml", "--run-id", "../../x"], ["../../x"]),
        (["run", "run.yaml", "--runs-dir", "run.yaml"], ["run.yaml"]),
        (
            ["eval", "nobody", "--benchmark", "gsm8k", "--data", "run.yaml", "--set", "training.epochs=3"],
            ["--set training.epochs=3: an evaluation makes no use of it", "Nobody is called 'nobody'"],
        ),
        (["resume", "nosuch"], ["nosuch"]),
        (["resume", "../x"], ["../x"]),
        (["transcript", "nosuch"], ["nosuch"]),
        (["report", "nosuch"], ["nosuch"]),
        (["index", "rebuild", "nosuch"], ["nosuch"]),
        (["graph", "graph.doc"], ["graph.doc", ".svg"]),
    ],
)
def test_bad_input_is_one_clear_message_with_exit_code_2_and_nothing_written(place, arguments, words):
    before = sorted(place.rglob("*"))
    result = ioa(*arguments, cwd=place)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mastery:\n  tau: 0.9\n", ["bad.yaml:2", "mastery.tau"]),
        ("seed: 1\nteecher: {model: 'tutor:arithmetic'}\n", ["bad.yaml:2", "teecher"]),
        ("seed: [1\n", ["bad.yaml"]),
        ("examination:\n  gate: -3\n", ["bad.yaml:2", "examination.gate"]),
    ],
)
def test_a_wrong_run_file_names_file_line_and_field(place, text, words):
    (place / "bad.yaml").write_text(text)
    result = ioa("run", "bad.yaml", cwd=place)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    assert not (place / "runs").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(place):
    (place / "locked").mkdir(mode=0o500)
    result = ioa("run", "run.yaml", "--runs-dir", "locked", cwd=place)
    assert result.returncode == 2
    assert "locked" in result.stderr
