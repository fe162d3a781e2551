"""`keywright sandbox serve`: a key API for trying, which ends when it is told to."""

from __future__ import annotations

import signal
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from reconciler.sandbox import PREFIXES
from tests.cli.stage import HEAD, PATIENCE, call, clean_environment, command, poll
from tests.sandbox_process import HEADER, NO_CERTIFICATES

CONTROL = "a-control-token"
CERTIFICATE = Path(__file__).parents[1] / "http" / "self_signed.pem"
KEY = CERTIFICATE.with_suffix(".key")


@contextmanager
def serving(folder: Path, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command("sandbox", "serve", "--port", "0", *arguments),
        cwd=folder,
        env=clean_environment(folder.parent / "home", more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        if process.poll() is None:
            process.kill()


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = next(line for line in process.stdout if line.startswith("Sandbox at "))
    return line.removeprefix("Sandbox at ").split(",")[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


def test_it_says_where_each_system_is_spoken(folder: Path) -> None:
    with serving(folder) as process:
        assert process.stdout is not None
        password, *places = (process.stdout.readline().strip() for _ in range(len(PREFIXES) + 1))
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0
    assert password == "The superuser's password is in .keywright/sandbox.db.password"
    url = places[0].removeprefix("Sandbox at ").removesuffix("/clouisle/api/v1, user 'admin'")
    others = [prefix for name, prefix in PREFIXES.items() if name != "clouisle"]
    assert places[1:] == [f"Sandbox at {url}{prefix}" for prefix in others]


def test_it_serves_https_with_a_certificate_and_its_key(folder: Path) -> None:
    trust = ssl.create_default_context(cafile=str(CERTIFICATE))
    with serving(folder, "--tls-cert", str(CERTIFICATE), "--tls-key", str(KEY)) as process:
        url = address(process)
        assert url.startswith("https://127.0.0.1:")
        assert httpx.get(f"{url}/api-keys", verify=trust).status_code == 403
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0


def test_a_certificate_without_its_key_is_one_sentence(folder: Path) -> None:
    environ = clean_environment(folder.parent / "home")
    for option, file in (("--tls-cert", CERTIFICATE), ("--tls-key", KEY)):
        ran = call(folder, environ, "sandbox", "serve", option, str(file)).ended(1)
        assert ran.err == "Error: --tls-cert and --tls-key are given together, or not at all.\n"
    swapped = ("--tls-cert", str(KEY), "--tls-key", str(CERTIFICATE))
    ran = call(folder, environ, "sandbox", "serve", "--port", "0", *swapped).ended(1)
    assert ran.err == (
        "Error: cannot use the TLS certificate and key:"
        " they are no PEM files, or do not belong together.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_on_a_signal(folder: Path, number: int) -> None:
    with serving(folder) as process:
        url = address(process)
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/api-keys", verify=NO_CERTIFICATES).status_code == 403
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert (out, err) == ("", "")
    password = folder / ".keywright" / "sandbox.db.password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600


def test_a_stack_works_against_it_and_it_remembers(folder: Path) -> None:
    environ = clean_environment(folder.parent / "home", {"KW_USER": "admin"})
    with serving(folder) as process:
        url = address(process)
        text = HEAD.format(stack="cli", url=url, concurrency=8).replace(
            "{env: KW_PASSWORD}", "{file: .keywright/sandbox.db.password}"
        )
        (folder / "keys.yaml").write_text(f"{text}keys:\n  a: {{}}\n")
        call(folder, environ, "init").ended(0)
        call(folder, environ, "apply", "--auto-approve").ended(0)
        process.terminate()
    port = url.split(":")[2].split("/")[0]
    with serving(folder, "--port", port) as process:
        assert address(process) == url
        call(folder, environ, "plan", "--detailed-exitcode").ended(0)
        process.terminate()


def test_a_port_that_is_taken_is_one_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environ = clean_environment(folder.parent / "home")
        ran = call(folder, environ, "sandbox", "serve", "--port", port).ended(1)
    assert ran.err == f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use.\n"


def test_a_sandbox_in_memory_needs_a_password_from_outside(folder: Path) -> None:
    environ = clean_environment(folder.parent / "home")
    ran = call(folder, environ, "sandbox", "serve", "--database", ":memory:").ended(1)
    ran.said("needs a password", "KEYWRIGHT_SANDBOX_PASSWORD")
    with serving(
        folder,
        "--database",
        ":memory:",
        "--username",
        "boss",
        KEYWRIGHT_SANDBOX_PASSWORD="pw-12345",
    ) as process:
        form = {"username": "boss", "password": "pw-12345"}
        url = f"{address(process)}/login/access-token"
        assert httpx.post(url, data=form, verify=NO_CERTIFICATES).status_code == 200
        process.terminate()


def test_a_caller_that_goes_away_leaves_no_traceback(folder: Path) -> None:
    with serving(folder, KEYWRIGHT_SANDBOX_CONTROL=CONTROL) as process:
        url = address(process)
        base = url.removesuffix("/clouisle/api/v1")
        client = httpx.Client(base_url=base, verify=NO_CERTIFICATES, headers={HEADER: CONTROL})
        fault = {"kind": "latency", "path": "/login", "seconds": 0.4}
        client.post("/_sandbox/faults", json=fault).raise_for_status()
        with pytest.raises(httpx.ReadTimeout):
            client.post("/clouisle/api/v1/login/access-token", data={"a": "b"}, timeout=0.1)
        assert poll(lambda: bool(client.get("/_sandbox/requests").json()["total"]))
        client.close()
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in err, err
