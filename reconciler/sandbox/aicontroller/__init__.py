"""AI Controller's key API as far as it is documented, and our own convention where it is not.

Documented: the log-in's body, the two cookies, the envelope, SHA512 hashes, keys with an owner, a
provider and a mandatory expiry date, soft deletion, instant expiration, that rate limits exist,
and providers with a key that is kept encrypted. Ours: every path, paging, ids, that an expiry ends
with its day in UTC, 403 for the keys of others, unique names of providers, and every number.

It must not share code with the driver that speaks to it, nor with another system's package.
"""
