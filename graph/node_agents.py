"""Which agent decides in which node of the graph; it stands alone, since who reads a transcript needs no more."""

AGENTS = {
    "decompose": "diagnoser",
    "examine": "examiner",
    "relate": "diagnoser",
    "diagnose": "diagnoser",
    "plan": "planner",
    "review": "person",
    "draft": "adapter",
    "verify": "verifier",
    "decontaminate": "adapter",
    "deduplicate": "adapter",
    "top_up": "adapter",
    "train": "trainer",
    "practise": "examiner",
    "assess": "examiner",
    "remediate": "diagnoser",
    "advance": "examiner",
    "revise": "planner",
    "rediagnose": "diagnoser",
    "extend": "planner",
    "finish": "examiner",
}
"""Who decides in each node."""


def agent_of(node: str) -> str:
    """Who decides there; in a node that a method brings along, the method itself."""
    return AGENTS.get(node, "method")
