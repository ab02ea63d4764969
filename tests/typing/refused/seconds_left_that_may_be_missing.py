from oauth_cc.events import RenewalFailed


def expires_at(event: RenewalFailed, now: float) -> float:
    return now + event.seconds_left  # refused
