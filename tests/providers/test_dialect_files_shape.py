"""A dialect file that has not the right shape: told at its place, in words for who writes one."""

from pathlib import Path

import jsonschema
import pytest

from reconciler.documents.yaml_text import parse_document
from reconciler.errors import DialectError
from reconciler.providers import dialect_names, dialect_schema_text, load_own_dialect
from reconciler.providers import load_dialect as load_shipped
from reconciler.providers.dialect.parts import Part
from reconciler.providers.dialect_files import parse_dialect, parse_own_dialect
from reconciler.providers.dialect_meanings import make_schema, meaning_of
from tests.providers.own_dialects import OWN, changed, expected, parse, problems_of

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "reconciler" / "providers" / "dialects").glob("*.yaml"))
FILES = [*SHIPPED, *sorted((ROOT / "examples").rglob("dialects/*.yaml"))]

TIMES = "'rfc3339', 'date', 'date_start', 'epoch_s', 'epoch_ms'"

SHAPES = [
    (
        "kind: login",
        "kind: ▸lgin",
        [
            (
                "auth[0].kind: must be one of 'bearer', 'header', 'basic', 'login',"
                " 'client_credentials', 'signer'; did you mean 'login'?"
            )
        ],
    ),
    (
        "path: /login/{account}",
        "path: /a\n    ▸path: /b",
        ["auth[0].path: is written twice in the same mapping"],
    ),
    (
        "{kind: bearer, credential: token}",
        "▸{credential: token}",
        [
            (
                "auth[1].kind: is missing: one of 'bearer', 'header', 'basic', 'login',"
                " 'client_credentials', 'signer'"
            )
        ],
    ),
    (
        "path: /login/{account}",
        "path: ▸login",
        [
            (
                "auth[0].path: must be a path below the base URL, such as /keys/{id}: no host, no"
                " `?`, no spaces"
            )
        ],
    ),
    (
        "send: {data.user: username, data.password: password}",
        "send: {data.user: ▸User, data.password: password}",
        [
            (
                "auth[0].send.data.user: must be lower-case letters, digits and underscores, and"
                " begin with a letter"
            )
        ],
    ),
    (
        "headers: {X-Account",
        "headers: {▸X Account",
        [
            (
                "headers.X Account: is not a valid name: it must be the name of a header:"
                " letters, digits and dashes"
            )
        ],
    ),
    ("status: 404", "status: ▸4004", ["errors[0].status: must be at most 599"]),
    ("status: 404", "status: ▸'x'", ["errors[0].status: must be a whole number"]),
    ("status: 404", "status: 404, code: ▸[1]", ["errors[0].code: must be a whole number or text"]),
    (
        "during: [get,",
        "during: [▸gte,",
        [
            (
                "errors[0].during[0]: must be one of 'login', 'list', 'get', 'create', 'update',"
                " 'delete', 'enable', 'disable', 'verify', 'ask', 'tenant', 'audit', 'switch_all',"
                " 'projects', 'deploy', 'deployment', 'upstreams', 'put_upstream', 'reach'; did"
                " you mean 'get'?"
            )
        ],
    ),
    ("means: absent", "means: ▸gone", ["errors[0].means: must be one of 'absent', 'quota'"]),
    (
        'update: {method: PATCH, path: "/{account}/keys/{id}"}',
        '▸udpate: {method: PATCH, path: "/{account}/keys/{id}"}',
        ["operations.udpate: unknown field; did you mean 'update'?"],
    ),
    ("secret: secret.value", "secret: ▸7", ["operations.create.secret: must be text or a mapping"]),
    (
        "secret: secret.value",
        "secret: ▸{a: b}",
        ["operations.create.secret: must have at least 2 entries"],
    ),
    (
        "secret: secret.value",
        "secret: {a: b, c: ▸7}",
        ["operations.create.secret.c: must be text; put it in quotes"],
    ),
    (
        "secret: secret.value",
        "▸secert: secret.value",
        ["operations.create.secert: unknown field; did you mean 'secret'?"],
    ),
    (
        "secret: secret.value",
        "secret: ▸'secret.[value'",
        ["operations.create.secret: is not a JMESPath expression: it ends too early"],
    ),
    (
        "secret: secret.value",
        "secret: ▸'secret.value)'",
        ["operations.create.secret: is not a JMESPath expression: it goes wrong at character 13"],
    ),
    (
        "secret: secret.value",
        "secret: ▸secret#",
        ["operations.create.secret: is not a JMESPath expression: it goes wrong at character 7"],
    ),
    (
        "secret: secret.value",
        "secret: ▸lenght(secret)",
        [
            (
                "operations.create.secret: calls 'lenght', which is no function of JMESPath; did"
                " you mean 'length'?"
            )
        ],
    ),
    ("secret: secret.value", "secret: ▸''", ["operations.create.secret: must not be empty"]),
    ("secret: secret.value", "▸secret:", ["operations.create.secret: has no value; leave it out"]),
    (
        "paging: {kind: cursor, cursor: page.after, place: body, next: page.next}",
        "paging: {kind: page, page: p, page_size: ▸0, ▸place: body}",
        [
            "operations.list.paging.page_size: must be at least 1",
            "operations.list.paging.place: unknown field; did you mean 'page'?",
        ],
    ),
    (
        "items: items",
        "items: items\n    complete: ▸maybe",
        ["operations.list.complete: must be true or false"],
    ),
    (
        "rejected: [{status: 401}]",
        "rejected: ▸[]",
        ["operations.verify.rejected: must not be empty"],
    ),
    (
        "identity: {id: id",
        "identity: {▸ids: id",
        ["identity.ids: unknown field; did you mean 'id'?"],
    ),
    (
        "off: disabled",
        "off: ▸disabeld",
        [
            (
                "identity.statuses.off: must be one of 'active', 'disabled', 'expired', 'dead';"
                " did you mean 'disabled'?"
            )
        ],
    ),
    (
        "codec: instant",
        "codec: ▸instnt",
        [
            (
                "fields.expires_at.codec: must be one of 'string', 'enum', 'bool', 'int', 'set',"
                " 'rate', 'instant'; did you mean 'instant'?"
            )
        ],
    ),
    (
        "shortest: 60",
        "format: ▸iso, writes: ▸ttl",
        [
            f"fields.expires_at.format: must be one of {TIMES}",
            (
                f"fields.expires_at.writes: must be one of {TIMES}, 'ttl_s', 'ttl_minutes',"
                " 'ttl_days', 'duration'; did you mean 'ttl_s'?"
            ),
        ],
    ),
    (
        "create: data.ends",
        "create: ▸'data[0]'",
        ["fields.expires_at.create: must be names joined by dots, such as data.name"],
    ),
    (
        "options.tier:",
        "▸tier:",
        [
            (
                "fields.tier: is not a valid name: it must be name, scopes, enabled, rate_limit,"
                " expires_at, or begin with `options.`"
            )
        ],
    ),
    (
        "marker: {kind: text",
        "marker: {▸tag: x, kind: text",
        ["marker.tag: unknown field (there is: create, kind, read)"],
    ),
    (
        'toggle:\n  read: all_on\n  switch_on: {method: POST, path: "/{account}/on"}',
        "▸toggle:\n  read: all_on\n  ▸on: {method: POST, path: /a}",
        [
            "toggle.switch_on: is missing",
            "toggle.on: unknown field (there is: read, switch_off, switch_on)",
        ],
    ),
    (
        "dialect: mine",
        "dialect: ▸My API",
        ["dialect: must be 1 to 63 lower-case letters, digits or dashes"],
    ),
    (
        "dialect: mine",
        "dialect: ▸clouisle",
        ["dialect: 'clouisle' is a dialect that we ship; give yours another name"],
    ),
    (
        "  name: {codec: string",
        "  ▸<<: {a: b}\n  name: {codec: string",
        ["fields.<<: is a YAML merge key, which is not supported; write the fields out"],
    ),
    ("title: My own API", "title: ▸!mine API", ["title: has a YAML tag; write the plain value"]),
    (
        "title: My own API",
        "title: ▸sk-" + "aB3" * 12,
        ["this looks like an API key; credentials belong to `auth` of a manifest"],
    ),
]


