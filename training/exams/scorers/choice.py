"""Multiple choice: which letter a reply names."""

from ioa.memory.answer_equality import same_answer
from ioa.memory.errors import UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt
from ioa.training.exams.answer_extraction import Judgement, judge_by_reference
from ioa.training.exams.choice_letters import LETTERS, letters_named
from ioa.training.exams.scorers.final_answers import AnswerScorer, NoOptions
from ioa.training.exams.scorers.scorer import Scorer, ScorerContext


class ChoiceScorer(AnswerScorer):
    """Grades replies by the choice that they name."""

    def __init__(self) -> None:
        super().__init__(_judge)

    def same_answer(self, problem: str, one: str, other: str) -> bool:
        """A written problem has no list of choices, and its answer is a letter: compared as any short answer is."""
        if same_answer(one, other):
            return True
        if not one.strip() or not other.strip():
            return False
        attempt = Attempt(question=problem, answer=one.strip(), reply=f"Answer: {other.strip()}", family="")
        return judge_by_reference(attempt).correct


def open_choice(context: ScorerContext) -> Scorer:
    """The final answer names the letter of the reference, or says the text of that choice, and no other."""
    read_options("scorers.choice", context.options, NoOptions)
    return ChoiceScorer()


def _judge(attempt: Attempt) -> Judgement:
    choices = _choices(attempt)
    letter = attempt.answer.strip().strip("().").upper()
    if letter not in LETTERS[: len(choices)] or len(letter) != 1:
        raise _unfit(attempt, f"answer: {attempt.answer!r} is not the letter of one of its {len(choices)} choices.")
    return Judgement.of_letters(letters_named(attempt.reply, choices), letter)


def _choices(attempt: Attempt) -> list[str]:
    choices = attempt.metadata.get("choices")
    if not isinstance(choices, list | tuple) or not 2 <= len(choices) <= len(LETTERS):
        raise _unfit(attempt, f"metadata.choices: expected a list of 2 to 26 texts, got {choices!r}.")
    return [str(choice) for choice in choices]


def _unfit(attempt: Attempt, why: str) -> UserError:
    return UserError(f"Scorer choice: item {attempt.question[:60]!r}: {why}")
