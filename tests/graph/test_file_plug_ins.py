"""A run whose teacher, domain, embedder and scorer are functions in one file, gone on with from another folder."""

from pathlib import Path

import yaml
from tests.small import ioa, write_config

FILE = """
from pathlib import Path

from ioa.agents.tutor import open_tutor
from ioa.memory.embedding import WordLlamaEmbedder as Words
from ioa.training.exams.scorers.final_answers import open_match

PACK = Path(__file__).with_name("scored.yaml")


def open_teacher(name):
    return open_tutor(name)


def open_scorer(context):
    return open_match(context)
"""
FILES = {"teacher": {"model": "./mine.py:open_teacher:arithmetic"}, "domain": "./mine.py:PACK"}


def test_a_run_of_plug_ins_in_a_file_goes_on_from_another_folder(tmp_path):
    write_config(tmp_path, scorers={"own": {"plugin": "./mine.py:open_scorer"}}, embedder="./mine.py:Words", **FILES)
    pack = yaml.safe_load((tmp_path / "sums.yaml").read_text(encoding="utf-8"))
    for module in pack["modules"]:
        module["levels"]["standard"]["scorer"] = "own"
    (tmp_path / "scored.yaml").write_text(yaml.safe_dump(pack), encoding="utf-8")
    (tmp_path / "mine.py").write_text(FILE, encoding="utf-8")
    begun = ioa("run", "run.yaml", "--run-id", "own", "--set", "budget.calls=20", cwd=tmp_path)
    assert begun.returncode == 3, begun.stderr
    config = yaml.safe_load((tmp_path / "runs/own/config.yaml").read_text(encoding="utf-8"))
    assert config["teacher"]["model"] == f"{tmp_path}/mine.py:open_teacher:arithmetic"
    assert config["scorers"]["own"]["plugin"] == f"{tmp_path}/mine.py:open_scorer"
    away = Path(tmp_path, "away")
    away.mkdir()
    more = ioa("resume", "own", "--runs-dir", tmp_path / "runs", "--set", "budget.calls=25", cwd=away)
    assert (more.returncode, "25 of 25 calls" in more.stderr) == (3, True), more.stderr
    (tmp_path / "mine.py").rename(tmp_path / "moved.py")
    again = ioa("run", tmp_path / "runs/own/config.yaml", "--run-id", "again", cwd=away)
    assert (again.returncode, "there is no file" in again.stderr) == (2, True)
