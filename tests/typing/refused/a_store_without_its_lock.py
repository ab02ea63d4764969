from oauth_cc import Token
from oauth_cc.stores import Store


class Mine:
    def load(self, key: str) -> Token | None:
        return None

    def save(self, key: str, token: Token) -> None:
        pass

    def discard(self, key: str, token: Token) -> None:
        pass


store: Store = Mine()  # refused
