"""
A request that is repeated while its server fails, for documents and assertions.
"""

from oauth_cc.flows.effects import Failed, Flow, Received, send
from oauth_cc.flows.exchange import Retries, wait_to_retry
from oauth_cc.http import RETRYABLE, HttpRequest, retry_after


def ask(request: HttpRequest, retries: Retries, note: str) -> Flow[Received]:
    """
    Return the flow that sends *request* until a response arrives that is not worth a retry, or until the last one.

    Args:
        request: The request.
        retries: How often and after which pauses a failed attempt is repeated.
        note: What is added to the error if no response arrives.
    """
    attempt = 0
    while True:
        attempt += 1
        sent = yield from send(request)
        if isinstance(sent, Failed):
            retryable, wait = sent.retryable, None
        else:
            retryable, wait = sent.response.status in RETRYABLE, retry_after(sent.response, sent.received_at)
        if retryable and (yield from wait_to_retry(retries, attempt, wait)):
            continue
        if isinstance(sent, Failed):
            sent.error.add_note(note)
            raise sent.error
        return sent
