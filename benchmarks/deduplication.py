"""Finding duplicates among 100,000 lessons: ours against the same rules in memory and against Chroma's plain queries.

    python benchmarks/deduplication.py [--stored 100000] [--batch 200] [--batches 20] [--keep FOLDER] [--out FILE]

Ours is `ExampleStore.check` (exact, MinHash, embedding; numbers and names must agree), on a run's own lessons, which
Chroma finds, and on as many in a store shared by runs. In memory: the same rules on arrays of all lessons. Chroma's is
`collection.query` for the nearest lesson of the same index, a duplicate where the cosine is 0.95 or more; filtered: for
the nearest of those that state what a problem of the batch states, where they state the same as the problem; only on
request, since it takes minutes (--ways filtered). All embed the problems themselves, with wordllama. Each is a process
of its own, in turns; on a busy machine look at the processor time. A batch is half new problems, an eighth each exact
copies, rewordings (one word added or exchanged), copies with another number, and copies with another name.
"""

import argparse
import atexit
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import Pool
from ioa.memory.embedding import WordLlamaEmbedder
from ioa.memory.index import COLLECTION
from ioa.memory.records import Difficulty, Example, Kind
from ioa.memory.run_dir import RunDirectory
from ioa.memory.similarity import facts_digest, features
from ioa.memory.store import ExampleStore, example_id
from ioa.memory.vectors import VectorTable

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

NAMES = re.findall(
    r"\w+", "Tom Anna Maria Omar Lena Jack Priya Wei Sofia Noah Emma Liam Olga Hugo Ines Paul Rosa Karl Nina Ivan"
)
THINGS = re.findall(
    r"\w+", "apples pears books pencils marbles stamps coins shells cards tickets eggs flowers stones bottles cakes"
)
PLACES = re.findall(r"\w+", "market school library station farm shop museum harbour garden bakery park office")
TOPICS = re.findall(
    r"\w+", "gravity erosion digestion inflation friction voting recycling rhythm grammar poetry magnetism trade"
)
SWAPS = {"buys": "gets", "gives": "hands", "many": "much", "Explain": "Describe", "What": "How much"}
PLANTED = ("new", "copy", "reworded", "other number", "other name")
SAME = ("copy", "reworded")
THRESHOLD = 0.95


def problem(rng: random.Random) -> str:
    """One problem: a story, a sum, an equation, or, one in twenty, a question without any number."""
    one, two, thing, place = rng.choice(NAMES), rng.choice(NAMES), rng.choice(THINGS), rng.choice(PLACES)
    a, b, c = rng.randint(2, 999), rng.randint(2, 999), rng.randint(2, 99)
    shopping = f"{one} has {a} {thing} and buys {b} more at the {place}. Then {one} gives {c} to {two}."
    reading = f"{one} reads {c} pages a day in the {place}. After {a} days {two} has read {b} pages more than {one}."
    boxes = f"A box at the {place} holds {c} {thing}. {one} fills {a} boxes and {two} fills {b}."
    forms = (
        f"{shopping} How many {thing} does {one} have now?",
        f"{reading} How many pages has {two} read?",
        f"{boxes} How many are there in all?",
        f"What is {a} + {b} - {c} * {rng.randint(2, 99)}?",
        f"Solve for x: {c}*x + {a} = {b + 1000}",
    )
    if rng.random() < 0.05:
        first, second = rng.sample(TOPICS, 2)
        return (
            f"Explain to a {rng.choice(THINGS)} seller from the {place} what {first} has to do with {second}, "
            f"and with {rng.choice(THINGS)} at the {rng.choice(PLACES)}."
        )
    return rng.choice(forms)


def reworded(text: str, rng: random.Random) -> str:
    """The same problem with one word exchanged or added."""
    swaps = [(old, new) for old, new in SWAPS.items() if old in text]
    if swaps and rng.random() < 0.5:
        return text.replace(*rng.choice(swaps), 1)
    words = text.split(" ")
    places = [i for i in range(1, len(words)) if words[i].islower() and words[i] != "x:"]
    words.insert(rng.choice(places or [len(words)]), rng.choice(("then", "now", "exactly", "please")))
    return " ".join(words)


def other_number(text: str, rng: random.Random) -> str:
    """The same with another number; a problem without one gets one."""
    found = list(re.finditer(r"\d+", text))
    if not found:
        return f"{text} Use {rng.randint(20, 90)} words."
    at = rng.choice(found)
    return f"{text[: at.start()]}{int(at[0]) + rng.randint(1, 9)}{text[at.end() :]}"


def other_name(text: str, rng: random.Random) -> str:
    """The same about somebody else; a problem without a name gets one."""
    found = [name for name in NAMES if name in text]
    if not found:
        return f"{rng.choice(NAMES)} asks: {text}"
    return text.replace(found[0], rng.choice([name for name in NAMES if name not in found]))


