from collections.abc import Sequence

class AuthorizationServerMetadata(dict[str, object]):
    def validate(self, metadata_classes: Sequence[type] | None = None) -> None: ...
