"""The package that docs/teachers.md shows: built, installed into a venv of its own, and a run with it."""

import json
import re
import subprocess
import sys
import sysconfig
import threading
import venv
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from tests.small import ENVIRONMENT, write_config

from ioa.agents.tutor import open_tutor

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parents[2] / "docs" / "teachers.md"


def write_package(folder: Path) -> Path:
    """The files of the document, as a reader would copy them."""
    shown = re.findall(r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert [name for name, _ in shown] == ["pyproject.toml", "ioa_teacher_inhouse.py"]
    folder.mkdir()
    for name, text in shown:
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def make_venv(folder: Path) -> Path:
    """A venv that finds our dependencies and ioa itself where they are installed, and nothing else."""
    venv.create(folder, with_pip=False, symlinks=True)
    ours = sysconfig.get_path("purelib")
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n", encoding="utf-8")
    return folder / "bin" / "python"


@contextmanager
def service():
    """The in-house service, with the tutor behind it."""
    tutor, asked = open_tutor("arithmetic"), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            kinds = {"system": SystemMessage, "human": HumanMessage}
            text = tutor.invoke([kinds[kind](said) for kind, said in body["turns"]]).text
            data = json.dumps({"text": text}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_package_of_the_document_teaches_a_run(tmp_path):
    package = write_package(tmp_path / "package")
    python = make_venv(tmp_path / "venv")
    wheel = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", package]
    subprocess.run(wheel, check=True, capture_output=True)
    (built,) = (tmp_path / "dist").glob("*.whl")
    target = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, built]
    subprocess.run(install, check=True, capture_output=True)

    config = write_config(tmp_path, mastery={"rounds": 0})
    command = [python, "-c", "from ioa.cli.main import main; main()", "run", config]
    with service() as (url, asked):
        done = subprocess.run(
            [*command, "--teacher", "inhouse:scholar", "--run-id", "plugged"],
            check=False,
            cwd=tmp_path,
            env={**ENVIRONMENT, "INHOUSE_URL": url},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert {body["model"] for body in asked} == {"scholar"}
    summary = json.loads((tmp_path / "runs/plugged/summary.json").read_text())
    assert (summary["status"], summary["teacher"]["spec"]) == ("finished", "inhouse:scholar")
    assert summary["examples"]["accepted"] > 0
