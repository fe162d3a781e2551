"""Parts of a dialect file that do not fit each other, each told where it is to be mended."""

import pytest

from tests.providers.own_dialects import OWN, expected

LOGIN = OWN[OWN.index("  - kind: login") : OWN.index("  - {kind: bearer")]
SESSION = "    cookies: [access, refresh]\n    renew: {path: /renew, cookies: [refresh]}\n"
ENABLE = '  enable: {method: POST, path: "/{account}/keys/{id}/on"}\n'
DISABLE = '  disable: {method: POST, path: "/{account}/keys/{id}/off"}\n'
GET = '  get: {method: GET, path: "/{account}/keys/{id}"}\n'
MARKER = "marker: {kind: text, read: note, create: data.note}"
NAME = "  name: {codec: string, read: name, create: data.name}\n"
ENABLED = "  enabled: {codec: bool, read: \"state == 'on'\"}\n"
DEPLOY = OWN[OWN.index("deploy:") : OWN.index("gateway:")]
IDENTITY = "identity: {id: id, status: state, statuses: {on: active, off: disabled, gone: dead}}"

SUMMARY = OWN[OWN.index("    rows: summary") : OWN.index("  get: {")]

ACCESS = [
    (
        SESSION,
        "",
        ["auth[0]: a login is for a token or for cookies"],
    ),
    (
        "    cookies: [access, refresh]\n",
        "    cookies: ▸[access, refresh]\n    token: token\n",
        ["auth[0].cookies: cannot stand beside `token`: a session has one of them"],
    ),
    (SESSION, "    token: token\n    renew: {path: /renew, cookies: [refresh]}\n", []),
    ("cookies: [refresh]}", "cookies: [another]}", []),
    (
        "  - {kind: bearer, credential: token}\n",
        "  - {kind: bearer, credential: token}\n  - ▸{kind: header, headers: {X-API-Key: token}}\n",
        [
            (
                "auth[2]: takes the same credentials as auth[1] (token), so that it is never"
                " chosen; name them differently"
            )
        ],
    ),
    (
        "fixed: {data.type: password}",
        "fixed: {data.user: ▸x, data.type: password}",
        [
            "auth[0].fixed.data.user: takes the place of auth[0].send.data.user in the same body",
        ],
    ),
]
OPERATIONS = [
    (
        GET,
        "",
        [
            (
                "operations.get: is missing: the list does not tell everything, so each key is"
                " looked up by its id"
            )
        ],
    ),
    (
        SUMMARY + GET,
        "    complete: false\n    paging: {kind: none}\n",
        [
            (
                "operations.get: is missing: absence from the list proves nothing, so keys are"
                " looked up by their ids"
            )
        ],
    ),
    (
        "method: POST\n    path: /{account}/keys/search",
        "method: GET\n    path: /{account}/keys/search",
        ["operations.list.paging.place: cannot be `body`: a GET has none"],
    ),
    (
        "    secret: secret.value\n",
        "",
        [
            (
                "operations.create.secret: is missing: say where the answer has the secret, or how"
                " it is `supplied`"
            )
        ],
    ),
    (
        "    secret: secret.value\n",
        "    secret: secret.value\n    supplied: ▸{path: data.value}\n",
        [("operations.create.supplied: cannot stand beside `secret`: only one side makes it up")],
    ),
    (
        DISABLE,
        "",
        ["operations.disable: is missing: a key that can be enabled can be disabled"],
    ),
    (
        ENABLE,
        "",
        [
            (
                "operations.enable: is missing; where there is no way back, `disable` says"
                " `final: true`"
            )
        ],
    ),
    (
        DISABLE,
        DISABLE.replace("}\n", ", final: ▸true}\n"),
        ["operations.disable.final: cannot be true: there is an `enable`"],
    ),
    (
        ENABLED,
        "",
        ["fields.enabled: is missing: `enable` and `disable` change it, so that it has to be read"],
    ),
    (
        "enabled: {codec: bool, read: \"state == 'on'\"}",
        "▸enabled: {codec: bool}",
        ["fields.enabled.read: is missing: what `enable` and `disable` change has to be read"],
    ),
    (
        "gone: dead",
        "gone: expired",
        [
            (
                "identity.dead: is missing: a soft delete leaves the row, so something must tell"
                " that it is dead"
            )
        ],
    ),
    (
        IDENTITY,
        "▸identity: {id: id, status: state, dead: gone}",
        ["identity.statuses: is missing: say what each word of `status` means"],
    ),
    (
        IDENTITY,
        "▸identity: {id: id, statuses: {gone: dead}}",
        ["identity.status: is missing: say where the word of `statuses` is"],
    ),
    (
        "rejected: [{status: 401}]",
        "rejected: [{status: 401}, ▸{status: 200}]",
        [
            (
                "operations.verify.rejected[1]: is also one of `accepted`: it has to say one or"
                " the other"
            )
        ],
    ),
    (
        "errors:\n",
        "errors:\n  - ▸{status: 409}\n",
        ["errors[0]: says nothing: it needs `means` or `say`"],
    ),
    *(
        (
            "{status: 404, during: [get, delete], means: absent}",
            f"▸{{status: {status}, during: [get, delete], means: absent}}",
            [
                (
                    f"errors[0]: {status} alone cannot mean absent: a credential or a server that"
                    " fails looks the same; add the `code` that tells them apart"
                )
            ],
        )
        for status in (200, 401, 403, 407, 408, 429, 500, 503)
    ),
    (
        "{status: 404, during: [get, delete], means: absent}",
        "{status: 410, means: absent}\n  - {status: 401, code: gone, means: absent}",
        [],
    ),
]
FIELDS = [
    (
        "scopes: {codec: set, ",
        "scopes: {codec: ▸string, ",
        ["fields.scopes.codec: must be `set`, which scopes always is"],
    ),
    (
        "enabled: {codec: bool, ",
        "enabled: {codec: bool, create: ▸data.on, update: ▸data.on, ",
        [
            (
                f"fields.enabled.{part}: has no effect: `operations.enable` and"
                " `operations.disable` switch keys"
            )
            for part in ("create", "update")
        ],
    ),
    (
        '  update: {method: PATCH, path: "/{account}/keys/{id}"}\n',
        "",
        [
            (
                "fields.scopes.update: is never sent: there is neither `operations.update` nor an"
                " `update_by`"
            )
        ],
    ),
    ("update: data.scopes", 'update: scopes, update_by: {method: PUT, path: "/x/{id}"}', []),
    (
        "scopes: {codec: set, read: scopes, create: data.scopes, ",
        "▸scopes: {codec: set, read: scopes, ",
        ["fields.scopes.create: is missing: only what a creation takes can be declared"],
    ),
    (
        "scopes: {codec: set, read: scopes, create: data.scopes, update: data.scopes}",
        "▸scopes: {codec: set}",
        ["fields.scopes.read: is missing: the field is neither read nor written"],
    ),
    (
        "scopes: {codec: set, read: scopes, create: data.scopes, update: data.scopes}",
        "▸scopes: {codec: set, read: scopes, required: so}",
        ["fields.scopes.create: is missing: only what a creation takes can be declared"],
    ),
    (
        "shortest: 60, longest: 7776000",
        "shortest: ▸60, longest: 59",
        ["fields.expires_at.shortest: cannot be more than `longest`"],
    ),
    (
        "refuses: {rate_limit: there is none}",
        "refuses: {rate_limit: none, scopes: ▸none, enabled: ▸none}",
        [
            "refuses.scopes: cannot be refused: `fields` has it",
            "refuses.enabled: cannot be refused: `fields` has it",
        ],
    ),
    (
        MARKER,
        "▸marker: {kind: tag, create: tags}",
        ["marker.read: is missing: a mark that is a tag has a field of its own"],
    ),
    (
        MARKER,
        "▸marker: {kind: text, read: note}",
        ["marker.create: is missing: a mark that is a text has a field of its own"],
    ),
    (
        MARKER,
        "marker: {kind: name, read: ▸note}",
        ["marker.read: is only for a mark in a field of its own"],
    ),
    (
        f"name_limit: 40\n{MARKER}",
        "name_limit: ▸19\nmarker: {kind: name}",
        ["name_limit: must be at least 20: a shorter name has no room for the mark"],
    ),
    (
        f"{MARKER}\nfields:\n{NAME}",
        "marker: {kind: name}\n▸fields:\n",
        ["fields.name: is missing: it carries the mark"],
    ),
    (
        f"{MARKER}\nfields:\n{NAME}",
        "marker: {kind: name}\nfields:\n  ▸name: {codec: string, create: data.name}\n",
        ["fields.name.read: is missing: the mark in a name has to be read again"],
    ),
    (
        NAME,
        "  ▸name: {codec: string, read: name}\n",
        ["fields.name.create: is missing: a key gets its name when it is created"],
    ),
]
EFFECTS = [
    (
        DEPLOY,
        "",
        ["deploy: is missing: changes count `on_deploy`"],
    ),
    (
        "effective: on_deploy",
        "effective: ▸immediately",
        ["effective: must be `on_deploy`, since there is a `deploy`"],
    ),
    (
        "failed: [broken]",
        "failed: [broken, ▸live]\n    idle: [new, ▸broken]",
        [
            "deploy.state.failed[1]: 'live' is deploy.state.running[0] already",
            "deploy.state.idle[1]: 'broken' is deploy.state.failed[0] already",
        ],
    ),
    (
        "equals: account}",
        "equals: ▸acount}",
        [("tenant.told.equals: 'acount' is no variable of the tenant; did you mean 'account'?")],
    ),
    (
        "told: {row: account_id, equals: account}",
        "told: ▸{equals: account}",
        ["tenant.told: tells nothing: it needs `claim`, `login`, `row` or `call`"],
    ),
    (
        "    region: ",
        "    id: ▸{say: x, default: y}\n    project: ▸{say: x, default: y}\n    region: ",
        [
            f"tenant.variables.{name}: is a name that Keywright fills in itself; rename it"
            for name in ("id", "project")
        ],
    ),
    (
        "region: {say: where it is, optional: true}",
        "region: {say: where it is, default: ▸''}\n    zone: {say: which, default: ▸'..'}",
        [
            (
                f"tenant.variables.{name}.default: must be one line of at most 500 characters, and"
                " not empty"
            )
            for name in ("region", "zone")
        ],
    ),
    (
        "  create: {method: POST, path: /upstreams}\n",
        "",
        ["gateway.fields.url.create: is never sent: there is no `gateway.create`"],
    ),
]

CASES = [*ACCESS, *OPERATIONS, *FIELDS, *EFFECTS]


@pytest.mark.parametrize(("before", "after", "sentences"), CASES)
def test_checks(before: str, after: str, sentences: list[str]) -> None:
    told, wanted = expected(before, after, sentences)
    assert told == wanted
