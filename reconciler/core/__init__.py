"""THINKING. Pure decisions: values in, values out.

No clock, files, network, randomness or logging here; time and ids come in as arguments. Inside the
room imports point down: guard → plan → diff, recover → ownership, checks, capabilities →
desired, observed, recorded → keys, secret.
"""
