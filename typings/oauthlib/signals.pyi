from typing import TypeVar

_Receiver = TypeVar("_Receiver")

# The common part of blinker's signal and its substitute.
class _Signal:
    name: str
    def send(self, *args: object, **kwargs: object) -> object: ...
    def connect(self, receiver: _Receiver, sender: object = ..., weak: bool = True) -> _Receiver: ...
    def disconnect(self, receiver: object, sender: object = ...) -> None: ...

signals_available: bool
scope_changed: _Signal
