"""Sessions of cookies: which ones are sent where, how they are renewed, and when no more."""

import asyncio
import json
import logging

import pytest

from reconciler.core.secret import Secret
from reconciler.http.calls import Call
from reconciler.providers.dialect.effects import Tenant, Told
from reconciler.providers.sessions.session import NoAccess, Session
from tests.http.hostile_server import (
    Arrival,
    Behaviour,
    HostileServer,
    answer,
    cut,
    reply,
    reply_json,
)
from tests.providers.doors import (
    COOKIES,
    FINE,
    PASSWORD,
    READ,
    REFUSED,
    TOKEN,
    WHO,
    WRITE,
    CookieApi,
    cookies_of,
    dialect_with,
    entering,
    read_many,
    status_of,
)


def test_a_session_that_runs_out_under_many_calls_is_renewed_once() -> None:
    api = CookieApi()

    async def work(session: Session) -> list[int]:
        await session.send(READ)
        api.left.clear()
        return await read_many(session)

    statuses, arrivals = entering(api.behave, dialect_with(COOKIES), WHO, work)
    assert statuses == [200] * 21
    assert (api.logins, api.renewals) == (1, 1)
    renewal = next(each for each in arrivals if each.path == "/auth/token")
    assert cookies_of(renewal) == {"refresh": "refresh-login1"}
    assert json.loads(renewal.body) == {"type": "refresh"}


def test_a_session_that_runs_out_among_many_calls_in_flight_is_renewed_once_each_time() -> None:
    api = CookieApi(uses=7)
    statuses, _ = entering(
        api.behave, dialect_with(COOKIES), WHO, lambda session: read_many(session, 6)
    )
    assert statuses == [200] * 7
    assert (api.logins, api.renewals) == (1, 0)
    api = CookieApi(uses=7)
    statuses, _ = entering(
        api.behave, dialect_with(COOKIES), WHO, lambda session: read_many(session, 12)
    )
    assert statuses == [200] * 13
    assert (api.logins, api.renewals) == (1, 1)


