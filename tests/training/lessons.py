"""Lessons for the trainer's tests."""

from ioa.memory.records import Difficulty, Example, Kind, Strategy


def make_example(number: int, problem: str, steps: tuple[str, ...], answer: str) -> Example:
    return Example(
        id=f"example-{number}",
        module="sums/one-digit",
        stage=1,
        round=0,
        batch="1/0",
        kind=Kind.CHAIN_OF_THOUGHT,
        difficulty=Difficulty.INTRODUCTORY,
        level="easy",
        strategies=(Strategy.DECOMPOSE,),
        prerequisites=(),
        problem=problem,
        steps=steps,
        answer=answer,
        verification="",
        teacher="tutor:arithmetic",
        event="event",
    )


def make_sums(count: int) -> list[Example]:
    """Small sums, each with one step."""
    return [make_example(i, f"{i}+{i % 7}=?", (f"{i}+{i % 7}={i + i % 7}",), str(i + i % 7)) for i in range(count)]
