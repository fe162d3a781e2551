"""Parts of a dialect file that do not fit each other, each told where it is to be mended."""

import pytest

from tests.providers.own_dialects import OWN, expected, problems_of

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
        ["auth[0].token: is missing: say where the token is, or name `cookies`"],
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
TEXTS = [
    (
        "path: /login/{account}",
        "path: ▸/login/{acount}",
        [("auth[0].path: {acount} is not filled in here; did you mean 'account'?")],
    ),
    (
        'X-Account: "{account}"',
        'X-Account: ▸"{id}"',
        [
            "headers.X-Account: {id} is not filled in here (there is: account, region)",
        ],
    ),
    (
        "path: /renew",
        "path: ▸'/{region}', body: {a: [x, ▸'{op}']}",
        [
            (
                "auth[0].renew.path: {region} may be missing: give the variable a default, or make"
                " it mandatory"
            ),
            ("auth[0].renew.body.a[1]: {op} is not filled in here (there is: account, region)"),
        ],
    ),
    (
        "body: {deleted: true}",
        "body: {deleted: true, since: ▸'{id}'}\n    query: {a: ▸'{project}', b: 1, c: '{now}'}",
        [
            (
                f"operations.list.{place}: {{{name}}} is not filled in here"
                " (there is: account, now, region, yesterday)"
            )
            for place, name in (("body.since", "id"), ("query.a", "project"))
        ],
    ),
    (
        'since: "{now}"',
        "since: ▸'{project} {op} {op_uuid} {yesterday}'",
        [
            (
                "operations.create.body.data.since: {project} is not filled in here"
                " (there is: account, now, op, op_uuid, region, yesterday)"
            )
        ],
    ),
    (
        GET,
        '  get: {method: GET, path: ▸"/{account}/keys", query: {k: "{account}"}}\n',
        [
            (
                "operations.get.path: does not say which key: put {id} into it, or into `query` or"
                " `body`"
            )
        ],
    ),
    (GET, '  get: {method: GET, path: "/{account}/keys", query: {k: "{id}"}}\n', []),
    (GET, '  get: {method: POST, path: /keys, body: {k: ["{id}"]}}\n', []),
    (
        'update_by: {method: PUT, path: "/{account}/keys/{id}/tier"}',
        "update_by: {method: PUT, path: ▸/tier}",
        [
            (
                "fields.options.tier.update_by.path: does not say which key: put {id} into it, or"
                " into `query` or `body`"
            )
        ],
    ),
    (
        'path: "/projects/{project}/deploys"',
        "path: ▸/deploys",
        [
            (
                "deploy.start.path: does not say which project: put {project} into it, or into"
                " `query` or `body`"
            )
        ],
    ),
    (
        "path: /projects/{project}\n",
        "path: ▸/projects/{id}\n",
        [
            (
                "deploy.state.path: {id} is not filled in here"
                " (there is: account, now, project, region, yesterday)"
            )
        ],
    ),
    (
        'path: "/upstreams/{id}"',
        "path: ▸/upstreams",
        [
            (
                "gateway.update.path: does not say which upstream: put {id} into it, or into"
                " `query` or `body`"
            )
        ],
    ),
    (
        'path: "/{account}/more"',
        'path: ▸"/{acc}/more"',
        ["reach.list.path: {acc} is not filled in here; did you mean 'account'?"],
    ),
    (
        "told: {row: account_id, equals: account}",
        "told: {call: {method: GET, path: ▸'/{id}'}, equals: account}",
        [
            (
                "tenant.told.call.path: {id} is not filled in here"
                " (there is: account, now, region, yesterday)"
            )
        ],
    ),
    (
        "region: {say: where it is, optional: true}",
        "region: {say: x, optional: true, default: eu}",
        [],
    ),
]
TEXTS += [
    (
        "body: {deleted: true}",
        "body: {deleted: true, r: '{region}'}\n    query: {r: '{region}'}",
        [],
    ),
    (
        "body: {deleted: true}",
        "body: {deleted: true, r: ▸'x-{region}', s: ▸'{a b}', t: [▸'}']}",
        [
            (
                "operations.list.body.r: {region} may be missing: give the variable a default, or"
                " make it mandatory"
            ),
            "operations.list.body.s: has a brace that belongs to no {name}",
            "operations.list.body.t[0]: has a brace that belongs to no {name}",
        ],
    ),
    (
        "  - {kind: bearer, credential: token}\n",
        "  - {kind: client_credentials, path: ▸'/{id}', scope: ▸'{now}'}\n",
        [
            f"auth[1].{place}: {{{name}}} is not filled in here (there is: account, region)"
            for place, name in (("path", "id"), ("scope", "now"))
        ],
    ),
]
BODIES = [
    (
        "create: data.scopes",
        "create: ▸data.name",
        ["fields.scopes.create: takes the place of fields.name.create in the same body"],
    ),
    (
        "create: data.scopes",
        "create: ▸data.name.scopes",
        ["fields.scopes.create: takes the place of fields.name.create in the same body"],
    ),
    (
        "create: data.scopes",
        "create: ▸data",
        [
            (
                "fields.scopes.create: takes the place of operations.create.body.data.kind in the"
                " same body"
            )
        ],
    ),
    (
        "create: data.note",
        "create: ▸data.kind",
        ["marker.create: takes the place of operations.create.body.data.kind in the same body"],
    ),
    (
        "    secret: secret.value\n",
        "    supplied: {path: ▸data.note}\n",
        ["operations.create.supplied.path: takes the place of marker.create in the same body"],
    ),
    (
        'body: {data: {kind: api, since: "{now}"}}',
        "body: ▸[a]",
        ["operations.create.body: must be a mapping: other parts go into it"],
    ),
    (
        'update: {method: PATCH, path: "/{account}/keys/{id}"}',
        'update: {method: PATCH, path: "/{account}/keys/{id}", body: {data: {scopes: []}}}',
        [
            (
                "fields.scopes.update: takes the place of operations.update.body.data.scopes in"
                " the same body"
            )
        ],
    ),
    (
        "update: data.scopes}",
        "update: data.scopes}\n  options.x: {codec: int, create: data.x, update: ▸data.scopes.x}",
        ["fields.options.x.update: takes the place of fields.scopes.update in the same body"],
    ),
    (
        'update_by: {method: PUT, path: "/{account}/keys/{id}/tier"}',
        'update_by: {method: PUT, path: "/{account}/keys/{id}/tier", body: {data: {tier: x}}}',
        [
            (
                "fields.options.tier.create: takes the place of"
                " fields.options.tier.update_by.body.data.tier in the same body"
            )
        ],
    ),
    (
        'update: {method: PATCH, path: "/{account}/keys/{id}"}',
        'update: {method: PATCH, path: "/{account}/keys/{id}", style: json_patch, body: [a]}',
        [],
    ),
    (
        "url: {codec: string, create: url}",
        "url: {codec: string, create: url, update: ▸secret}",
        ["gateway.fields.url.update: takes the place of gateway.secret in the same body"],
    ),
    (
        "body: {deleted: true}",
        "body: {page: {after: 1}}",
        [
            (
                "operations.list.paging.cursor: takes the place of operations.list.body.page.after"
                " in the same body"
            )
        ],
    ),
    (
        "url: {codec: string, create: url}",
        "url: {codec: string, create: ▸secret.url}",
        ["gateway.fields.url.create: takes the place of gateway.secret in the same body"],
    ),
    (
        "  secret: secret\n",
        "  secret: ▸name\n",
        ["gateway.secret: takes the place of gateway.create_name in the same body"],
    ),
    (
        "method: POST\n    path: /{account}/keys\n",
        "method: POST\n    encoding: form\n    path: /{account}/keys\n",
        [
            f"{place}: cannot have a dot: a form has no parts in parts"
            for place in (
                "marker.create",
                "fields.name.create",
                "fields.scopes.create",
                "fields.expires_at.create",
                "fields.options.tier.create",
            )
        ],
    ),
]

ALL = [*ACCESS, *OPERATIONS, *FIELDS, *EFFECTS, *TEXTS, *BODIES]
HERE = [case for case in ALL if case[1].count("▸") == len(case[2])]
ELSEWHERE = [case for case in ALL if case[1].count("▸") < len(case[2])]


@pytest.mark.parametrize(("before", "after", "sentences"), HERE)
def test_checks(before: str, after: str, sentences: list[str]) -> None:
    told, wanted = expected(before, after, sentences)
    assert told == wanted


@pytest.mark.parametrize(("before", "after", "sentences"), ELSEWHERE)
def test_checks_whose_problem_is_elsewhere(before: str, after: str, sentences: list[str]) -> None:
    assert OWN.count(before) == 1
    told = problems_of(OWN.replace(before, after))
    assert [problem.split(": ", 1)[1] for problem in told] == sentences
