"""Pictures of a graph: complete, tidy, and made without a network."""

import itertools
from pathlib import Path
from typing import TypedDict
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from ioa.memory.errors import UserError
from ioa.results.graph_drawing import draw, mermaid
from ioa.results.layered_layout import lay_out, sampled


class _State(TypedDict):
    count: int


def _node(state: _State) -> _State:
    return state


def _chain(graph: StateGraph, *names: str) -> None:
    for tail, head in itertools.pairwise(names):
        graph.add_edge(tail, head)


@pytest.fixture(scope="module")
def graph() -> CompiledStateGraph:
    inner = StateGraph(_State)
    steps = ("draft", "verify", "decontaminate", "deduplicate", "top_up")
    for name in steps:
        inner.add_node(name, _node)
    _chain(inner, START, *steps)
    inner.add_conditional_edges("top_up", lambda _: "enough", {"more": "draft", "enough": END})
    outer = StateGraph(_State)
    for name in ("decompose", "examine", "diagnose", "plan", "review", "train", "assess"):
        outer.add_node(name, _node)
    for name in ("advance", "remediate", "finish"):
        outer.add_node(name, _node)
    outer.add_node("synthesize", inner.compile())
    _chain(outer, START, "decompose", "examine", "diagnose", "plan")
    outer.add_conditional_edges("plan", lambda _: "go", {"ask": "review", "go": "synthesize"})
    _chain(outer, "review", "synthesize", "train", "assess")
    ways = {"mastered": "advance", "not mastered": "remediate", "all done": "finish"}
    outer.add_conditional_edges("assess", lambda _: "all done", ways)
    _chain(outer, "advance", "synthesize")
    _chain(outer, "remediate", "synthesize")
    _chain(outer, "finish", END)
    return outer.compile()


def test_png_and_svg_are_drawn_the_same_each_time(graph: CompiledStateGraph, tmp_path: Path) -> None:
    draw(graph, tmp_path / "deeper" / "graph.png")
    png = (tmp_path / "deeper" / "graph.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) > 20_000
    draw(graph, tmp_path / "a.svg")
    draw(graph, tmp_path / "b.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    for name in ("decompose", "decontaminate", "top up", "remediate", "not mastered", "more"):
        assert f">{name}</text>" in text


def test_mermaid_knows_every_node_and_conditional_edge(graph: CompiledStateGraph, tmp_path: Path) -> None:
    text = mermaid(graph)
    assert "top_up" in text
    assert "-. &nbsp;mastered&nbsp; .-> advance" in text
    draw(graph, tmp_path / "graph.mmd")
    assert (tmp_path / "graph.mmd").read_text(encoding="utf-8") == text
    draw(graph, tmp_path / "graph.md")
    assert (tmp_path / "graph.md").read_text(encoding="utf-8").startswith("```mermaid\n")


def test_another_suffix_is_refused(graph: CompiledStateGraph, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'\.gif' is not one of \.png"):
        draw(graph, tmp_path / "graph.gif")
    assert list(tmp_path.iterdir()) == []


NAMES = [f"n{i}" for i in range(7)]
ARCS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=16)


@given(ARCS)
def test_layout_flows_one_way_and_keeps_its_distances(arcs: list[tuple[str, str]]) -> None:
    layout = lay_out(NAMES, arcs, dict.fromkeys(NAMES, 1.0), 0.5)
    assert set(layout.routes) | set(layout.back) == set(arcs)
    for (tail, head), route in layout.routes.items():
        assert layout.layer[tail] < layout.layer[head]
        assert [layer for layer, _ in route] == list(range(layout.layer[tail], layout.layer[head] + 1))
    for a, b in itertools.combinations(NAMES, 2):
        if layout.layer[a] == layout.layer[b]:
            assert abs(layout.across[a] - layout.across[b]) >= 1.5 - 1e-9
    assert lay_out(NAMES, arcs, dict.fromkeys(NAMES, 1.0), 0.5) == layout


def test_a_sampled_curve_ends_where_the_curve_ends() -> None:
    points = sampled([(0.0, 0.0), (1.0, 0.0), (1.0, 2.0), (2.0, 2.0)], 10)
    assert len(points) == 11
    assert (points[0], points[5], points[-1]) == ((0.0, 0.0), (1.0, 1.0), (2.0, 2.0))
