"""Finding the code in a reply: the whole of what was asked for, or what completes the prompt."""

import ast
import doctest
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ioa.memory.fenced_blocks import Block, fenced_blocks, lines_of
from ioa.memory.spoken_text import own_turn
from ioa.training.exams.scorers.needed_code import bound_names, needed_code, tree_of, unresolved_names

PYTHON = {"python", "python3", "py", "py3", "ipython", "pycon"}
MARKER = re.compile(r"^[ \t*#]*answer[ \t]*:[ \t*]*", re.IGNORECASE | re.MULTILINE)
INDENT = "    "
BEGINS = re.compile(r"(?:(?:async +)?def|class|import|from) +\w+.*|@\w")
MOST_CUTS = 10
"""Times that lines are taken off the end: each is a reading of all the rest."""
MOST_ENDS = 20
"""Fences that are tried as the end of a block."""
_RUN = re.compile(r"`+|^[ \t]*~{3,}", re.MULTILINE)


@dataclass(frozen=True)
class Code:
    """A piece of a reply that may be the code."""

    language: str
    text: str
    closed: bool = True
    """False where the reply ends before its block does."""


def extract_code(reply: str, entry_point: str = "") -> str:
    """The code in a reply.

    The last block that defines what was asked for; else what stands in front of the first fence, where that does: a
    model that goes on from a prompt of code closes a block that it never opened. Else the last block of Python; else
    the last block. Without a block, what stands behind the last "Answer:", over all lines; without that, the whole
    reply.
    """
    text = "\n".join(lines_of(own_turn(reply))).replace("\ufeff", "")
    blocks = code_blocks(text)
    defining = [code for code in blocks if defines(code.text, entry_point)]
    if not defining or not any(_reads(code.text) for code in defining):
        defining = list(_loose_blocks(text, entry_point)) or defining
    before = _unmarked(_before_fences(text))
    if blocks and not defining and (defines(before, entry_point) or _is_body(before)):
        return before
    if defining:
        return _with_earlier(_chosen(defining), blocks, entry_point)
    python = [code for code in blocks if code.language in PYTHON]
    return (python or blocks)[-1].text.rstrip() if blocks else _from_indented(_unmarked(text), entry_point)


def _is_body(text: str) -> bool:
    """Whether it is the body of a function that returns something, its first line indented or not."""
    forms = [textwrap.dedent(f"{indent}{text}") for indent in ("", INDENT, "\t")]
    trees = [tree_of(f"def _():\n{textwrap.indent(form, INDENT)}") for form in forms]
    return any(isinstance(node, ast.Return) for tree in trees if tree for node in ast.walk(tree))


