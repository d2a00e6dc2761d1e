"""From where on two texts are taken for one."""

from typing import Annotated

from pydantic import Field

from ioa.memory.records import Record, Unit


class Bounds(Record):
    """From where on two texts are one, given that they state the same facts."""

    jaccard: Annotated[float, Field(ge=0.1, le=1)] = 0.75
    """Jaccard index of their pairs of neighbouring words. Measured on 7,200 word problems, puzzles and sums of
    reasoning-gym: no two with different answers lie above it (4 pairs with the same answer do); of GSM8K's items
    with one word exchanged, added or left out 100 % lie above it, with two 95 %, with four 63 %."""
    cosine: Unit = 0.95
    """Cosine of their vectors. Under wordllama a word added or exchanged in a two-sentence problem leaves 0.94 to
    0.98; another name or another kind of fruit, 0.4 to 0.7. Measured on the same: 5 of the 7,200 lie above it beside
    one with another answer (the words of a syllogism in another order, an exchanged "or"); of GSM8K's items with four
    words changed 99 % do, of MBPP's, of one sentence each, 99 % with one word changed and 95 % with two."""
    guarded: Unit = 0.6
    """Cosine from which a problem with the numbers and operators of an examination item counts as that item in
    other words. Measured with wordllama: two wordings of one sum, fraction, divisor or equation lie at 0.62 to
    0.75, the divisor and the multiple of the same two numbers at 0.36."""