def test_a_session_whose_only_cookie_renews_it_sends_that_one() -> None:
    auth = COOKIES | {"cookies": ["sid"], "renew": {"path": "/auth/token", "cookies": ["sid"]}}
    numbers = {"/auth/login": "1", "/auth/token": "2"}

    async def behave(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        if arrival.path in numbers:
            headers = {"set-cookie": f"sid={numbers[arrival.path]}"}
            await answer(reply_json(200, {}, headers))(arrival, writer)
        else:
            expired = arrival.method == "POST" and cookies_of(arrival) == {"sid": "1"}
            await (REFUSED if expired else FINE)(arrival, writer)

    statuses, arrivals = entering(behave, dialect_with(auth), WHO, read_many)
    assert statuses == [200] * 21
    renewals = [each for each in arrivals if each.path == "/auth/token"]
    assert [cookies_of(each) for each in renewals] == [{"sid": "1"}]


def test_the_new_cookies_are_the_ones_that_renew_the_next_time() -> None:
    api = CookieApi(uses=1)

    async def work(session: Session) -> list[int]:
        return [status_of(await session.send(READ)) for _ in range(4)]

    statuses, arrivals = entering(api.behave, dialect_with(COOKIES), WHO, work)
    assert statuses == [200] * 4
    assert (api.logins, api.renewals) == (1, 3)
    told = [cookies_of(each)["refresh"] for each in arrivals if each.path == "/auth/token"]
    assert told == ["refresh-login1", "refresh-renewal1", "refresh-renewal2"]


@pytest.mark.parametrize(
    "renewal",
    [
        REFUSED,
        cut,
        answer(reply(500)),
        answer(reply_json(200, {})),
        answer(reply_json(200, {}, {"set-cookie": "tracking=1"})),
        answer(reply(302, b"", {"location": "/auth/login"})),
    ],
)
def test_where_a_renewal_is_refused_there_is_a_new_login(renewal: Behaviour) -> None:
    api = CookieApi(on={"/auth/token": renewal})

    async def work(session: Session) -> list[int]:
        await session.send(READ)
        api.left.clear()
        return await read_many(session)

    statuses, arrivals = entering(api.behave, dialect_with(COOKIES), WHO, work)
    assert statuses == [200] * 21
    assert api.logins == 2
    assert sum(each.path == "/auth/token" for each in arrivals) == 1


def test_a_renewed_session_that_never_works_is_no_end_but_a_new_login() -> None:
    useless = {"set-cookie": "access=useless"}
    api = CookieApi(on={"/auth/token": answer(reply_json(200, {}, useless))})

    async def work(session: Session) -> list[int]:
        await session.send(READ)
        api.left.clear()
        return await read_many(session)

    statuses, arrivals = entering(api.behave, dialect_with(COOKIES), WHO, work)
    assert statuses == [200] * 21
    assert api.logins == 2
    assert sum(each.path == "/auth/token" for each in arrivals) == 1


def test_a_login_that_never_worked_is_not_renewed() -> None:
    api = CookieApi(uses=0)

    async def work(session: Session) -> list[int]:
        return [status_of(await session.send(READ)) for _ in range(5)]

    statuses, arrivals = entering(api.behave, dialect_with(COOKIES), WHO, work)
    assert statuses == [401] * 5
    assert (api.logins, api.renewals) == (1, 0)
    assert len(arrivals) == 6


def test_a_password_that_was_changed_meanwhile_is_tried_once() -> None:
    api = CookieApi(on={"/auth/token": REFUSED})

    async def work(session: Session) -> list[object]:
        await session.send(READ)
        api.left.clear()
        api.on["/auth/login"] = REFUSED
        return await asyncio.gather(*(session.send(WRITE) for _ in range(20)))

    results, arrivals = entering(api.behave, dialect_with(COOKIES), WHO, work)
    assert {type(each) for each in results} == {NoAccess}
    assert sum(each.path == "/auth/login" for each in arrivals) == 2


@pytest.mark.parametrize("renew", [None, COOKIES["renew"]])
def test_one_call_that_is_always_refused_does_not_log_in_for_ever(renew: object) -> None:
    api = CookieApi(on={"/forbidden": REFUSED})
    odd = Call(method="GET", template="/forbidden")

    async def work(session: Session) -> list[int]:
        await session.send(READ)
        calls = [odd, *[READ] * 10]
        return [status_of(each) for each in await asyncio.gather(*map(session.send, calls))]

    auth = COOKIES | {"renew": renew}
    statuses, arrivals = entering(api.behave, dialect_with(auth), WHO, work)
    assert statuses == [401] + [200] * 10
    assert api.logins <= 2
    assert sum(each.path == "/forbidden" for each in arrivals) <= 3


def test_cookies_follow_no_redirect_to_another_server() -> None:
    api = CookieApi()
    with HostileServer(FINE) as elsewhere:
        moved = {"location": f"{elsewhere.url}/keys"}
        api.on["/moved"] = answer(reply(307, b"", moved))

        async def work(session: Session) -> int:
            return status_of(await session.send(Call(method="GET", template="/moved")))

        status, arrivals = entering(api.behave, dialect_with(COOKIES), WHO, work)
        assert status == 307
        assert elsewhere.arrivals == []
    assert cookies_of(arrivals[1]) == {"access": "access-login1"}


def test_what_a_call_brought_as_its_cookie_is_replaced_by_ours() -> None:
    api = CookieApi()

    async def work(session: Session) -> None:
        call = Call(method="GET", template="/keys", headers={"Cookie": Secret("access=other")})
        assert status_of(await session.send(call)) == 200

    entering(api.behave, dialect_with(COOKIES), WHO, work)


def test_a_token_that_is_renewed_with_a_cookie() -> None:
    auth = TOKEN | {"renew": {"path": "/renew", "cookies": ["refresh"]}}
    served = {"/login": 0, "/renew": 0, "/keys": 0}

    async def behave(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        served[arrival.path] += 1
        if arrival.path == "/keys":
            expired = arrival.headers["authorization"] == "Bearer 1" and served["/keys"] > 1
            await (REFUSED if expired else FINE)(arrival, writer)
        else:
            headers = {"set-cookie": "refresh=r"} if arrival.path == "/login" else {}
            token = "1" if arrival.path == "/login" else "2"
            await answer(reply_json(200, {"access_token": token}, headers))(arrival, writer)

    statuses, arrivals = entering(behave, dialect_with(auth), WHO, read_many)
    assert statuses == [200] * 21
    assert (served["/login"], served["/renew"]) == (1, 1)
    assert "cookie" not in arrivals[1].headers
    assert "authorization" not in next(a for a in arrivals if a.path == "/renew").headers


def test_who_we_are_outlives_a_renewal_that_does_not_tell() -> None:
    api = CookieApi(uses=1)
    headers = {"set-cookie": "access=access-a", "Set-Cookie": "refresh=refresh-a"}
    api.on["/auth/login"] = answer(reply_json(200, {"user": {"org": "o1"}}, headers))
    api.left["access-a"] = 1
    api.renewable.add("refresh-a")

    async def work(session: Session) -> list[str | None]:
        told = [session.tenant]
        for _ in range(2):
            await session.send(READ)
            told.append(session.tenant)
        return told

    dialect = dialect_with(COOKIES, tenant=Tenant(told=Told(login="user.org")))
    assert entering(api.behave, dialect, WHO, work)[0] == [None, "o1", "o1"]
    assert api.renewals == 1


def test_no_password_cookie_or_token_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    api = CookieApi(uses=1)

    async def work(session: Session) -> str:
        results = [await session.send(READ) for _ in range(2)]
        return repr(results) + repr(vars(session)) + repr([vars(x) for x in _parts(session)])

    shown, _ = entering(api.behave, dialect_with(COOKIES), WHO, work)
    assert api.renewals == 1
    for hidden in (PASSWORD, "access-login1", "refresh-login1", "access-renewal1", "tracked"):
        assert hidden not in shown
        assert hidden not in caplog.text
    assert "POST /auth/token: 200" in caplog.text


def _parts(session: object) -> list[object]:
    return [part for part in vars(session).values() if hasattr(part, "__dict__")]
