"""The section `synthesis` of the run file: how many lessons, of what kind, and how they are checked."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.records import Record, Strategy, Unit


def _odd(count: int) -> int:
    if count % 2 == 0:
        raise ValueError("an even number of solutions can end in a draw; give an odd one")
    return count


def _word(value: Any) -> Any:
    """YAML reads a bare `off` as false."""
    return "off" if value is False else value


class SynthesisSettings(Record):
    """How many lessons, and of what kind."""

    portion: Annotated[int | None, Field(ge=1)] = 80
    """Accepted lessons a module in the first portion, and in each further one, which only modules get that are not
    mastered yet; none for all of `per_module` at once."""
    per_module: Annotated[int, Field(ge=1)] = 150
    """Accepted lessons a module, when it is first taught: the bound of its portions together."""
    ahead: Annotated[int, Field(ge=0, le=1)] = 1
    """Stages whose first portion is written while the one before them is taught, where the teachers are not on this
    machine; what a revised plan does not want is dropped, and was paid for. Not with the choice `bandit`, which waits
    for the last examination."""
    per_remedy: Annotated[int, Field(ge=1)] = 75
    """Accepted lessons a module, in each remediation round."""
    per_consolidation: Annotated[int, Field(ge=0)] = 40
    """Further lessons of each module that missed its gate, for the training that consolidates all stages."""
    per_request: Annotated[int, Field(ge=1, le=50)] = 10
    """Lessons asked for in one call; J of the paper."""
    passes: Annotated[int, Field(ge=1)] = 3
    """How often a round asks for lessons, the first time included, before it goes on with fewer than it wants."""
    least_yield: Unit = 0.1
    """Share of a pass's lessons that must be new and right; with fewer, the rest is not asked for again."""
    introductory_share: Unit = 0.2
    """Share of a module's first lessons that are drawn from its easiest level."""
    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1)] = (
        Strategy.FORMAT,
        Strategy.COGNITIVE_LOAD,
    )
    """What is applied to a module's first lessons where the choice is `fixed`; remediation chooses its own."""
    choice: Annotated[Literal["off", "fixed", "bandit"], BeforeValidator(_word)] = "fixed"
    """Who chooses the strategies: nobody, and the lessons are plain; `strategies` above and the Planner's remedies; or
    rules for the module's situation together with what the strategies brought so far (Thompson sampling)."""
    strategies_per_module: Annotated[int, Field(ge=1, le=5)] = 2
    """Strategies that `bandit` chooses for each module and round."""
    counterfactual_share: Unit = 0.1
    """Share of a module's first lessons that change one feature of a given problem, so that its answer changes."""
    verify: bool = True
    """Have each problem solved again, without sight of the lesson, and refuse it where the answers differ."""
    solutions: Annotated[int, Field(ge=1), AfterValidator(_odd)] = 1
    """Independent solutions of each problem at most, an odd number; the lesson's answer needs a majority of them. More
    than one are of use only if the verifier has a `temperature` above 0."""
    alignment: bool = True
    """Have the verifier say to which module a problem belongs, and refuse what belongs to a later stage."""
    duplicate_jaccard: Annotated[float, Field(ge=0.1, le=1)] = Bounds().jaccard
    """Jaccard index of their word pairs from which two problems with the same numbers and names are one."""
    duplicate_similarity: Unit = Bounds().cosine
    """Cosine similarity from which two problems with the same numbers and names are one."""
    probe_similarity: Unit = Bounds().guarded
    """Cosine similarity from which a problem with the numbers and operators of a probe or benchmark item is that
    item in other words; where an item has none that tell it from others, the bounds for duplicates hold."""
    pool_rouge_l: Annotated[float, Field(gt=0, le=1)] | None = None
    """ROUGE-L with an accepted problem above which a problem is dropped (Self-Instruct); null: it is not looked at."""
    benchmarks: tuple[str, ...] = ()
    """Files of benchmark items that no lesson may come near, beside the probes: JSON lines or JSON, as their
    authors publish them (GSM8K, MATH, HumanEval, MBPP, Dolly, Vicuna, MT-Bench)."""
    store: str | None = None
    """Folder of the lessons of several runs, which may run at the same time: what another run was taught counts as
    a duplicate. None keeps a run to itself, and the same config and seed then give the same lessons."""

    @property
    def bounds(self) -> Bounds:
        """From where on two problems are one."""
        return Bounds(jaccard=self.duplicate_jaccard, cosine=self.duplicate_similarity, guarded=self.probe_similarity)
