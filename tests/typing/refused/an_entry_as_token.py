from oauth_cc import HttpRequest, authorize
from oauth_cc.stores.file import Entry


def call(entry: Entry) -> HttpRequest:
    return authorize(HttpRequest("GET", "https://api.example/"), entry)  # refused
