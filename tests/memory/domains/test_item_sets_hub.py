"""Data sets through `datasets`: a folder, and what is said where there is none, or no hub."""

import json
import sys

import pytest

from ioa.memory.domains.item_sets import ItemSetSource, read_item_set
from ioa.memory.domains.packs import load_source
from ioa.memory.errors import UserError

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def _offline(monkeypatch, tmp_path):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "sums"
    place.mkdir()
    for split, count in (("train", 3), ("test", 2)):
        rows = [{"question": f"What is {n} + 1?", "answer": f"One more.\n#### {n + 1}"} for n in range(count)]
        (place / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_a_folder_is_read_split_by_split_in_a_pack_too(folder):
    (folder / "pack.yaml").write_text("name: n\ndescription: d\nitems: {dataset: sums, split: test}\n")
    assert [item.answer for item in load_source(str(folder / "pack.yaml")).items] == ["1", "2"]
    found = read_item_set(ItemSetSource(dataset="sums", split="train"), folder=folder)
    assert (found.format, len(found.items)) == ("gsm8k", 3)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dataset": "sums"}, ["expected `split`, one of", "train", "test"]),
        ({"dataset": "sums", "split": "tset"}, ["sums tset", "cannot be loaded", "tset"]),
        ({"dataset": "nobody/nothing"}, ["hub cannot be reached", "HF_HUB_OFFLINE is set", "`file: PATH`"]),
    ],
)
def test_what_is_wrong_is_one_message(folder, fields, words):
    with pytest.raises(UserError) as caught:
        read_item_set(ItemSetSource(**fields), folder=folder)
    for word in words:
        assert word in str(caught.value)


def test_without_the_library_the_message_says_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r"pip install 'ioa\[data\]'"):
        read_item_set(ItemSetSource(dataset="nobody/nothing"))
