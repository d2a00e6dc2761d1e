"""Opening scorers by their names, each once, and asking them what they know."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ioa.memory.answer_equality import same_answer
from ioa.memory.errors import Stopped, UserError
from ioa.memory.plugins import is_plugin_file, open_plugin
from ioa.memory.records import Attempt, Grade
from ioa.memory.spoken_text import spoken
from ioa.training.exams.scorers.scorer import (
    ComparingScorer,
    Progress,
    Scorer,
    ScorerContext,
    ScorerTraits,
    traits_of,
)
from ioa.training.exams.scorers.scorer_naming import GROUP, PLUGIN, default_scorer, refuse_file, scorer_names


def open_scorer(name: str, context: ScorerContext | None = None) -> Scorer:
    """Open an installed scorer, or one of a file: `FILE.py:ATTRIBUTE`.

    Raises:
        UserError: there is none of that name, or it cannot work here.
    """
    scorer: Scorer = open_plugin(GROUP, name, context or ScorerContext(), kind="scorer").value
    return scorer


def _marked(attempt: Attempt, grade: Grade) -> Grade:
    """The grade; of an empty reply, one that says that there was nothing to be read."""
    if attempt.reply.strip() or grade.unread or grade.correct or grade.score:
        return grade
    return grade.model_copy(update={"unread": True, "detail": grade.detail or "an empty reply"})


class Scorers:
    """The scorers of a run or an examination, opened when an item first needs them."""

    def __init__(
        self, options: Mapping[str, Mapping[str, Any]] | None = None, judge: Callable[[], Any] | None = None
    ) -> None:
        """None is open yet.

        Args:
            options: Settings by the scorer's name. A file's scorer can be used only where it is named here.
            judge: Opens the teacher that plays the judge, when a scorer needs it; none where nobody can.
        """
        self._options = options or {}
        self._judge = judge
        self._open: dict[str, Scorer] = {}

    def __getitem__(self, name: str) -> Scorer:
        if name not in self._open:
            if is_plugin_file(name) and name not in self._options:
                raise UserError(refuse_file(f"The scorer {name!r}", name))
            options = dict(self._options.get(name, {}))
            plugin = options.pop(PLUGIN, name)
            self._open[name] = open_scorer(plugin, ScorerContext(options, self._judge))
        return self._open[name]

    def __contains__(self, name: str) -> bool:
        """Whether a scorer of that name is installed, or the settings say in which file it is."""
        return name in scorer_names() or PLUGIN in self._options.get(name, {}) or self._is_allowed_file(name)

    def _is_allowed_file(self, name: str) -> bool:
        return is_plugin_file(name) and name in self._options

    def traits(self, name: str) -> ScorerTraits:
        """What the scorer of that name says of itself.

        Raises:
            UserError: there is no such scorer, or it cannot work here.
        """
        return traits_of(self[name])

    def traits_for(self, name: str, family: str) -> ScorerTraits:
        """What the scorer of an item says of itself: the one it names, or the one that goes with its family.

        Raises:
            UserError: as `traits`.
        """
        return self.traits(name or default_scorer(family))

    def has_many_answers(self, name: str) -> bool:
        """Whether items of that scorer have many right answers; true of one that cannot work here.

        Items are told apart on any machine, also one without the sandbox or the judge that grading needs. To take two
        items for one loses an item; to take one for two may examine what was taught.
        """
        try:
            return traits_of(self[name]).many_answers if name else False
        except UserError:
            return True

    def grade(
        self, names: Sequence[str], attempts: Sequence[Attempt], on_progress: Progress | None = None
    ) -> list[Grade]:
        """Have each attempt graded by the scorer named in its place; empty names the one that goes with the item.

        A scorer gets what the reply says: an answer in a thought before it is none, whoever wrote it. A reply that says
        nothing and is wrong is unread, whether or not the scorer says so.

        Raises:
            ScoringError: an attempt could not be graded.
            UserError: there is no such scorer, or an item lacks what it needs.
        """
        by_scorer: dict[str, list[int]] = {}
        for place, (name, attempt) in enumerate(zip(names, attempts, strict=True)):
            # Together, whatever stands between them: a scorer with workers or a judge is asked once for all.
            by_scorer.setdefault(name or default_scorer(attempt.family), []).append(place)
        grades: dict[int, Grade] = {}
        for name, places in by_scorer.items():
            said = [_spoken(attempts[place]) for place in places]
            own = map(_marked, said, self[name].grade(said))
            grades |= dict(zip(places, own, strict=True))
            if on_progress is not None:
                on_progress(len(grades), len(attempts))
        return [grades[place] for place in range(len(attempts))]

    def same_answer(self, name: str, problem: str, one: str, other: str, family: str = "") -> bool:
        """Whether two final answers to a problem are the same, as the scorer of the problem has it.

        By the scorer's own `same_answer`; without one they are the same where they are equal as numbers or texts, or
        where the scorer takes the other for right with the one as its reference. Some scorers need more of the problem
        than its text; a written problem has no more, and there equality is all there is.

        Args:
            name: Name of the scorer; empty: the one of the family.
            problem: The text of the problem.
            one: The answer that is taken for right.
            other: The answer that is compared with it.
            family: The reasoning-gym family of the problem; empty without one.

        Raises:
            ScoringError: the scorer cannot work.
        """
        scorer = self[name or default_scorer(family)]
        if isinstance(scorer, ComparingScorer):
            return scorer.same_answer(problem, one, other)
        if same_answer(one, other):
            return True
        if traits_of(scorer).whole_reply or not one.strip() or not other.strip():
            return False
        asked = Attempt(question=problem, answer=one.strip(), reply=f"Answer: {other.strip()}", family=family)
        try:
            return scorer.grade([asked])[0].correct
        except Stopped:
            raise
        # The answer does not fit the scorer, or the problem lacks what its family's verifier reads: what those
        # verifiers raise then is whatever their arithmetic or their look-ups come to.
        except (UserError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return False

    def close(self) -> None:
        """Close those that are open."""
        for scorer in self._open.values():
            scorer.close()
        self._open.clear()


def _spoken(attempt: Attempt) -> Attempt:
    text = spoken(attempt.reply)
    return attempt if text == attempt.reply else attempt.model_copy(update={"reply": text})
