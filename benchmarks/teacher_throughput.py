"""Calls to a teacher against a bare `asyncio.gather` over openai's own client, on the same local server.

    python benchmarks/teacher_throughput.py [--calls 2000] [--slots 64] [--latency 0.2] [--rounds 2] [--out FILE]

The server, a process of its own, answers each request after `latency` seconds; `slots` requests are in flight. The
ideal rate is slots / latency. Ours writes each answer to the ledger and to the transcript and parses it; the bare
loop throws its answers away. The two take turns, each in a process of its own.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ANSWER = json.dumps({"steps": ["17+25=42"], "answer": "42"})


async def serve(latency: float) -> None:
    """Answer every POST with the same completion after `latency` seconds; print the port."""
    reply = json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}},
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(reply)}\r\n\r\n".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                headers = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()
                return
            length = next(
                int(line[15:]) for line in headers.lower().split(b"\r\n") if line.startswith(b"content-length:")
            )
            await reader.readexactly(length)
            await asyncio.sleep(latency)
            writer.write(head + reply)
            await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def ours(base_url: str, calls: int, slots: int) -> float:
    """Calls a second of `Teacher.ask`, with ledger and transcript."""
    from ioa.agents.exchange import SolveBrief
    from ioa.agents.teacher import Call, Teacher
    from ioa.agents.teachers import CallDesk, Endpoint, TeacherSettings
    from ioa.agents.teachers.opening import open_model
    from ioa.memory.ledger import Ledger
    from ioa.memory.transcript import CallContext, Transcript

    settings = TeacherSettings(model="openai:m", base_url=base_url, concurrency=slots)
    context = CallContext(node="benchmark", agent="verifier", task="solve")
    asked = [Call(SolveBrief(problem=f"What is {i} + 25?"), context) for i in range(calls)]
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite")
        desk = CallDesk(Transcript(Path(folder) / "transcript.jsonl"), ledger=ledger)
        teacher = Teacher([Endpoint(open_model(settings), settings)], desk)
        teacher.ask([Call(SolveBrief(problem=f"Warm up {i}"), context) for i in range(slots)])
        gc.freeze()  # as a run does
        began = time.perf_counter()
        outcomes = teacher.ask(asked)
        seconds = time.perf_counter() - began
        if not all(outcome.reply for outcome in outcomes):
            raise RuntimeError("a call failed")
        desk.close()
        ledger.close()
    return calls / seconds


def bare(base_url: str, calls: int, slots: int) -> float:
    """Calls a second of `asyncio.gather` over `openai.AsyncOpenAI`, held to the slots by a semaphore."""
    from openai import AsyncOpenAI

    from ioa.agents.exchange import SolveBrief
    from ioa.agents.prompting import messages

    async def run() -> float:
        client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)
        gate = asyncio.Semaphore(slots)

        async def one(problem: str) -> None:
            prompt: Any = [message.model_dump() for message in messages("examinee", SolveBrief(problem=problem))]
            async with gate:
                await client.chat.completions.create(model="m", messages=prompt)

        await asyncio.gather(*(one(f"Warm up {i}") for i in range(slots)))
        gc.freeze()
        began = time.perf_counter()
        await asyncio.gather(*(one(f"What is {i} + 25?") for i in range(calls)))
        return calls / (time.perf_counter() - began)

    return asyncio.run(run())


LOOPS = {"ours": ours, "bare": bare}


@contextmanager
def served(latency: float) -> Iterator[str]:
    """The server's address."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", "--latency", str(latency)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--slots", type=int, default=64, help="requests in flight")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds that the server takes for each")
    parser.add_argument("--rounds", type=int, default=2, help="measurements of each")
    parser.add_argument("--out", type=Path, help="also write the result as JSON to this file")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", choices=sorted(LOOPS), help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.latency))
        return
    if options.measure:
        print(LOOPS[options.measure](options.address, options.calls, options.slots))
        return
    rates: dict[str, list[float]] = {name: [] for name in LOOPS}
    with served(options.latency) as address:
        for _ in range(options.rounds):
            for name, measured in rates.items():
                command = [sys.executable, __file__, "--measure", name, "--address", address]
                command += ["--calls", str(options.calls), "--slots", str(options.slots)]
                measured.append(float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split()[-1]))
    ideal = options.slots / options.latency
    result = {
        "ideal": ideal,
        **{name: statistics.median(measured) for name, measured in rates.items()},
        "rounds": rates,
    }
    print(f"{'calls':<28}{'calls/s':>10}{'of ideal':>10}")
    for name, label in (("ours", "ioa Teacher.ask"), ("bare", "gather over AsyncOpenAI")):
        print(f"{label:<28}{result[name]:>10.0f}{100 * result[name] / ideal:>9.0f}%")
    print(f"ideal {ideal:.0f}; ratio ours / bare {result['ours'] / result['bare']:.2f}")
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
