"""Decides whether to repeat a request, and after how long.

Every request of this API may be repeated: a generation has an Idempotency-Key (C2.7), a cancelled job stays cancelled, and receivers
of webhooks accept a repeated delivery.
"""
from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Callable, Optional, TypeVar

from .errors import (
    APIError, GenerationServiceError, RateLimitError, RequestInProgressError, ServerError, TransportError, UnavailableError,
)

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """`attempts` is the total per call. Waits double from `base_seconds` to `cap_seconds`, minus a random part of up to a half. The
    service's Retry-After has precedence; if it is over `retry_after_limit_seconds` the call fails at once and has it in
    `retry_after`. No wait extends beyond `deadline_seconds` from the call's beginning."""

    attempts: int = 6
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    retry_after_limit_seconds: float = 120.0
    deadline_seconds: float = 600.0

    def wait(self, error: GenerationServiceError, failures: int, elapsed: float, chance: float) -> Optional[float]:
        """Seconds until the next attempt after this many failures; None if that is too late. `chance` is from 0 to 1."""
        asked = error.retry_after if isinstance(error, APIError) else None
        if asked is not None and asked > self.retry_after_limit_seconds:
            return None
        doubled = min(self.cap_seconds, self.base_seconds * 2.0 ** min(failures - 1, 60))
        # A random addition, so that clients with the same Retry-After do not return at the same moment.
        wait = doubled * (1 - chance / 2) if asked is None else asked + self.base_seconds * chance
        return wait if elapsed + wait < self.deadline_seconds else None


def is_passing(error: GenerationServiceError, method: str) -> bool:
    """True if the same request may succeed later, and may be repeated."""
    if isinstance(error, TransportError):
        return not error.is_final
    if isinstance(error, (RateLimitError, UnavailableError, RequestInProgressError)):
        return True
    # From a proxy; or, on a POST, the service's report that OpenAI failed: the caller decides whether to pay
    # again.
    return isinstance(error, ServerError) and error.status in (502, 504) and method == "GET"


@dataclass(frozen=True)
class Waiting:
    """Time and randomness, replaceable by tests."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Retries:
    """Makes attempts until one succeeds or the policy ends them."""

    def __init__(self, policy: RetryPolicy, waiting: Waiting) -> None:
        self.policy = policy
        self.waiting = waiting

    def run(self, method: str, attempt: Callable[[float], T]) -> T:
        """`attempt` gets the remaining seconds."""
        trials = self.begin(method)
        while True:
            try:
                return attempt(trials.seconds_left)
            except GenerationServiceError as error:
                if not trials.goes_on_after(error):
                    raise

    def begin(self, method: str) -> Trials:
        return Trials(self.policy, self.waiting, method)


class Trials:
    """The attempts of one call."""

    def __init__(self, policy: RetryPolicy, waiting: Waiting, method: str) -> None:
        self._policy = policy
        self._waiting = waiting
        self._method = method
        self._started = waiting.clock()
        self._failures = 0
        self._counted = 0
        self._has_lost_reply = False

    @property
    def seconds_left(self) -> float:
        return self._policy.deadline_seconds - (self._waiting.clock() - self._started)

    def goes_on_after(self, error: GenerationServiceError) -> bool:
        """Waits before another attempt; false if `error` is final."""
        if isinstance(error, APIError):
            error.after_lost_reply = self._has_lost_reply
        self._has_lost_reply = self._has_lost_reply or isinstance(error, TransportError)
        self._failures += 1
        # The first request with our key runs for up to 300 s: waiting for it is no failure, and only the
        # deadline bounds it.
        self._counted += 0 if isinstance(error, RequestInProgressError) else 1
        if not is_passing(error, self._method) or self._counted >= self._policy.attempts:
            return False
        elapsed = self._waiting.clock() - self._started
        wait = self._policy.wait(error, self._failures, elapsed, self._waiting.chance())
        if wait is None:
            return False
        self._waiting.sleep(wait)
        return True
