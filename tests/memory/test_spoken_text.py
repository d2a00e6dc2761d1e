import time

import pytest

from ioa.memory.records import Attempt
from ioa.memory.spoken_text import own_turn, split_thought, spoken
from ioa.training.exams.scorers import Scorers

WRONG, RIGHT = "First I take 41. Answer: 41", "Then it is this.\nAnswer: 42"
FAMILIES = [
    ("<think>\n", "\n</think>\n\n"),
    ("<Think>", "</Think>"),
    ("<thinking>\n", "</thinking>\n"),
    ("<thought>", "</thought>"),
    ("<reasoning>\n", "\n</reasoning>\n"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>\n", "\n<|end_of_thought|>\n\n<|begin_of_solution|>"),
    ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    ("<|channel>thought\n", "<channel|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|start|>assistant<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("analysis", "assistantfinal"),  # where a server drops special tokens
]


@pytest.mark.parametrize(("opening", "closing"), FAMILIES)
def test_a_thought_before_the_reply_is_no_part_of_it(opening, closing):
    assert spoken(f"{opening}{WRONG}{closing}{RIGHT}") == RIGHT
    assert spoken(f"\n {opening}{WRONG}{closing}") == ""


@pytest.mark.parametrize(("opening", "closing"), [pair for pair in FAMILIES if pair[0] != "analysis"])
def test_a_thought_that_was_never_closed_is_all_there_is(opening, closing):
    assert split_thought(f"{opening}{WRONG}")[0] == ""
    assert WRONG in split_thought(f"{opening}{WRONG}")[1]


@pytest.mark.parametrize(("opening", "closing"), FAMILIES[:8])
def test_of_a_thought_that_the_prompt_opened_the_reply_has_the_end(opening, closing):
    assert split_thought(f"{WRONG}.\n{closing.strip()}\n\n{RIGHT}") == (RIGHT, f"{WRONG}.")
    assert split_thought(f"{WRONG}.{closing.strip()}{RIGHT}")[0] == RIGHT
    assert split_thought(f"{closing.strip()}\n\n{RIGHT}")[0] == RIGHT


@pytest.mark.parametrize(
    "reply",
    [
        "<doc><think>x</think></doc>",
        "It is closed by </think> at its end.",
        "Write `</think>`\nin the last line.",
        'The mark is "</think>"\nand nothing else.',
        "```xml\n<note>\n</think>\n```\nThat is all.",
        "print('''\n</think>\n''')",
        "The answer is 5, I think. <think> is a mark.",
        "analysis of the text: assistant first",
    ],
)
def test_a_reply_about_such_marks_stays_whole(reply):
    assert spoken(reply) == reply


# nanobrowser/nanobrowser#330, altic-dev/FluidVoice#836: what stands before a second mark was lost
@pytest.mark.parametrize("reply", ["Here is it</think>done", "The literal </think> tag is stray."])
def test_a_stray_mark_behind_a_thought_takes_nothing_away(reply):
    assert split_thought(f"<think>hm</think>{reply}") == (reply, "hm")


def test_a_mark_that_the_thought_quotes_does_not_end_it():
    assert spoken('<think>I end with "</think>" or `</think>`. Answer: 41\n</think>\nAnswer: 42') == "Answer: 42"


@pytest.mark.parametrize(
    ("reply", "own"),
    [
        ("It is 18.<|im_end|>", "It is 18."),
        ("It is 18.<|eot_id|><|endoftext|>\n", "It is 18."),
        ("It is 18.</s></s></s>", "It is 18."),
        ("It is 18.<|eom|>", "It is 18."),  # moltis-org/moltis#720
        ("It is 18.<\uff5cend\u2581of\u2581sentence\uff5c>", "It is 18."),
        ("18<|im_end|>\n<|im_start|>user\nAnd 9?", "18"),
        ("18</s>\n<|user|>\nAnd 9?", "18"),
        ("18</s> [INST] And 9? [/INST]", "18"),
        ("18<|im_start|>user\nAnd 9?", "18"),
        ("```html\n<s>old</s>\n```<end_of_turn>\n<start_of_turn>user", "```html\n<s>old</s>\n```"),
        ("<s>old</s></s>", "<s>old</s>"),
        ('<s class="x">old</s><|im_end|>', '<s class="x">old</s>'),
    ],
)
def test_what_a_server_leaked_behind_the_reply_is_cut_off(reply, own):
    assert own_turn(reply).strip() == own
    assert own_turn(own) == own


# lmstudio-ai/lmstudio-bug-tracker#1509: a reply that quotes such marks ended there
@pytest.mark.parametrize(
    "reply",
    [
        "Answer: <s>old</s>",
        "<s>\nold\n</s>\nnew",
        "<ul>\n<li><s>a</s>\n<li><s>b</s>\n</ul>",
        '"stop": [\n  "<|im_end|>",\n  "</s>"\n]',
        "Its end is marked by `<|im_end|>`\nand its beginning by `<|im_start|>`.",
        "```\n{{ text }}<|im_end|>\n<|im_start|>assistant\n```\nThat is ChatML.",
        'def f(q):\n    return """<|im_start|>user\n{q}<|im_end|>\n"""\n',
        "Answer: <eos>",
        "Answer: </s>",
        "The token is <|endoftext|>",
        "The mark <|eot_id|> ends a turn in Llama 3.",
        "let f = a <|> b",
    ],
)
def test_a_reply_about_such_tokens_stays_whole_too(reply):
    assert own_turn(reply) == reply


@pytest.mark.parametrize("mark", ["</s>\n", "<|im_end|>", "`", "</think>\n", "<think>", '"""\n', " "])
def test_a_long_reply_is_read_at_once(mark):
    start = time.process_time()
    for end in ("x", ""):
        spoken(f"```\n{mark * (300_000 // len(mark))}{end}")
    assert time.process_time() - start < 2


@pytest.mark.parametrize("scorer", ["numeric", "match", "exact", "math", "choice", "rouge-l"])
def test_every_scorer_grades_what_stands_behind_the_thought(scorer):
    answer, other = ("B", "C") if scorer == "choice" else ("42", "41")
    scorers = Scorers({"math": {"workers": 1}})

    def right(reply):
        metadata = {"choices": ["40", "41", "42"]} if scorer == "choice" else {}
        attempt = Attempt(question="q", answer=answer, reply=reply, metadata=metadata)
        return scorers.grade([scorer], [attempt])[0].correct

    assert right(f"<think>\nAnswer: {other} it is, or something else altogether.\n</think>\n{answer}")
    assert not right(f"<think>\nAnswer: {answer}")
    assert not right(f"<think>\nAnswer: {answer}\n</think>\n{other}")
    scorers.close()
