"""The built-in key of the root account: the way in, for whoever has no key yet.

Its secret is kept in the settings, so that it is the same after every reset and every restart.
"""

from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.itellico.accounts import ROOT, insert_account
from reconciler.sandbox.itellico.keys import change_key, find_by_secret, insert_key, issue_secret
from reconciler.sandbox.parts import Parts

LABEL = "Sandbox management key"


def read_management_key(parts: Parts) -> str:
    """Give the secret of the built-in key."""
    return parts.database.setting("itellico_management_key", issue_secret)


def keep_management_key(parts: Parts) -> None:
    """Make sure that the root account is there, and its built-in key accepted, whatever befell it.

    Whoever manages keys can revoke or delete this one too; it comes back with the next opening of
    the sandbox or the next reset.
    """
    secret, now = read_management_key(parts), store_instant(parts.clock.now())
    with parts.database.read() as db:
        found = find_by_secret(db, secret, now)
    if found and found["status"] == "active":
        return
    with parts.database.write() as db:
        insert_account(db, ROOT, "Sandbox", None, now)
        found = find_by_secret(db, secret, now)
        if found is None:
            insert_key(db, ROOT, {"label": LABEL, "expires_at": None}, secret, now)
        else:
            change_key(db, found["id"], {"revoked_at": None, "expires_at": None}, now)
