"""Requests that failed, and trying them again."""

import random
import time
from typing import Callable

from centernet_tf.errors import UserError

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10.0


class RequestFailed(UserError):
    """A request that was not answered.

    Attributes:
      retry: whether the same request may succeed later.
      wait: seconds that the server asks to wait, 0 where it does not say.
    """

    def __init__(self, sentence: str, retry: bool, wait: float = 0.0):
        super().__init__(sentence)
        self.retry, self.wait = retry, wait


def with_retries(
    request: Callable,
    attempts: int,
    on_retry: Callable[[], None] = lambda: None,
    pause: Callable[[float], bool] = time.sleep,
):
    """Returns what `request()` returns, trying again after waits that double.

    A random part keeps clients that failed together from coming back together.

    Args:
      request: raises `RequestFailed`.
      attempts: at least 1.
      on_retry: called before each attempt but the first.
      pause: waits for so many seconds; says whether trying shall end.

    Raises:
      RequestFailed: the last attempt failed, or one that is not worth repeating.
    """
    wait = FIRST_WAIT_SECONDS
    for attempt in range(attempts):
        try:
            return request()
        except RequestFailed as fault:
            if not fault.retry or attempt == attempts - 1:
                raise
            if pause(max(fault.wait, wait * random.uniform(0.5, 1.0))):
                raise
            wait = min(2.0 * wait, LONGEST_WAIT_SECONDS)
            on_retry()
    raise ValueError("attempts must be at least 1")
