import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.exchange import GradeReply, ItemsReply, LessonsReply, SolveReply
from ioa.agents.latex_commands import COMMANDS, WORD_LIKE
from ioa.agents.latex_in_json import escape_latex, restore_latex
from ioa.agents.prompting import UnreadableReplyError, parse

CERTAIN = sorted(name for name in COMMANDS - WORD_LIKE.keys() if name[0] in "bfnrtu")


def solved(text):
    """A text as the only step of a reply, put into its JSON as it stands."""
    return parse(f'{{"steps": ["{text}"], "answer": "1"}}', SolveReply).steps[0]


@pytest.mark.parametrize("name", CERTAIN)
def test_a_command_is_kept_whether_its_backslash_is_doubled_or_not(name):
    for text in (rf"It is $\{name}{{2}}$", rf"a \{name} b", rf"\{name}", rf"3\{name}_1"):
        assert solved(text) == text
    assert solved(rf"$$\n\{name}\n$$") == f"$$\n\\{name}\n$$"
    assert solved(rf"a \\{name} b\n") == f"a \\{name} b\n"


@pytest.mark.parametrize("name", sorted(WORD_LIKE))
def test_a_command_that_may_be_a_line_and_a_word_is_kept_in_a_formula(name):
    argument = "{2}" if name in {"text", "tag", "num", "norm", "tbinom", "tfrac"} else " b"
    for text in (
        rf"It is $a \{name}{argument}$.",
        rf"\(a \{name}{argument}\)",
        rf"$$\{name}{argument}$$",
        rf"$x^\{name}$",
    ):
        assert solved(text) == text


@pytest.mark.parametrize("name", sorted(WORD_LIKE))
def test_in_a_program_it_is_a_line_and_a_word(name):
    sign = {"n": "\n", "t": "\t"}[name[0]]
    for code in (f"y = 2{sign}{name[1:]} = 3", f"x = [];{sign}{name[1:]}(x)", f"go(y){sign}{name[1:]} += 1"):
        if name in {"neg", "tan"} and "(x)" in code:  # in LaTeX they stand so
            continue
        assert solved(json.dumps(code)[1:-1]) == code


FIELDS = [
    (ItemsReply, r'{"items": [{"question": "@", "answer": "@"}]}', lambda r: (r.items[0].question, r.items[0].answer)),
    (LessonsReply, r'{"lessons": [{"problem": "@", "steps": ["a", "@"], "answer": "@", "verification": "@"}]}',
     lambda r: (r.lessons[0].problem, r.lessons[0].steps[1], r.lessons[0].answer, r.lessons[0].verification)),
    (GradeReply, r'{"reason": "@", "grade": 7}', lambda r: (r.reason,)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "form", "read"), FIELDS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("around", ["{}", "Here:\n```json\n{}\n```", "{},"])
@pytest.mark.parametrize("text", [r"$\frac{1}{2} \times \beta \neq \rho$", r"\(\sqrt{\nu} \underline{x}\)"])
def test_every_field_of_every_reply_is_read_so(kind, form, read, around, text):
    assert set(read(parse(around.replace("{}", form.replace("@", text)), kind))) == {text}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"\sqrt{2} \alpha \(x\) \[y\] 3\% \{a\}", r"\sqrt{2} \alpha \(x\) \[y\] 3\% \{a\}"),
        (r"\underline{x} \upsilon \u00e9 \u{o}", r"\underline{x} \upsilon é \u{o}"),
        (r"\\frac{1}{2} \times 3", r"\frac{1}{2} \times 3"),  # both in one reply: HKUDS/LightRAG#3238
        (r"\boldsymbol{\frac{1}{4}}", r"\boldsymbol{\frac{1}{4}}"),  # wttwins/wrong-notebook#3
        (r"\\begin{pmatrix} a\\\\b\\\\c \\end{pmatrix}", r"\begin{pmatrix} a\\b\\c \end{pmatrix}"),  # json_repair#207
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}"),
        (r"\begin{cases} a \\\hline b \\[2pt] c\end{cases}", r"\begin{cases} a \\\hline b \\[2pt] c\end{cases}"),
        (r"\u000crac{1}{2} \u0009imes 3 \u0008eta", r"\frac{1}{2} \times 3 \beta"),
        (r"it\'s \"so\" and\/or", 'it\'s "so" and/or'),
        (r"one\nTherefore\nnext\nequal\nTwo\r\nthree", "one\nTherefore\nnext\nequal\nTwo\r\nthree"),
        (r"def f(n):\n\tif n:\n\t\treturn n\n\tfor i in n:\n\t\ttext = i\nbreak", None),
        (r"a\n\nb\n- c\n1. d\n\te", "a\n\nb\n- c\n1. d\n\te"),
        (r"It costs $5\nless than $6.", "It costs $5\nless than $6."),
        (r"$x$ is\nu and $y$", "$x$ is\nu and $y$"),
        (r"$$\nu = 3\n$$", "$$\nu = 3\n$$"),
        (r"$$\nu = 3$$", r"$$\nu = 3$$"),
        (r"$\\alpha \\ne 1$\nu = 2", "$\\alpha \\ne 1$\nu = 2"),  # who doubles them means line breaks
        (r"\neg (p \land q)", r"\neg (p \land q)"),
        (r"A^\top B", r"A^\top B"),
        (r"x \not\in y, \notin", r"x \not\in y, \notin"),
        (r"disse\ne poi", "disse\ne poi"),
        (r"$$\n\\alpha = 3\nu = 5\n$$", "$$\n\\alpha = 3\nu = 5\n$$"),
        (
            r"\qty{5}{\newton\meter} \unit{\tesla} \unit{\nano\farad}",
            r"\qty{5}{\newton\meter} \unit{\tesla} \unit{\nano\farad}",
        ),
        (r"open C:\Users\new\table", r"open C:\Users\new\table"),
        (r"D:\build\release", r"D:\build\release"),
        (r"A:\nfoo\nB:\nbar", "A:\nfoo\nB:\nbar"),
        (r"A:\tcold\nB:\twarm", "A:\tcold\nB:\twarm"),
        (r"for x in y:\n\tif z:\n\t\treturn x", "for x in y:\n\tif z:\n\t\treturn x"),
        (r"a = 2\ne = 3\nprint(e)", "a = 2\ne = 3\nprint(e)"),
    ],
)
def test_a_text_is_read_as_it_was_meant(text, read):
    assert solved(text) == (json.loads(f'"{text}"') if read is None else read)


