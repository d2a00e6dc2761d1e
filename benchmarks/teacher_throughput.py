"""Calls to a teacher against a bare `asyncio.gather` over openai's own client, on the same local server.

    python benchmarks/teacher_throughput.py [--calls 2000] [--slots 64] [--latency 0.2] [--rounds 2] [--out FILE]

The server, a process of its own, answers each request after `latency` seconds; `slots` requests are in flight. The
ideal rate is slots / latency. Ours writes each answer to the ledger and to the transcript and parses it; the bare
loop throws its answers away. The two take turns, each in a process of its own, with two kinds of calls: `solve`, a
short problem, and `lessons`, a request of the Adapter with about 1,000 to 2,500 tokens and 400 to 450 of answer.

Beside the rate stands the processor time of a call, user and system, in all threads of the process that calls: on a
machine that is shared it is the figure that compares. The server's own is printed too, since it may take it from the
same processor.
"""

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from ioa.agents.exchange import Brief

CHARACTERS_PER_TOKEN = 4


def solve_brief(number: int) -> "Brief":
    """A short problem."""
    from ioa.agents.exchange import SolveBrief

    return SolveBrief(problem=f"What is {number} + 25?")


def lessons_brief(number: int) -> "Brief":
    """A request for lessons; with its samples the prompts have 4,000 to 12,000 characters, evenly spread."""
    from ioa.agents.exchange import LessonsBrief, ModuleBrief
    from ioa.memory.records import Kind, Strategy

    story = f"Number {number}: a shop sells {number % 90 + 10} boxes of 12 pencils, each pencil for 45 cents. "
    samples = tuple(f"{story}How much does it take on day {day} with half as many?" for day in range(number * 7 % 46))
    module = ModuleBrief(id="money", description="Amounts of money in stories of two steps.", samples=samples)
    return LessonsBrief(
        module=module,
        level="medium",
        kind=Kind.CHAIN_OF_THOUGHT,
        strategies=(Strategy.DECOMPOSE,),
        count=4,
        seed=number,
        max_words=80,
    )


def lessons_reply() -> str:
    """Four lessons of about 100 tokens each."""
    steps = [
        "One box holds 12 pencils, and each pencil costs 45 cents.",
        "12 * 45 = 540, so a box costs 540 cents, which is 5.40 dollars.",
        "17 boxes cost 17 * 5.40 = 91.80 dollars.",
    ]
    problem = "A shop sells 17 boxes of 12 pencils, each pencil for 45 cents. How many dollars does it take?"
    lesson = {"problem": problem, "original": [*steps[1:], "Answer: 91.80"], "steps": steps, "answer": "91.80"}
    return json.dumps({"lessons": [lesson] * 4})


KINDS: dict[str, tuple[Callable[[int], "Brief"], str]] = {
    "solve": (solve_brief, json.dumps({"steps": ["17+25=42"], "answer": "42"})),
    "lessons": (lessons_brief, lessons_reply()),
}
"""How a call is made, and what the server answers."""
AGENTS = {"solve": "verifier", "lessons": "adapter"}


