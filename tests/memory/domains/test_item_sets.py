"""Item sets and descriptions as a person writes them, and what is said of malformed ones."""

import json

import pytest

from ioa.memory.domains.bank import item_id
from ioa.memory.domains.item_sets import SHOWN, read_item_set
from ioa.memory.domains.packs import GIVEN, load_domain, load_source
from ioa.memory.errors import UserError
from ioa.memory.records import Source, SourceItem, Written

GOOD = '{"question": "What is 1 + 1?", "answer": "2"}'


def pack(folder, text, **files):
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    path = folder / "pack.yaml"
    path.write_text("name: sums\ndescription: Sums.\n" + text, encoding="utf-8")
    return str(path)


def test_a_description_alone_is_a_source(tmp_path):
    found = load_source(pack(tmp_path, "topics: [carrying, many terms]\n"))
    assert found == Source(name="sums", description="Sums.", topics=("carrying", "many terms"))
    with pytest.raises(UserError, match="leaves its modules or its items to a teacher"):
        load_domain(pack(tmp_path, ""))


def test_items_are_read_from_beside_the_pack_one_file_or_several(tmp_path):
    named = json.dumps({"id": "x7", "question": "A — “quoted”\u2028 line?", "answer": 4.5})
    one = load_source(pack(tmp_path, "items: a.jsonl\n", a=[GOOD, "", named]))
    assert one.items == (
        SourceItem(id=item_id("What is 1 + 1?"), question="What is 1 + 1?", answer="2"),
        SourceItem(id="x7", question="A — “quoted”\u2028 line?", answer="4.5"),
    )
    assert one.modules == ()
    both = load_source(pack(tmp_path, "items: [a.jsonl, b.jsonl]\n", a=[GOOD], b=[named]))
    assert [item.id for item in both.items] == [item_id("What is 1 + 1?"), "x7"]


def test_a_sample_of_a_long_file_depends_on_its_items_alone(tmp_path):
    lines = [json.dumps({"question": f"What is {n} + 1?", "answer": n + 1}) for n in range(40)]
    text = "items: [{file: a.jsonl, sample: 12}]\n"
    found = load_source(pack(tmp_path, text, a=lines))
    turned = load_source(pack(tmp_path, text, a=lines[::-1]))
    assert len(found.items) == 12
    assert found.items == turned.items[::-1]
    assert found.warnings == (f"12 of the 40 items of {tmp_path / 'a.jsonl'} were drawn (sample)",)
    fewer = load_source(pack(tmp_path, text.replace("12", "5"), a=lines))
    assert {item.id for item in fewer.items} < {item.id for item in found.items}
    enough = load_source(pack(tmp_path, text.replace("12", "40"), a=lines))
    assert (len(enough.items), enough.warnings) == (40, ())
    with pytest.raises(UserError, match=r"sample.*greater than or equal to 1"):
        load_source(pack(tmp_path, text.replace("12", "0"), a=lines))


def test_the_last_line_needs_no_line_feed(tmp_path):
    (tmp_path / "a.jsonl").write_text(GOOD)
    assert len(read_item_set(tmp_path / "a.jsonl").items) == 1


MODULES = "items: a.jsonl\nmodules:\n  - {id: s/short, description: Short sums.}\n"


def test_modules_of_an_item_set_have_one_level(tmp_path):
    line = '{"question": "q", "answer": "a", "module": "s/short"}'
    found = load_source(pack(tmp_path, MODULES, a=[line]))
    (module,) = found.modules
    assert module.exam_level == GIVEN
    assert isinstance(module.exam, Written)
    assert found.items[0].module == "s/short"


def test_a_pack_may_describe_its_items_and_leave_them_to_a_teacher(tmp_path):
    text = "modules:\n  - {id: a/b, description: d, exam_level: x, levels: {x: {items: Short sums.}}}\n"
    found = load_source(pack(tmp_path, text))
    assert isinstance(found, Source)
    assert found.modules[0].exam == Written(items="Short sums.")


@pytest.mark.parametrize(
    ("line", "number", "parts"),
    [
        ("{", 2, ["not JSON", "one object a line"]),
        ("[1]", 2, ["expected an object", "not list"]),
        ('{"question": "q"}', 2, ["answer: required, but missing"]),
        ('{"question": " ", "answer": "1"}', 2, ["question: "]),
        ('{"question": "q", "answer": ["1"]}', 2, ["answer: ", "string", "['1']"]),
        ('{"question": "q", "answer": "1", "anwser": 2}', 2, ["anwser: unknown field", "question, answer, id, module"]),
        ('{"question": "q", "answer": "1", "id": "one"}', 2, ["id: 'one' is also the id of line 1"]),
        ('{"question": "q", "answer": "1", "module": "s/long"}', 2, ["module: 's/long' is not", "s/short"]),
    ],
)
def test_a_bad_line_is_named_with_file_line_field_and_what_was_expected(tmp_path, line, number, parts):
    first = '{"question": "p", "answer": "1", "id": "one"}'
    with pytest.raises(UserError) as caught:
        load_source(pack(tmp_path, MODULES, a=[first, line]))
    assert str(caught.value).startswith(f"{tmp_path / 'a.jsonl'}:{number}: ")
    for part in parts:
        assert part in str(caught.value)


def test_all_bad_lines_are_told_but_not_more_than_one_can_read(tmp_path):
    (tmp_path / "a.jsonl").write_text("{\n" * 50)
    with pytest.raises(UserError) as caught:
        read_item_set(tmp_path / "a.jsonl")
    lines = str(caught.value).splitlines()
    assert len(lines) == SHOWN + 1
    assert "30 more" in lines[-1]


def test_an_item_cannot_name_a_module_where_the_pack_names_none(tmp_path):
    with pytest.raises(UserError, match="the pack has no `modules`"):
        load_source(pack(tmp_path, "items: a.jsonl\n", a=['{"question": "q", "answer": "a", "module": "s/x"}']))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("items: nosuch.jsonl\n", 0, ["nosuch.jsonl: there is no such file", "the pack's folder"]),
        ("items: a.csv\n", 0, ["a.csv: there is no such file"]),
        ("items: empty.jsonl\n", 0, ["empty.jsonl: holds no item"]),
        ("items: []\n", 3, ["items: expected at least one"]),
        ("topics: []\n", 3, ["topics: expected at least one"]),
        ("items: 3\n", 3, ["items"]),
        ("itmes: a.jsonl\n", 3, ["itmes: unknown field", "topics, items, modules"]),
        ("items: a.jsonl\nmodules:\n  - {id: S, description: x}\n", 5, ["modules.0.id", "pattern"]),
        ("items: a.jsonl\nmodules:\n  - {id: s/x, description: x, levels: {}}\n", 5, ["levels: unknown field"]),
        ("items: a.jsonl\nmodules:\n  - &m {id: s/x, description: x}\n  - *m\n", 5, ["also the id of module 0"]),
        ("modules:\n  - {id: a/b, description: d, exam_level: x, levels: {x: {items: ''}}}\n", 4, ["levels.x.items"]),
    ],
)
def test_faults_of_the_new_forms_are_named_with_file_line_and_field(tmp_path, text, line, words):
    (tmp_path / "empty.jsonl").write_text("\n")
    path = pack(tmp_path, text, a=[GOOD])
    with pytest.raises(UserError) as caught:
        load_source(path)
    if line:
        assert any(text.startswith(f"{path}:{line}: ") for text in str(caught.value).splitlines())
    for word in words:
        assert word in str(caught.value)
        assert "<" not in str(caught.value).split("(got")[0]
