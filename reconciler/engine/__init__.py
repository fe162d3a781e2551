"""DOING. Observes, walks plans, and leads each secret from the API's answer into a store.

Nothing is decided in here: what to do comes from `core`, how from `interfaces`.
"""