@pytest.mark.parametrize(
    "text",
    [r"Let \nu be it", r"x\ne 3", r"5 \neq 6", r"\nu is it", r"\bword\b", r"a \fnord", r"one\rtwo", r"\timesx",
     r"$$a \\\nu$$", r"E = h\nu", r"E=h\nu.", r"\rho\nu", r"\nu = 5", r"{\tt x}", r"C:\new\table", r"C:\temp",
     r"$\\frac{1}{2} \neq 3$", r"\\(\\alpha \to 0\\)", r"\\alpha \nu", r"$$\\alpha\nu = 3$$",
     r"\u00e", r"\u0000", r"a \u0007 b", r"\u001b[31m"],
)  # fmt: skip
def test_what_cannot_be_decided_is_refused_and_the_reason_says_what_to_do(text):
    with pytest.raises(UnreadableReplyError, match=r"twice \(\\\\frac"):
        solved(text)


def test_of_several_lessons_the_one_that_cannot_be_read_is_left_out():
    lesson = r'{"problem": "@", "steps": ["a"], "answer": "1"}'
    texts = (r"Let \nu be", r"$\nu$ is")
    reply = parse(f'{{"lessons": [{", ".join(lesson.replace("@", text) for text in texts)}]}}', LessonsReply)
    assert [one.problem for one in reply.lessons] == [r"$\nu$ is"]
    assert "twice" in reply.dropped[0]


def test_a_field_that_nobody_asked_for_may_hold_anything():
    assert parse(r'{"steps": ["a"], "answer": "1", "note": "Let \nu be \bword"}', SolveReply).answer == "1"


@pytest.mark.parametrize(
    ("damaged", "whole"),
    [("\x0crac{1}{2}", r"\frac{1}{2}"), ("\x08eta", r"\beta"), ("\x0bec{x}", r"\vec{x}"), ("\x07lpha", r"\alpha"),
     ("a\tb\nc", "a\tb\nc"), ("\x0conord", "\x0conord")],
)  # fmt: skip
def test_what_a_server_took_for_escapes_before_us_is_restored(damaged, whole):
    assert restore_latex({"a": [damaged, 1, None]}) == {"a": [whole, 1, None]}
    raw = json.dumps({"steps": [damaged], "answer": "1"}, ensure_ascii=False).replace(r"\f", "\x0c")
    if "\x0conord" not in damaged:
        assert parse(raw, SolveReply).steps == (whole,)


PIECES = st.sampled_from([
    *(f"\\{name} " for name in [*CERTAIN[::9], "alpha", "sqrt{2}", "nu", "top", "ne"]),
    "\\\\", '"', "\\", "/", "é", "\u2028", "$", "{", "}", " ", "x = 1", "\n", "\t", "\r\n", "\nTherefore", "\nfor ",
    "\treturn ", "\nbreak", "\tif ", "\nelse:\n\t", "next", "Total",
])  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_json_that_is_well_escaped_is_never_changed(text):
    for ascii_ in (True, False):
        written = json.dumps({"steps": [text], "answer": text}, ensure_ascii=ascii_)
        if not any(
            f"\\{sign}{name[1:]}" in written for sign in "nt" for name in (*CERTAIN, *WORD_LIKE) if name[0] == sign
        ):
            assert escape_latex(written) == written
