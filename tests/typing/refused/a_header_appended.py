from oauth_cc import HttpRequest


def trace(request: HttpRequest) -> None:
    request.headers.append(("X-Trace", "1"))  # refused
