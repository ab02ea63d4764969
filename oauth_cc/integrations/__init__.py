"""
Tokens for programs that are not an HTTP client: Kafka, gRPC, mail, generated API clients, and the standard library.

Each module is named after the library that it is for.
"""

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__