def _from_indented(text: str, entry_point: str) -> str:
    """The code that is set off by its indentation, as in Markdown without fences; else the text."""
    text = _without_prompts(text)
    lines = text.split("\n")
    heads = [line for line in lines if defines(line, entry_point)]
    first = next((line for line in lines if BEGINS.match(line.lstrip(" \t"))), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent or not heads or not all(line.startswith(indent) for line in heads):
        return text
    inside = [line for line in lines[lines.index(first) :] if not line.strip() or line.startswith(indent)]
    code = textwrap.dedent("\n".join(inside)).rstrip()
    return code if tree_of(code) else text


def code_blocks(text: str) -> list[Code]:
    """The fenced blocks of a reply, those inside of a block of Markdown behind it.

    By CommonMark, but for one thing: a fence at the margin inside a docstring ends the block there, and the code does
    not mean it. Such a block goes on to the first fence with which it can be read.
    """
    lines, start = text.split("\n"), 0
    found: list[Code] = []
    while True:
        for block in fenced_blocks("\n".join(lines[start:])):
            whole, end = _extended(block, lines[start:])
            found.append(_code(block, whole))
            if end != block.end:
                start += end  # what follows was read out of step
                break
            if not _reads(whole):
                found += [_code(inner, inner.text) for inner in fenced_blocks(block.text) if inner.text.strip()]
        else:
            return found


def _code(block: Block, text: str) -> Code:
    """The block; what stands behind its fence is its first line where that is code: "```def f(x):"."""
    first = re.sub(r"^(?:python[\d.]*|py3?)[ \t]+", "", block.info)
    if BEGINS.match(first) and _reads(f"{first}\n{text}"):
        return Code("", f"{first}\n{text}", block.closed)
    return Code(block.language, _without_prompts(text), block.closed)


def _without_prompts(text: str) -> str:
    """The code of a session with the interpreter, `>>> def f(x):`; other text as it is."""
    if not text.lstrip().startswith(">>> "):
        return text
    try:
        return doctest.script_from_examples(text)
    except ValueError:  # prompts that do not fit together
        return text


def _extended(block: Block, lines: Sequence[str]) -> tuple[str, int]:
    """The block's code with the line behind it: further than CommonMark's where only that can be read."""
    if _reads(block.text) or (block.language and block.language not in PYTHON):
        return block.text, block.end
    mark, least = block.fence[0], len(block.fence)
    indent = len(lines[block.start]) - len(lines[block.start].lstrip(" \t"))
    closing = re.compile(rf"[ \t]*{re.escape(mark)}{{{least},}}[ \t]*")
    ends = [number for number in range(block.end, len(lines)) if closing.fullmatch(lines[number])]
    for end in [*ends[:MOST_ENDS], len(lines)]:
        text = "".join(f"{_outdented(line, indent)}\n" for line in lines[block.start + 1 : end])
        if end > block.end and _reads(text):
            return text, min(end + 1, len(lines))
    return block.text, block.end


def _outdented(line: str, indent: int) -> str:
    return line[min(indent, len(line) - len(line.lstrip(" \t"))) :]


def _loose_blocks(text: str, entry_point: str) -> Iterator[Code]:
    """What stands between two runs of backticks, wherever they are, and defines what was asked for.

    For fences that CommonMark does not know: behind a text in the same line, indented by four spaces, closed behind
    the last line of the code, opened in a list whose other lines are not indented; and for code in a line of prose.
    """
    if not entry_point:
        return
    runs = list(_RUN.finditer(text))[-2 * MOST_ENDS :]
    for place in range(len(runs) - 1, -1, -1):
        mark = runs[place].group().lstrip(" \t")
        ends = [run.start() for run in runs[place + 1 :] if run.group().lstrip(" \t").startswith(mark)]
        for end in [*ends[:MOST_ENDS], *([len(text)] if len(mark) > 2 else [])]:
            inner = text[runs[place].end() : end]
            for form in (inner.partition("\n")[2], inner, inner.lstrip().partition(" ")[2]):
                code = textwrap.dedent(form).strip("\n")
                if defines(code, entry_point) and tree_of(code):
                    yield Code("", code)
                    return


def _chosen(defining: Sequence[Code]) -> Code:
    """The last that can be read; one that was cut off at the reply's end is the last word all the same."""
    readable = [code for code in defining if _reads(code.text) or (not code.closed and code is defining[-1])]
    return (readable or defining)[-1]


def _with_earlier(code: Code, blocks: Sequence[Code], entry_point: str) -> str:
    """The code, behind what it uses of the blocks before it: some models give imports and helpers one of their own."""
    text = textwrap.dedent(code.text).rstrip()
    missing = unresolved_names(text)
    earlier = [
        one.text
        for number, one in enumerate(blocks)
        if one.language in PYTHON | {""} and tree_of(one.text) and not defines(one.text, entry_point)
        if code not in blocks or number < blocks.index(code) or _only_defines(one.text)
    ]
    whole = "\n".join(earlier)
    if not missing & bound_names(whole):
        return text
    own = needed_code(whole, missing)
    return "\n".join([*(line for line in own.split("\n") if line.strip()), "", text])


def _only_defines(code: str) -> bool:
    """Whether it is nothing but functions and classes, as helpers given behind their use are."""
    tree = tree_of(code)
    return tree is not None and all(isinstance(one, ast.FunctionDef | ast.ClassDef) for one in tree.body)


def _reads(code: str) -> bool:
    """Whether it is Python, as it stands or as the body of a function."""
    dedented = textwrap.dedent(code)
    return any(tree_of(form) for form in (code, dedented, f"def _():\n{textwrap.indent(dedented, INDENT)}\n{INDENT}0"))


def _before_fences(text: str) -> str:
    found = re.search(r"^[ \t]*(?:`{3,}|~{3,})", text, re.MULTILINE)
    return text[: found.start()] if found else text


def _unmarked(text: str) -> str:
    markers = list(MARKER.finditer(text))
    return (text[markers[-1].end() :] if markers else text).strip("\n").rstrip()


def defines(code: str, name: str) -> bool:
    """Whether a function, a class or a value of this name is defined, by the look of it."""
    pattern = (
        rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[ \t]*(?::[^=\n]+)?=(?!=)"
    )
    return bool(name) and re.search(pattern, code, re.MULTILINE) is not None


def readings(
    code: str, prompt: str, entry_point: str, used: Iterable[str] = (), *, whole_file: bool = False
) -> list[list[str]]:
    """What the code may mean, likeliest first: each a list of sources to execute one after the other.

    Code that defines what was asked for stands for itself, behind the prompt's imports and helper functions; where
    that cannot be read, without what a model added to it. Other code completes the prompt: as it stands, or indented as
    a function's body is, or up to where the body ends.

    Args:
        code: What was found in the reply.
        prompt: What stands before the completion.
        entry_point: What it has to define; empty: not known.
        used: Further names that its tests use.
        whole_file: Execute all of it; else what of it these names need: see `needed_code`.
    """
    wanted = {*used, *([entry_point] if entry_point else [])}
    if not prompt.strip() or defines(code, entry_point):
        forms = [code] if whole_file else _alone(code, wanted)
        heads: list[list[str]] = [[prompt], [f"{prompt}\n{INDENT}pass\n"], []] if prompt.strip() else [[]]
        return [[*head, form] for form in forms for head in heads]
    bodies = [code, INDENT + code, textwrap.indent(textwrap.dedent(code), INDENT)]
    if re.search(r"^\t", code, re.MULTILINE):  # its first line has lost its tabulator
        bodies.append(textwrap.indent(textwrap.dedent(f"\t{code}"), INDENT))
    bodies += [_body(body) for body in bodies]
    glue = "" if prompt.endswith("\n") else "\n"
    sources = [f"{prompt}{glue}{body}\n" for body in bodies if body.strip()]
    if whole_file:
        return [[source] for source in sources]
    kept = len(lines_of(prompt))
    return [[_completed(source, wanted, kept)] for source in sources]


def _completed(source: str, wanted: Iterable[str], kept: int) -> str:
    with warnings.catch_warnings(action="ignore"):
        try:
            compile(source, "code", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # such as a body that is not indented
            return source
    needed = needed_code(source, wanted, kept)
    return source if needed.rstrip() == source.rstrip() else f"{needed}\n"


def _alone(code: str, wanted: Iterable[str]) -> list[str]:
    """What of the code is needed; the code as it stands where it cannot be read."""
    readable = code if tree_of(code) else _readable_part(code)
    return list(dict.fromkeys([needed_code(readable, wanted), code]))


def _readable_part(code: str) -> str:
    """The code from its first definition or import to where it can be read: what was cut off, and prose, are left out.

    The code itself where no beginning of it can be read.
    """
    lines = code.split("\n")
    start = next((number for number, line in enumerate(lines) if BEGINS.match(line)), 0)
    end = len(lines)
    for _ in range(MOST_CUTS):
        part = "\n".join(lines[start:end])
        fault = _first_fault(part)
        if fault is None:
            return part
        end = min(end - 1, start + (fault or end - start) - 1)
        if end <= start:
            break
    return code


def _first_fault(code: str) -> int | None:
    """The number of the line, from 1, where it cannot be read; 0: nobody knows which; none: it can be read."""
    with warnings.catch_warnings(action="ignore"):
        try:
            ast.parse(code)
        except SyntaxError as error:
            return error.lineno or 0
        except (ValueError, RecursionError, MemoryError):
            return 0
    return None


def _body(code: str) -> str:
    """The first lines that are indented, or empty."""
    lines = code.splitlines()
    end = next((number for number, line in enumerate(lines) if line.strip() and not line[0].isspace()), len(lines))
    return "\n".join(lines[:end])
