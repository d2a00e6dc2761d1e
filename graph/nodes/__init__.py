"""The nodes of the graph: closures over a `RunContext` that return the part of the state they change.

Every node can be started again: what it has already written it reads back instead of doing it twice.
"""
