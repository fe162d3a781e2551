"""Where a list goes on: what is followed, what is refused, and what is never taken for the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ProviderError
from reconciler.http.links import next_target, read_next_link

PAGE = "https://api.example.com/v1/keys?page=1"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://api.example.com/v1/keys?page=2", "/v1/keys?page=2"),
        ("HTTPS://API.Example.Com:443/v1/keys?page=2#top", "/v1/keys?page=2"),
        ("//api.example.com/v1/keys?page=2", "/v1/keys?page=2"),
        ("/elsewhere/keys?cursor=a%2Fb%3D&x=1,2", "/elsewhere/keys?cursor=a%2Fb%3D&x=1,2"),
        ("?page=2", "/v1/keys?page=2"),
        ("keys/more", "/v1/keys/more"),
        ("https://api.example.com", "/"),
        ("https://api.example.com?page=2", "/?page=2"),
    ],
)
def test_an_address_of_the_same_origin_is_followed(link: str, target: str) -> None:
    assert next_target(PAGE, link) == target


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1/keys?page=2",
        "//evil.example/v1/keys",
        "http://api.example.com/v1/keys?page=2",
        "https://api.example.com:8443/v1/keys",
        "https://api.example.com.evil.example/",
        "https://sub.api.example.com/",
        "https://api.example.com@evil.example/",
        "https://user:word@api.example.com/",
        "https://evil.example\\@api.example.com/",
        "ftp://api.example.com/",
        "javascript:alert(1)",
        "data:,x",
    ],
)
def test_another_origin_is_refused(link: str) -> None:
    with pytest.raises(ProviderError, match="another origin"):
        next_target(PAGE, link)


def test_the_refusal_says_which_origin_but_never_a_password() -> None:
    with pytest.raises(ProviderError) as refused:
        next_target(PAGE, "http://api.example.com/v1/keys?token=hidden")
    assert "(http://api.example.com)" in str(refused.value)
    assert "hidden" not in str(refused.value)
    with pytest.raises(ProviderError) as refused:
        next_target(PAGE, "https://user:hidden@evil.example/")
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    "link",
    [
        "",
        "/a b",
        "/a\r\nx: y",
        "\t/a",
        "https://[",
        "https://h:port/",
        "https://api.example.com:x/",
    ],
)
def test_what_is_no_address_is_refused(link: str) -> None:
    with pytest.raises(ProviderError, match="is no URL"):
        next_target(PAGE, link)


@given(st.text())
def test_any_text_is_a_path_of_this_origin_or_refused(link: str) -> None:
    try:
        target = next_target(PAGE, link)
    except ProviderError:
        return
    assert target.startswith("/")


@pytest.mark.parametrize(
    "header",
    [
        "<https://h/2>; rel=next",
        '<https://h/2>; rel="next"',
        '<https://h/2>;rel="next"',
        '<https://h/2> ; REL = "NEXT" ',
        '<https://h/1>; rel="prev", <https://h/2>; rel="next", <https://h/9>; rel="last"',
        '<https://h/2>; rel="last next"',
        '<https://h/2>; title="a, b; \\"rel=prev\\""; rel="next"; hreflang=de',
        '<https://h/1>; title="<https://h/3>; rel=next"; rel=prev, <https://h/2>; rel=next',
        ", ,<https://h/2>; rel=next,, ,",
        "<https://h/2>; rel=next;",
        "<https://h/2>;; crossorigin; rel=next",
        "<https://h/2>; rel=next; rel=prev",
        "<https://h/2>; rel=next, <https://h/2>; rel=next",
        '<https://h/3>; rel=next; anchor="#foo", <https://h/2>; rel=next',
        "< https://h/2 >; rel=next",
    ],
)
def test_the_next_page_is_found(header: str) -> None:
    assert read_next_link(header) == "https://h/2"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " , ",
        "<https://h/1>; rel=prev",
        "<https://h/1>",
        "<https://h/1>; rel=nextish",
        '<https://h/1>; rel="prev"; rel="next"',
        '<https://h/1>; title="rel=next"',
        '<https://h/1>; rel=next; anchor="https://other/"',
    ],
)
def test_without_a_next_page_the_list_is_at_its_end(header: str | None) -> None:
    assert read_next_link(header) is None


def test_commas_and_semicolons_belong_to_the_address() -> None:
    assert read_next_link("<https://h/k?a=1,2;b=3>; rel=next") == "https://h/k?a=1,2;b=3"


@pytest.mark.parametrize(
    "header",
    [
        "https://h/2; rel=next",
        "<https://h/2; rel=next",
        '<https://h/2>; rel="next',
        "<https://h/2>; rel=next garbage",
        "<https://h/1>; rel=prev; junk; = , x",
        "<https://h/2> rel=next",
        "<https://h/1>; rel=next, <https://h/2>; rel=next",
        "null",
    ],
)
def test_junk_is_not_the_end_of_a_list(header: str) -> None:
    with pytest.raises(ProviderError, match="Link header"):
        read_next_link(header)


@given(st.text(alphabet='<>;,="\\ \tarelnxt/:'))
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        read_next_link(header)
    except ProviderError as refused:
        assert "Link header" in refused.what  # noqa: PT017 - it may also be read