class Replies(asyncio.Protocol):
    """Answers every POST of one connection, with as little work as there can be."""

    def __init__(self, answers: dict[bytes, bytes], latency: float) -> None:
        self._answers = answers
        self._latency = latency
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer after `latency` once a request is whole; a client sends the next one only then."""
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if not end:
            return
        start = head.lower().index(b"content-length:") + len("content-length:")
        if len(body) >= int(head[start:].partition(b"\r")[0]):
            self._read = b""
            kind = next(name for name in self._answers if head.startswith(b"POST /" + name))
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, self._answers[kind])


async def serve(latency: float) -> None:
    """Answer every POST to /KIND/v1 with the completion of that kind after `latency` seconds; print the port."""
    answers = {}
    for kind, (_, text) in KINDS.items():
        usage = {"prompt_tokens": 100, "completion_tokens": len(text) // CHARACTERS_PER_TOKEN, "total_tokens": 100}
        said = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        completion = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [said]}
        reply = json.dumps({**completion, "usage": usage}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(reply)}\r\n\r\n"
        answers[kind.encode()] = head.encode() + reply
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Replies(answers, latency), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def ours(base_url: str, kind: str, calls: int, slots: int) -> tuple[float, float]:
    """Seconds and processor seconds of `Teacher.ask`, with ledger and transcript."""
    from ioa.agents.teacher import Call, Teacher
    from ioa.agents.teachers import CallDesk, Endpoint, TeacherSettings
    from ioa.agents.teachers.opening import open_model
    from ioa.memory.ledger import Ledger
    from ioa.memory.transcript import CallContext, Transcript

    brief, _ = KINDS[kind]
    settings = TeacherSettings(model="openai:m", base_url=base_url, concurrency=slots)
    context = CallContext(node="benchmark", agent=AGENTS[kind], task=kind)
    asked = [Call(brief(number), context) for number in range(calls)]
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite")
        desk = CallDesk(Transcript(Path(folder) / "transcript.jsonl"), ledger=ledger)
        teacher = Teacher([Endpoint(open_model(settings), settings)], desk)
        teacher.ask([Call(brief(-1 - number), context) for number in range(slots)])
        gc.freeze()  # as a run does
        began, worked = time.perf_counter(), time.process_time()
        outcomes = teacher.ask(asked)
        took = time.perf_counter() - began, time.process_time() - worked
        if not all(outcome.reply for outcome in outcomes):
            raise RuntimeError("a call failed")
        desk.close()
        ledger.close()
    return took


def bare(base_url: str, kind: str, calls: int, slots: int) -> tuple[float, float]:
    """The same of `asyncio.gather` over `openai.AsyncOpenAI`, held to the slots by a semaphore."""
    from openai import AsyncOpenAI

    from ioa.agents.prompting import messages

    brief, _ = KINDS[kind]

    async def run() -> tuple[float, float]:
        client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)
        gate = asyncio.Semaphore(slots)

        async def one(number: int) -> None:
            prompt: Any = [message.model_dump() for message in messages(AGENTS[kind], brief(number))]
            async with gate:
                await client.chat.completions.create(model="m", messages=prompt)

        await asyncio.gather(*(one(-1 - number) for number in range(slots)))
        gc.freeze()
        began, worked = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one(number) for number in range(calls)))
        return time.perf_counter() - began, time.process_time() - worked

    return asyncio.run(run())


LOOPS = {"ours": ours, "bare": bare}
LABELS = {"ours": "ioa Teacher.ask", "bare": "gather over AsyncOpenAI"}


@contextmanager
def served(latency: float) -> Iterator[tuple[str, psutil.Process]]:
    """The server's address, and the server."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", "--latency", str(latency)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Let the loops take turns with each kind of call; one entry for each measurement."""
    found = []
    with served(options.latency) as (address, server):
        for kind in options.kinds:
            for _ in range(options.rounds):
                for name in LOOPS:
                    before = sum(server.cpu_times()[:2])
                    command = [sys.executable, __file__, "--measure", name, "--address", f"{address}/{kind}/v1"]
                    command += ["--calls", str(options.calls), "--slots", str(options.slots), "--kinds", kind]
                    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split()
                    seconds, worked = float(said[-2]), float(said[-1])
                    spent = sum(server.cpu_times()[:2]) - before
                    found.append(
                        {
                            "kind": kind,
                            "loop": name,
                            "calls_per_second": options.calls / seconds,
                            "cpu_ms": 1000 * worked / options.calls,
                            "server_cpu_ms": 1000 * spent / (options.calls + options.slots),
                        }
                    )
    return found


def report(found: list[dict[str, Any]], ideal: float) -> None:
    """Print the medians."""
    print(f"{'calls':<34}{'calls/s':>9}{'of ideal':>10}{'CPU ms':>9}{'server':>9}   a call")
    for kind in dict.fromkeys(one["kind"] for one in found):
        rates = {}
        for name, label in LABELS.items():
            rows = [one for one in found if (one["kind"], one["loop"]) == (kind, name)]
            names = ("calls_per_second", "cpu_ms", "server_cpu_ms")
            rate, cpu, server = (statistics.median(one[field] for one in rows) for field in names)
            rates[name] = rate
            print(f"{kind + ': ' + label:<34}{rate:>9.0f}{100 * rate / ideal:>9.1f}%{cpu:>9.2f}{server:>9.2f}")
        print(f"{kind}: ratio ours / bare {rates['ours'] / rates['bare']:.2f}")
    print(f"ideal {ideal:.0f} calls/s")


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--slots", type=int, default=64, help="requests in flight")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds that the server takes for each")
    parser.add_argument("--rounds", type=int, default=2, help="measurements of each")
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=["solve", "lessons"])
    parser.add_argument("--out", type=Path, help="also write the result as JSON to this file")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", choices=sorted(LOOPS), help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.latency))
        return
    if options.measure:
        print(*LOOPS[options.measure](options.address, options.kinds[0], options.calls, options.slots))
        return
    ideal = options.slots / options.latency
    found = measure(options)
    report(found, ideal)
    if options.out:
        options.out.write_text(json.dumps({"ideal": ideal, "measured": found}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