def test_the_good_one_is_good() -> None:
    assert problems_of(OWN) == []


@pytest.mark.parametrize(("before", "after", "sentences"), SHAPES)
def test_shapes(before: str, after: str, sentences: list[str]) -> None:
    told, wanted = expected(before, after, sentences)
    assert told == wanted


def test_what_is_missing_at_the_top_is_told_at_the_top() -> None:
    names = ("auth", "dialect", "fields", "identity", "operations", "title")
    assert problems_of("source: {reference: x}\n") == [
        f"mine.yaml:1:1: {name}: is missing" for name in names
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ": is empty; a dialect begins with `dialect: NAME`"),
        ("# nothing", ": is empty; a dialect begins with `dialect: NAME`"),
        ("- a", ":1:1: the dialect: must be a mapping"),
        (
            "a: [",
            ":2:1: this is not YAML: did not find expected node content while parsing a flow node",
        ),
        ("a: 1\n\tb: 2", ":2:1: this is not YAML: a tab cannot indent; use spaces"),
        ("a: *b", ":1:4: an alias (`*`) without an anchor (`&`) that ends before it"),
        ("[" * 40, ":1:33: nested more than 32 levels deep"),
        (
            "a: 1\n---\nb: 2",
            ":2:1: a second YAML document begins here; put it into a file of its own",
        ),
    ],
)
def test_texts(text: str, problem: str) -> None:
    assert problems_of(text) == [f"mine.yaml{problem}"]


