"""A relay between Keywright and the sandbox that notes every secret that passes either way.

It can also answer as a badly built API does: an error that repeats the credentials, a key in the
wrong place. It is a real server on loopback; the sandbox behind it does everything else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.secrecy.scanner import Hunted

Spoil = Callable[[int, bytes, str], tuple[int, bytes]]
"""What becomes of a status and a body; the text is what the request carried."""


class Relay:
    """A context manager: `url` is the base, `secrets` what was seen, by text."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self._spoils: list[tuple[str, str, Spoil]] = []
        self.secrets: dict[str, Hunted] = {}
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def spoil_next(self, method: str, ending: str, spoil: Spoil) -> None:
        """Let the next request of this kind be answered otherwise, after its effect."""
        self._spoils.append((method, ending, spoil))

    def note(self, what: str, text: str, random_from: int = 0) -> None:
        """Remember a secret."""
        self.secrets.setdefault(text, Hunted(f"{what} {len(self.secrets)}", text, random_from))

    def exchange(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Pass one request on, note what it and its answer carry, and spoil the answer if asked."""
        carried = self._note_request(headers, body)
        upstream = HTTPConnection(self._upstream)
        try:
            upstream.request(method, path, body, headers)
            answer = upstream.getresponse()
            status, content = answer.status, answer.read()
        finally:
            upstream.close()
        self._note_answer(content)
        return self._spoil(method, path, (status, content), carried)

    def _note_request(self, headers: dict[str, str], body: bytes) -> str:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if token.startswith("eyJ"):
            self.note("a log-in token", token, token.index("."))
        elif token:
            self.note("a key", token, len("clou_"))
        form = parse_qs(body.decode(errors="replace"))
        for password in form.get("password", []):
            self.note("a password", password)
        return f"{token} {body.decode(errors='replace')} {form}"

    def _note_answer(self, content: bytes) -> None:
        with suppress(ValueError, AttributeError):
            data: dict[str, Any] = json.loads(content).get("data") or {}
            if "access_token" in data:
                token = data["access_token"]
                self.note("a log-in token", token, token.index("."))
            if isinstance(data.get("key"), str):
                self.note("a key", data["key"], len("clou_"))

    def _spoil(
        self, method: str, path: str, answer: tuple[int, bytes], carried: str
    ) -> tuple[int, bytes]:
        for entry in self._spoils:
            if entry[0] == method and urlsplit(path).path.endswith(entry[1]):
                self._spoils.remove(entry)
                return entry[2](*answer, carried)
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet, or each answer takes 40 ms longer

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                kept = {
                    name.lower(): value
                    for name, value in self.headers.items()
                    if name.lower() in {"authorization", "content-type", "accept"}
                }
                status, content = relay.exchange(self.command, self.path, kept, body)
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: callers of this relay get killed on purpose."""


def repeat_everything(_: int, content: bytes, carried: str) -> tuple[int, bytes]:
    """Refuse, and repeat credentials, request and the real answer in the error, as some APIs do."""
    said = f"bad request: {carried} {content.decode(errors='replace')}"
    return 422, json.dumps({"code": 1001, "msg": said, "detail": [{"input": said}]}).encode()


def fail_with_the_answer(_: int, content: bytes, __: str) -> tuple[int, bytes]:
    """Answer 500 with the whole answer, secret included."""
    return 500, content


def misplace_the_key(status: int, content: bytes, _: str) -> tuple[int, bytes]:
    """Answer 200 with the secret somewhere else than agreed."""
    answer = json.loads(content)
    answer["data"]["key"] = {"value": [answer["data"]["key"]]}
    return status, json.dumps(answer).encode()


def cut_the_json(status: int, content: bytes, _: str) -> tuple[int, bytes]:
    """Answer with JSON that ends behind the secret."""
    return status, content[:-2]


def put_the_key_into_the_name(status: int, content: bytes, _: str) -> tuple[int, bytes]:
    """Answer 200 with fields of the wrong kinds that hold the secret."""
    answer = json.loads(content)
    secret = answer["data"]["key"]
    answer["data"] |= {"id": [secret], "scopes": secret, "expires_at": secret, "rate_limit": secret}
    return status, json.dumps(answer).encode()
