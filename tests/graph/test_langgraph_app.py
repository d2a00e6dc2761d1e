"""`langgraph.json` as LangGraph's own tools read it: a file and a name in it, imported by path."""

import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_langgraph_json_points_at_a_graph_that_compiles(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ((name, target),) = json.loads((ROOT / "langgraph.json").read_text())["graphs"].items()
    file, attribute = target.split(":")
    spec = importlib.util.spec_from_file_location("studio", ROOT / file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    graph = getattr(module, attribute)({"configurable": {"thread_id": "t"}})
    assert graph.name == name
    assert {"decompose", "synthesize", "train", "assess", "remediate"} <= set(graph.get_graph().nodes)
    assert list(tmp_path.iterdir()) == []
