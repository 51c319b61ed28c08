"""Stands in for a thousand users' servers: answers as jmcp does, and holds its streams open.

`python -m benchmarks.hub.stand_in` prints its port. It is behind the Hub's real proxy; a thousand
single-user servers would take 130 GB.
"""

from __future__ import annotations

import asyncio
import json

KEEP_ALIVE_SECONDS = 15.0
"""As often as jmcp sends something on a stream."""
KEEP_ALIVE = b"e\r\n: keep-alive\n\n\r\n"
STREAM = (
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    "X-Request-Id: {request_id}\r\n\r\n"
)
ANSWER = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
    "X-Request-Id: {request_id}\r\n\r\n{body}"
)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection; the answer of a call says in which user's server it is."""
    try:
        while line := await reader.readline():
            method, target, _ = line.decode().split(" ", 2)
            headers = {}
            while head := (await reader.readline()).strip():
                name, _, value = head.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            request_id = headers.get("x-request-id", "none")
            if method == "GET":
                writer.write(STREAM.format(request_id=request_id).encode())
                while True:
                    writer.write(KEEP_ALIVE)
                    await writer.drain()
                    await asyncio.sleep(KEEP_ALIVE_SECONDS)
            user = target.split("/")[2]
            result = {"structuredContent": {"user": user}, "content": []}
            answer = {"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": result}
            text = json.dumps(answer)
            writer.write(ANSWER.format(length=len(text), request_id=request_id, body=text).encode())
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # the client left
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
