"""Serving HTTPS, where a client's own cookie jar carries the Secure cookies."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.sandbox import SandboxError, TlsFiles, serve
from tests.sandbox.aicontroller.conftest import NEXT_YEAR, attributes_in
from tests.sandbox_process import SandboxProcess

FOLDER = Path(__file__).parents[2] / "http"
CERTIFICATE, KEY = FOLDER / "self_signed.pem", FOLDER / "self_signed.key"
LOGIN = attributes_in(grantType="password", userName="root", password="root-password")


@pytest.fixture(scope="module")
def trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


@pytest.fixture(scope="module")
def secured(
    trust: ssl.SSLContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SandboxProcess]:
    location = str(tmp_path_factory.mktemp("secured") / "sandbox.db")
    with SandboxProcess(location, tls=(str(CERTIFICATE), str(KEY)), trust=trust) as process:
        yield process


@pytest.fixture
def browser(secured: SandboxProcess, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{secured.url}/aic", verify=trust) as client:
        yield client


@pytest.fixture(autouse=True)
def _on_time(secured: SandboxProcess) -> Iterator[None]:
    yield
    secured.control.put("/time", json={})
    secured.control.delete("/faults")


def test_a_cookie_jar_is_enough_for_a_session_and_its_refresh(
    secured: SandboxProcess, browser: httpx.Client
) -> None:
    assert secured.url.startswith("https://127.0.0.1:")
    assert browser.post("/auth/login", json=LOGIN).status_code == 200
    listed = browser.get("/apikeys")
    assert listed.status_code == 200
    # The longer token goes to the log-in endpoints and nowhere else.
    assert "AICUserCookie=" in listed.request.headers["Cookie"]
    assert "AICAuthCookie=" not in listed.request.headers["Cookie"]
    secured.control.put("/time", json={"offset_seconds": 16 * 60})
    created = browser.post("/apikeys", json=attributes_in(name="a key", expiry=NEXT_YEAR))
    assert created.status_code == 401
    assert browser.post("/auth/token").status_code == 200
    created = browser.post("/apikeys", json=attributes_in(name="a key", expiry=NEXT_YEAR))
    assert created.status_code == 201


def test_a_jar_that_was_told_http_sends_nothing(
    sandbox: SandboxProcess, browser: httpx.Client
) -> None:
    browser.post("/auth/login", json=LOGIN)
    assert len(browser.cookies.jar) == 2
    answer = browser.get(f"{sandbox.url}/aic/apikeys")
    assert "Cookie" not in answer.request.headers
    assert answer.status_code == 401


def test_a_certificate_that_is_not_trusted_is_the_clients_to_refuse(
    secured: SandboxProcess,
) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{secured.url}/aic/apikeys", verify=ssl.create_default_context())


def test_a_connection_can_be_cut_on_https_too(
    secured: SandboxProcess, browser: httpx.Client
) -> None:
    for kind in ("cut", "truncate"):
        secured.add_fault(kind, path="/aic/auth/login")
        with pytest.raises(httpx.TransportError):
            browser.post("/auth/login", json=LOGIN)
    assert browser.post("/auth/login", json=LOGIN).status_code == 200


@pytest.mark.parametrize(
    ("certificate", "key", "reason"),
    [
        (CERTIFICATE, Path("/nowhere.key"), "No such file or directory"),
        (Path("/nowhere.pem"), KEY, "No such file or directory"),
        (KEY, CERTIFICATE, "they are no PEM files, or do not belong together"),
        (Path(__file__), KEY, "they are no PEM files, or do not belong together"),
    ],
)
def test_files_that_cannot_be_used_are_an_error_that_says_so(
    certificate: Path, key: Path, reason: str
) -> None:
    with pytest.raises(SandboxError, match=f"^cannot use the TLS certificate and key: {reason}"):
        serve(":memory:", ready=print, tls=TlsFiles(str(certificate), str(key)))