def problems(count: int) -> list[str]:
    """That many distinct problems."""
    rng, found = random.Random(1), dict[str, None]()
    while len(found) < count:
        found[problem(rng)] = None
    return list(found)


def batch(stored: list[str], size: int, seed: int) -> list[tuple[str, str]]:
    """(what it is, text) of problems to be checked."""
    rng, known = random.Random(seed), set(stored)
    make: dict[str, Callable[[str], str]] = {
        "copy": str,
        "reworded": lambda text: reworded(text, rng),
        "other number": lambda text: other_number(text, rng),
        "other name": lambda text: other_name(text, rng),
    }
    items = []
    for i in range(size):
        kind = "new" if i % 2 else PLANTED[1 + i // 2 % 4]
        text = ""
        while not text or (kind != "copy" and text in known):
            text = problem(rng) if kind == "new" else make[kind](rng.choice(stored))
        items.append((kind, text))
        known.add(text)
    rng.shuffle(items)
    return items


def example(text: str) -> Example:
    """The problem as a lesson."""
    return Example(
        id=example_id("m/m", text), module="m/m", stage=1, round=0, batch="b", level="l", kind=Kind.CHAIN_OF_THOUGHT,
        difficulty=Difficulty.INTRODUCTORY, strategies=(), prerequisites=(), problem=text, steps=("Think.",),
        answer="1", verification="", teacher="t", event="0",
    )  # fmt: skip


def build(folder: Path, stored: int) -> float:
    """Fill a run's own store and a shared one; returns the seconds it took."""
    began = time.perf_counter()
    examples = [example(text) for text in problems(stored)]
    shared = RunDirectory.at(folder, "other"), folder / "shared"
    for run, common in ((RunDirectory.at(folder, "own"), None), shared):
        if common:  # only what the shared store holds is of interest
            from ioa.memory.shared_store import SharedStore

            run.root.mkdir(parents=True)
            SharedStore(common, run, WordLlamaEmbedder(), Bounds(), print).add(examples)
            continue
        with ExampleStore(run, WordLlamaEmbedder()) as store:
            for start in range(0, stored, 5000):
                store.add(examples[start : start + 5000])
        # Chroma changes files when it is opened, and our index would be taken for damaged
        shutil.copytree(run.index, folder / "plain")
    return time.perf_counter() - began


Check = Callable[[list[str]], list[bool]]


def open_ours(folder: Path, run: str, shared: Path | None) -> Check:
    """`ExampleStore.check`; the store is closed at the end, as a run does."""
    store = ExampleStore(RunDirectory.at(folder, run), WordLlamaEmbedder(), shared=shared, on_message=print)
    atexit.register(store.close)
    return lambda texts: [hit is not None for hit in store.check(texts)]


def open_collection(folder: Path) -> "Collection":
    """The lessons, as anybody's client sees them."""
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(path=str(folder / "plain"), settings=Settings(anonymized_telemetry=False))
    return client.get_collection(COLLECTION, embedding_function=None)


def open_chroma(folder: Path, size: int) -> Check:
    """`collection.query`, for that many problems at a time."""
    collection, embedder = open_collection(folder), WordLlamaEmbedder()

    def check(texts: list[str]) -> list[bool]:
        found = []
        for start in range(0, len(texts), size):
            vectors = embedder.embed(texts[start : start + size])
            reply = collection.query(query_embeddings=vectors, n_results=1, include=["distances"])
            found += [1 - row[0] >= THRESHOLD for row in reply["distances"] or []]
        return found

    return check


def open_memory(stored: int) -> Check:
    """The same rules, with all lessons and their vectors in memory."""
    known, embedder = problems(stored), WordLlamaEmbedder()
    table = VectorTable(embedder.dimension)
    table.put(known, embedder.embed(known))
    pool = Pool(Bounds(), table.get)
    for text in known:
        pool.add(text, features(text))
    return lambda texts: [
        hit is not None for hit in pool.find([features(text) for text in texts], embedder.embed(texts))
    ]


def open_filtered(folder: Path) -> Check:
    """`collection.query` among the lessons that state what any problem of the batch states."""
    collection, embedder = open_collection(folder), WordLlamaEmbedder()

    def check(texts: list[str]) -> list[bool]:
        stated = [facts_digest(features(text)).hex() for text in texts]
        where: Any = {"facts": {"$in": sorted(set(stated))}}
        reply = collection.query(
            query_embeddings=embedder.embed(texts), n_results=10, where=where, include=["distances", "metadatas"]
        )
        return [
            any(1 - far >= THRESHOLD and data["facts"] == facts for far, data in zip(*row, strict=True))
            for facts, *row in zip(stated, reply["distances"] or [], reply["metadatas"] or [], strict=True)
        ]

    return check


def open_way(way: str, folder: Path, stored: int, size: int) -> Check:
    """The contender of that name, ready to be asked."""
    if way == "memory":
        return open_memory(stored)
    if way == "filtered":
        return open_filtered(folder)
    if way == "ours":
        return open_ours(folder, "own", None)
    if way == "shared":
        return open_ours(folder, "asking", folder / "shared")
    return open_chroma(folder, 1 if way == "one" else size)


def measure(way: str, folder: Path, stored: int, size: int, batches: int) -> dict[str, Any]:
    """Time to open, milliseconds an example, share caught of each kind, and megabytes that it holds in the end."""
    known = problems(stored)
    asked = [batch(known, size, seed) for seed in range(batches + 1)]
    WordLlamaEmbedder().embed(["warm"])
    before = psutil.Process().memory_info().rss
    began, worked = time.perf_counter(), time.process_time()
    check = open_way(way, folder, stored, size)
    opened, opened_cpu = time.perf_counter() - began, time.process_time() - worked
    times: list[float] = []
    busy: list[float] = []
    caught: dict[str, list[bool]] = {kind: [] for kind in PLANTED}
    for items in asked:
        began, worked = time.perf_counter(), time.process_time()
        found = check([text for _, text in items])
        times.append(time.perf_counter() - began)
        busy.append(time.process_time() - worked)
        for (kind, _), hit in zip(items, found, strict=True):
            caught[kind].append(hit)
    return {
        "open": opened,
        "open cpu": opened_cpu,
        "first": times[0],
        "ms": [1000 * seconds / size for seconds in times[1:]],
        "cpu": [1000 * seconds / size for seconds in busy[1:]],
        "caught": {kind: sum(hits) / len(hits) for kind, hits in caught.items()},
        "asked": {kind: len(hits) for kind, hits in caught.items()},
        "memory": (psutil.Process().memory_info().rss - before) / 2**20,
    }


WAYS = {
    "ours": "ours, the run's own lessons",
    "shared": "ours, lessons of other runs",
    "memory": "the same rules in memory",
    "one": "Chroma's nearest, one by one",
    "batched": "Chroma's nearest, in batches",
    "filtered": "the same, filtered",
}


def table(results: dict[str, list[dict[str, Any]]], stored: int, size: int) -> None:
    """Print what was measured."""
    from rich.table import Table

    from ioa.results.console import Console

    shown = Table(
        title=f"{stored:,} lessons stored, batches of {size}; share of each kind that is caught", title_justify="left"
    )
    for name in (
        "",
        "ms an example",
        "one by one / this",
        "worst batch",
        "CPU ms",
        "open, s",
        "CPU s",
        "first batch, s",
        "MB",
    ):
        shown.add_column(name, justify="left" if not name else "right")
    for kind in PLANTED:
        shown.add_column(kind, justify="right")
    middle = {way: statistics.median(ms for found in results[way] for ms in found["ms"]) for way in results}
    for way, found in results.items():
        first = found[0]
        shown.add_row(
            WAYS[way],
            f"{middle[way]:.2f}",
            f"{middle['one'] / middle[way]:.1f}" if "one" in middle else "-",
            f"{max(ms for one in found for ms in one['ms']):.2f}",
            f"{statistics.median(ms for one in found for ms in one['cpu']):.2f}",
            f"{statistics.median(one['open'] for one in found):.1f}",
            f"{statistics.median(one['open cpu'] for one in found):.1f}",
            f"{statistics.median(one['first'] for one in found):.1f}",
            f"{max(one['memory'] for one in found):.0f}",
            *(f"{first['caught'][kind]:.1%}" for kind in PLANTED),
        )
    Console(width=180).print(shown)


def main() -> None:
    """Parse the command line, build the stores once, measure in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--batches", type=int, default=20, help="batches that count, after one that does not")
    parser.add_argument("--rounds", type=int, default=2, help="measurements of each")
    parser.add_argument("--ways", choices=WAYS, nargs="+", default=[way for way in WAYS if way != "filtered"])
    parser.add_argument("--keep", type=Path, help="build the stores there, or use those that are there")
    parser.add_argument("--out", type=Path, help="also write the result as JSON to this file")
    parser.add_argument("--measure", choices=sorted(WAYS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.keep, options.stored, options.batch, options.batches)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        if not (folder / "own").exists():
            print(f"built in {build(folder, options.stored):.0f} s")
        results: dict[str, list[dict[str, Any]]] = {way: [] for way in options.ways}
        for _ in range(options.rounds):
            for way, found in results.items():
                command = [sys.executable, __file__, "--measure", way, "--keep", str(folder)]
                for name in ("stored", "batch", "batches"):
                    command += [f"--{name}", str(getattr(options, name))]
                done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
                found.append(json.loads(done.stdout.splitlines()[-1]))
        table(results, options.stored, options.batch)
        if options.out:
            options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
