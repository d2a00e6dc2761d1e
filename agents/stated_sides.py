"""Where the sides of an equation begin and end in a sentence, and whether what stands beside them changes them."""

from collections.abc import Sequence
from typing import NamedTuple

from ioa.agents.arithmetic_tokens import Kind, Token

_MOST_WORDS = 3
"""Words of a unit: `3 large red apples`."""
_ENDS = frozenset({Kind.BREAK, Kind.EQUAL, Kind.ABOUT, Kind.RELATION})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NO_UNIT = _words("""
    a after also and are as at because before but by can finally first for from gives has have he hence here how
    i if in is it its makes means next not now of on or our she since so step that the their then there
    therefore they this thus to too was we were when where which while who will with would you your
""")
"""Words with which a sentence goes on; they are no unit of the number before them."""
_CHANGES_BEFORE = _words("""
    abs average base ceil choose cos cube cubed divided double doubled doubling every exp factorial floor gcd
    half halve halved halving hcf lcm ln log max mean median min minus mod modulo multiplied negative percent
    quadruple quarter remainder root sin sqrt square squared subtracted tan than thrice triple tripled twice
""")
"""Words directly before an expression that make something else of it."""
_CHANGES_BETWEEN = _words("after and between by from in into less more of or over per plus times to under")
"""Words that do so where a number stands before them: `divide 12 by 4`."""
_CHANGES_WITH_OF = _words("""
    average count cube digits divisor divisors double eighth factor factorial factors fifth fourth fraction
    fractions half halves lcm gcd log logarithm max maximum mean median min minimum mode multiple multiples
    number out part parts percent percentage power powers quarter quarters quotient ratio reciprocal remainder
    root share sixth square tenth third thirds triple twice
""")
"""Words before `of` that do the same."""
_CHANGES_BEHIND = _words("billion dozen dozens hundred hundreds million percent squared tens thousand")
"""Words directly behind a number that make something else of it."""
_CHANGES_WITH_NUMBER = _words("minus mod or plus r rem remainder rest times to")
"""Words that do so where another number follows."""
_NUMBERED = _words("""
    case chapter day equation example exercise figure item line no number page part phase problem question row
    step stage task week
""")
"""Words whose number is a name: `Step 1 - 3+4=7`."""
_ARTICLES = _words("the a an his her their its our your my")
_CONNECTS = _words(
    "also and because finally first get have hence next now second since so that then therefore third thus"
)


