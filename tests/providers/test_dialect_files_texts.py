"""The {names} and the bodies of a dialect file that do not come together, told at their place."""

import pytest

from tests.providers.own_dialects import expected

GET = '  get: {method: GET, path: "/{account}/keys/{id}"}\n'

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
MORE_TEXTS = [
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

CASES = [*TEXTS, *MORE_TEXTS, *BODIES]


@pytest.mark.parametrize(("before", "after", "sentences"), CASES)
def test_checks(before: str, after: str, sentences: list[str]) -> None:
    told, wanted = expected(before, after, sentences)
    assert told == wanted
