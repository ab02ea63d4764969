class _Signal:
    name: str
    def send(self, *args: object, **kwargs: object) -> object: ...

signals_available: bool
scope_changed: _Signal