def test_aliases_that_repeat_too_much() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20)
    )
    assert problems_of(bomb) == ["mine.yaml:6:45: aliases repeat too much; write the values out"]


def test_all_of_it_is_told_at_once_and_nothing_that_follows_from_it() -> None:
    text = changed("path: /login/{account}", "path: login")
    for before, after in (
        ("status: 404", "status: 4"),
        ("identity: {id: id", "identity: {idd: id"),
        ("codec: instant", "codec: instnt"),
        ("    account: {say: the id of the account}\n", "    account: {sya: the id}\n"),
        ("  start: {method: POST", "  start: {mthod: POST"),
        ("items: items\n", "items: items(\n"),
        ('  get: {method: GET, path: "/{account}/keys/{id}"}\n', ""),
        ("update: data.scopes", "update: data.scopes, update_by: {method: PUT, path: /x}"),
    ):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    assert [problem.split(": ")[1] for problem in problems_of(text)] == [
        "auth[0].path",
        "tenant.variables.account.sya",
        "errors[0].status",
        "operations.get",
        "operations.list.items",
        "identity.idd",
        "fields.scopes.update_by.path",
        "fields.expires_at.codec",
        "deploy.start.mthod",
    ]


def test_nothing_that_was_written_is_repeated() -> None:
    text = changed("title: My own API", "title: [hunter2]").replace("kind: login", "kind: hunter2")
    text = text.replace("status: 404", "status: hunter2").replace("/ping", "hunter2")
    assert len(problems_of(text)) == 4
    assert "hunter2" not in "".join(problems_of(text))


def test_shipped_files_are_only_looked_at_for_their_shape() -> None:
    text = changed("secret: secret.value", "secret: secret.[value").encode()
    assert parse_dialect(text, "mine.yaml").dialect == "mine"
    with pytest.raises(DialectError) as caught:
        parse_dialect(b"\xff", "mine.yaml")
    assert caught.value.problems == ("mine.yaml: is not UTF-8 text (byte 1); save it as UTF-8",)
    with pytest.raises(DialectError, match=r"mine.yaml:1:1: auth: is missing"):
        parse_dialect(b"title: x", "mine.yaml")


def test_a_file_is_understood_once_for_each_content(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(OWN)
    first = load_own_dialect(file)
    assert load_own_dialect(file) is first
    file.write_text(changed("title: My own API", "title: Another"))
    assert load_own_dialect(file).title == "Another"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_of_ours_passes_what_is_asked_of_users(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(make_schema()).validate(parse_document(text).data)
    parse_own_dialect(text, file.name, ())


def test_every_shipped_file_is_in_the_table_under_its_own_name() -> None:
    assert dialect_names() == tuple(file.stem for file in SHIPPED)
    assert dialect_names() == tuple(load_shipped(file.stem).dialect for file in SHIPPED)


def test_the_stored_schema_is_the_generated_one() -> None:
    stored = ROOT / "schemas" / "dialect.schema.json"
    assert stored.read_text(encoding="utf-8") == dialect_schema_text()
    jsonschema.Draft202012Validator.check_schema(make_schema())


def test_the_schema_takes_what_is_good_and_refuses_what_is_not() -> None:
    validator = jsonschema.Draft202012Validator(make_schema())
    validator.validate(parse_document(OWN).data)
    kept_by_the_loader_only = ("written twice", "JMESPath", "a dialect that we ship", "merge key")
    for before, after, sentences in SHAPES:
        if any(each in said for said in sentences for each in kept_by_the_loader_only):
            continue
        if "looks like" in sentences[0] or "has a YAML tag" in sentences[0]:
            continue
        data = parse_document(changed(before, after.replace("▸", ""))).data
        assert not validator.is_valid(data), after


def test_every_field_has_a_meaning() -> None:
    def parts(part: type[Part]) -> list[type[Part]]:
        return [each for sub in part.__subclasses__() for each in (sub, *parts(sub))]

    without = [
        f"{part.__name__}.{field}"
        for part in parts(Part)
        for field in part.model_fields
        if meaning_of(part, field) is None
    ]
    assert without == []


def test_parsing_gives_a_dialect() -> None:
    assert parse(OWN).dialect == "mine"
