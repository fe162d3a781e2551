"""Keywright: the declarative reconciler for API keys.

The rooms of this package, and the order in which they may import each other, are drawn in
CONTRIBUTING.md and enforced by tests/architecture.
"""

__version__ = "0.1.0"
