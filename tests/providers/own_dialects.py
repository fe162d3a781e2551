"""A dialect file as a user would write one, with every part, and changes of it."""

from reconciler.errors import DialectError
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect_files import parse_own_dialect
from tests.marked import read_marked

OWN = """\
dialect: mine
title: My own API
source: {reference: its documentation}
auth:
  - kind: login
    path: /login/{account}
    encoding: json
    send: {data.user: username, data.password: password}
    fixed: {data.type: password}
    cookies: [access, refresh]
    renew: {path: /renew, cookies: [refresh]}
  - {kind: bearer, credential: token}
headers: {X-Account: "{account}"}
tenant:
  variables:
    account: {say: the id of the account}
    region: {say: where it is, optional: true}
  told: {row: account_id, equals: account}
envelope: {data: data, ok: "code == `0`"}
errors:
  - {status: 404, during: [get, delete], means: absent}
operations:
  list:
    method: POST
    path: /{account}/keys/search
    body: {deleted: true}
    items: items
    rows: summary
    paging: {kind: cursor, cursor: page.after, place: body, next: page.next}
  get: {method: GET, path: "/{account}/keys/{id}"}
  create:
    method: POST
    path: /{account}/keys
    body: {data: {kind: api, since: "{now}"}}
    secret: secret.value
  update: {method: PATCH, path: "/{account}/keys/{id}"}
  enable: {method: POST, path: "/{account}/keys/{id}/on"}
  disable: {method: POST, path: "/{account}/keys/{id}/off"}
  delete: {method: DELETE, path: "/{account}/keys/{id}", soft: true}
  verify:
    {method: GET, path: /ping, at: key_url, accepted: [{status: 200}], rejected: [{status: 401}]}
identity: {id: id, status: state, statuses: {on: active, off: disabled, gone: dead}}
name_limit: 40
marker: {kind: text, read: note, create: data.note}
fields:
  name: {codec: string, read: name, create: data.name}
  enabled: {codec: bool, read: "state == 'on'"}
  scopes: {codec: set, read: scopes, create: data.scopes, update: data.scopes}
  expires_at: {codec: instant, read: ends, create: data.ends, shortest: 60, longest: 7776000}
  options.tier:
    codec: enum
    read: tier
    create: data.tier
    update_by: {method: PUT, path: "/{account}/keys/{id}/tier"}
    values: {small: S, large: L}
refuses: {rate_limit: there is none}
effective: on_deploy
toggle:
  read: all_on
  switch_on: {method: POST, path: "/{account}/on"}
  switch_off: {method: POST, path: "/{account}/off"}
deploy:
  projects: {method: GET, path: /projects, items: "@", paging: {kind: none}}
  project: id
  start: {method: POST, path: "/projects/{project}/deploys"}
  state:
    method: GET
    path: /projects/{project}
    stage: stage
    running: [live]
    failed: [broken]
    keys: keys
gateway:
  list: {method: GET, path: /upstreams, items: "@", paging: {kind: none}}
  id: id
  name: name
  create: {method: POST, path: /upstreams}
  update: {method: PATCH, path: "/upstreams/{id}"}
  secret: secret
  checked: false
  fields:
    url: {codec: string, create: url}
reach:
  list: {method: GET, path: "/{account}/more", items: "@", paging: {kind: none}}
  name: name
  say: it also reaches
"""


def parse(text: str) -> Dialect:
    """Read a text as a user's own dialect."""
    return parse_own_dialect(text, "mine.yaml", ("clouisle", "pinbridge"))


def problems_of(text: str) -> list[str]:
    """Give what is wrong with a text."""
    try:
        parse(text)
    except DialectError as error:
        return list(error.problems)
    return []


def changed(before: str, after: str) -> str:
    """Change one place of the good file."""
    assert OWN.count(before) == 1, before
    return OWN.replace(before, after)


def expected(before: str, after: str, sentences: list[str]) -> tuple[list[str], list[str]]:
    """Give what is wrong after a change, and what is expected at its triangles.

    Where it has none, the problem is somewhere else, and only what is said of it is compared.
    """
    text, wanted = changed(before, after), sentences
    if "▸" in after:
        text, wanted = read_marked(text, sentences, "mine.yaml")
        return problems_of(text), wanted
    return [problem.split(": ", 1)[1] for problem in problems_of(text)], wanted