class Side(NamedTuple):
    """One side of an equation."""

    tokens: tuple[Token, ...]

    @property
    def start(self) -> int:
        """Where it begins in the line."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.tokens[-1].end

    @property
    def is_single(self) -> bool:
        """Whether it is one number, with a unit or without."""
        return not any(token.kind in {Kind.OPERATOR, Kind.OPEN} and token.text != "%" for token in self.tokens[1:])


def brackets(tokens: Sequence[Token]) -> dict[int, int]:
    """The place of the other bracket, both ways; what has no other is left out."""
    opened: list[int] = []
    pairs = {}
    for place, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            opened.append(place)
        elif token.kind is Kind.CLOSE and opened:
            other = opened.pop()
            pairs[place], pairs[other] = other, place
    return pairs


class Sides:
    """The sides of all equations of a line."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._pairs = brackets(tokens)

    def _at(self, place: int) -> Token | None:
        return self._tokens[place] if 0 <= place < len(self._tokens) else None

    def left(self, end: int, *, plain: bool = False) -> Side | None:
        """The longest expression that ends before a place; none where what stands there is no arithmetic alone.

        Args:
            end: The place of the equation's sign.
            plain: Only where nothing but a connector stands before it.
        """
        start = self._operand_before(end)
        while start is not None:
            before = self._at(start - 1)
            if before is None or before.kind in _ENDS or before.kind is Kind.OPEN:
                return self._left_side(start, end, before)
            if before.kind is Kind.OPERATOR or (before.text.casefold() == "of" and self._is_share(start - 2)):
                start = self._across_operator(start - 1)
            elif self._tokens[start].kind is Kind.OPEN and before.kind in {Kind.NUMBER, Kind.CLOSE}:
                start = self._operand_before(start)
            elif before.kind is Kind.WORD or before.kind is Kind.IS:
                return self._behind_word(start, end, plain)
            else:  # a bracket without its other one: `1) 5+7=12`
                label = before.kind is Kind.CLOSE and start - 1 not in self._pairs
                return self._left_side(start, end, before) if label else None
        return None

    def _left_side(self, start: int, end: int, before: Token | None) -> Side | None:
        side = Side(tuple(self._tokens[start:end]))
        return None if side.is_single and before is not None and before.kind is Kind.CLOSE else side

    def _operand_before(self, end: int) -> int | None:
        """Where the number or bracket begins that ends before a place, its unit included."""
        place = end - 1
        words = 0
        while (token := self._at(place)) is not None and token.kind is Kind.WORD and words < _MOST_WORDS:
            if token.text.casefold() in _NO_UNIT | _CHANGES_BEHIND:
                return None
            place, words = place - 1, words + 1
        while (token := self._at(place)) is not None and token.kind is Kind.OPERATOR and token.text in {"%", "!"}:
            place -= 1
        if token is None:
            return None
        if token.kind is Kind.CLOSE and place in self._pairs:
            place = self._pairs[place]
            name = self._at(place - 1)
            if name is not None and name.kind is Kind.WORD and name.end == self._tokens[place].start:
                return None  # a function's arguments
        elif token.kind is not Kind.NUMBER:
            return None
        root = self._at(place - 1)
        return place - 1 if root is not None and root.text == "√" else place

    def _across_operator(self, place: int) -> int | None:
        """Where the operand before an operator begins; or the operator itself, where it is a sign."""
        if self._tokens[place].text in {"+", "-"}:
            before = self._at(place - 1)
            if before is not None and before.text.startswith(".."):
                return None  # 1 + 2 + ... + 10
            if before is None or before.kind in _ENDS or before.kind is Kind.OPEN:
                return place
            if before.kind is Kind.OPERATOR and before.text not in {"%", "!"}:
                return self._across_operator_run(place)
            operand = self._operand_before(place)
            return operand if operand is not None else self._sign_behind_word(place, before)
        return self._operand_before(place)

    def _across_operator_run(self, place: int) -> int | None:
        """The same where several operators follow one another: `3 * -2`, `5--9`."""
        while (before := self._at(place - 1)) is not None and before.kind is Kind.OPERATOR:
            if self._tokens[place].text not in {"+", "-"} or before.text in {"%", "!"}:
                break
            place -= 1
        before = self._at(place - 1)
        if before is None or before.kind in _ENDS or before.kind is Kind.OPEN:
            return place if self._tokens[place].text in {"+", "-"} else None
        return self._operand_before(place)

    def _sign_behind_word(self, place: int, before: Token) -> int | None:
        """`We get -5 + 7`: a sign, since it stands at the number and apart from the word."""
        apart = before.end < self._tokens[place].start and self._tokens[place].end == self._tokens[place + 1].start
        return place if apart and before.kind in {Kind.WORD, Kind.IS} and len(before.text) > 1 else None

    def _is_share(self, place: int) -> bool:
        """Whether a percentage or a fraction stands there, so that `of` multiplies."""
        token, stroke = self._at(place), self._at(place - 1)
        if token is None:
            return False
        if token.text == "%":
            return True
        return token.kind is Kind.NUMBER and stroke is not None and stroke.text == "/" and stroke.end == token.start

    def _behind_word(self, start: int, end: int, plain: bool) -> Side | None:
        """The expression behind a word; none where the word changes it, or it is a single number of the sentence."""
        if self._continues_sum(start - 1):
            return None
        place = start - 1
        if self._tokens[place].text.casefold() in _ARTICLES and (one := self._at(place - 1)) and one.kind is Kind.WORD:
            place -= 1
        said = self._tokens[place].text.casefold()
        if self._changes(place, start) or (plain and said not in _CONNECTS):
            return None
        if said in _NUMBERED or said.removesuffix("s") in _NUMBERED:
            after = self._at(start + 1)
            if after is None or after.text != "-" or after.start == self._tokens[start].end:
                return None
            start += 2
        side = Side(tuple(self._tokens[start:end]))
        return None if side.is_single else side

    def _changes(self, place: int, start: int) -> bool:
        """Whether the word at a place makes something else of the expression that begins behind it."""
        word, earlier = self._tokens[place], self._at(place - 1)
        said = word.text.casefold()
        if word.end == self._tokens[start].start or said in _CHANGES_BEFORE or (len(said) == 1 and said not in "ai"):
            return True
        if said == "of" and earlier is not None and earlier.text.casefold() in _CHANGES_WITH_OF:
            return True
        return said in _CHANGES_BETWEEN and self._follows_number(place)

    def _follows_number(self, place: int) -> bool:
        """Whether a number, with a word for its unit or without, stands before a place."""
        near = [self._at(place - 1), self._at(place - 2)]
        return any(one is not None and one.kind in {Kind.NUMBER, Kind.CLOSE, Kind.OPERATOR} for one in near)

    def _continues_sum(self, place: int) -> bool:
        """Whether the words that end there follow an operator: `25 pupils + his 1 teacher + 1`."""
        for back in range(_MOST_WORDS + 1):
            token = self._at(place - back)
            if token is None or token.kind is not Kind.WORD:
                return token is not None and token.kind is Kind.OPERATOR
        return False

    def right(self, start: int, *, plain: bool = False) -> Side | None:
        """The longest expression that begins at a place; none where it goes on with what cannot be read.

        Args:
            start: The place behind the equation's sign.
            plain: Only a number behind which the sentence ends.
        """
        place = self._operand_behind(start)
        while place is not None:
            after = self._at(place)
            if after is None or after.kind in _ENDS or after.kind is Kind.CLOSE or after.kind is Kind.IS:
                return self._right_side(start, place, after, plain)
            if after.text.casefold() == "of" and self._is_share(place - 1):
                behind = self._operand_behind(place + 1)
                if behind is None:
                    return self._right_side(start, place, after, plain)
                place = behind
            elif after.kind is Kind.OPERATOR:
                place = self._operand_behind(place + 1)
            elif after.kind is Kind.OPEN:
                if after.start > self._tokens[place - 1].end:
                    return self._right_side(start, place, after, plain)
                place = self._operand_behind(place)
            elif after.kind is Kind.WORD and (
                self._tokens[place - 1].kind is Kind.WORD or after.text.casefold() in _NO_UNIT
            ):
                return self._right_side(start, place, after, plain)
            else:
                return None
        return None

    def _right_side(self, start: int, end: int, after: Token | None, plain: bool) -> Side | None:
        side = Side(tuple(self._tokens[start:end]))
        ended = after is None or after.kind is Kind.BREAK
        return side if not plain or (ended and side.is_single) else None

    def _operand_behind(self, place: int) -> int | None:
        """Behind the number or bracket that begins at a place, its sign and its unit included."""
        while (token := self._at(place)) is not None and token.kind is Kind.OPERATOR and token.text in "+-√":
            place += 1
        if token is None:
            return None
        if token.kind is Kind.OPEN and place in self._pairs:
            place = self._pairs[place] + 1
        elif token.kind is Kind.NUMBER:
            place += 1
        else:
            return None
        place = self._behind_marks(place)
        return self._behind_unit(place)

    def _behind_marks(self, place: int) -> int:
        while (token := self._at(place)) is not None and token.kind is Kind.OPERATOR and token.text in {"%", "!"}:
            after = self._at(place + 1)
            if token.text == "%" and after is not None and after.kind in {Kind.NUMBER, Kind.OPEN}:
                break  # a remainder's sign
            place += 1
        return place

    def _behind_unit(self, place: int) -> int | None:
        words = 0
        while (token := self._at(place)) is not None and token.kind is Kind.WORD and words < _MOST_WORDS:
            said = token.text.casefold()
            after = self._at(place + 1)
            counted = after is not None and after.kind in {Kind.NUMBER, Kind.OPEN}
            if said in _CHANGES_BEHIND or (said in _CHANGES_WITH_NUMBER and counted):
                return None if words == 0 else place
            if said in _NO_UNIT and token.start > self._tokens[place - 1].end:
                break  # but the `a` of `5a` belongs to its number
            place, words = place + 1, words + 1
        return place
