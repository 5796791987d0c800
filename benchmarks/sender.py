"""Sends requests at a steady rate over many connections, later only when all of them wait for an answer: see `storm`.

A process of its own that knows nothing of the product: requests come in as JSON, what became of them goes out.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

CONNECTIONS = 64


async def _send(port: int, rate: int, messages: list[tuple[str, str]]) -> tuple[float, list[tuple[str, int, float]]]:
    """How long it took, and of each request its id, its status (0 where none came) and the seconds to its answer."""
    waiting, got = enumerate(messages), []
    begin = time.perf_counter()

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number, (message_id, request) in waiting:
            await asyncio.sleep(begin + number / rate - time.perf_counter())
            sent = time.perf_counter()
            writer.write(request.encode())
            try:
                status, closes = await asyncio.wait_for(_answer(reader), 30)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                status, closes = 0, True
            got.append((message_id, status, time.perf_counter() - sent))
            if closes:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return time.perf_counter() - begin, got


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status of the next answer, and whether the server ends the connection with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    if "transfer-encoding: chunked" in head:
        await reader.readuntil(b"0\r\n\r\n")
    else:
        lengths = [line for line in head.split("\r\n") if line.startswith("content-length:")]
        await reader.readexactly(int(lengths[0].split(":")[1]) if lengths else 0)
    return int(head.split()[1]), "connection: close" in head


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_send(**json.load(sys.stdin)))))
