from oauth_cc.events import RenewalFailed


def ends_at(event: RenewalFailed, now: float) -> float:
    return now + event.seconds_left  # refused
