"""What a server answers when it cannot do what it was asked, in HTTP's codes and gRPC's."""


class ServingFault(Exception):
    """A request that is not served.

    Attributes:
      status: HTTP status.
      code: name of the `grpc.StatusCode`.
      sentence: for the person at the other end.
      retry: whether the same request may succeed later.
      allowed: the verbs that the path takes where that is the fault, else ''.
    """

    status, code, retry, allowed = 500, "INTERNAL", False, ""

    def __init__(self, sentence: str):
        super().__init__(sentence)
        self.sentence = sentence


class BadRequest(ServingFault):
    """The request says something that no server could do."""

    status, code = 400, "INVALID_ARGUMENT"


class NotFound(ServingFault):
    """There is no such model, version or page."""

    status, code = 404, "NOT_FOUND"


class WrongVerb(ServingFault):
    """The path does not take this verb of HTTP.

    Attributes:
      allowed: those that it takes, as the header `Allow` lists them.
    """

    status, code = 405, "UNIMPLEMENTED"

    def __init__(self, sentence: str, allowed: str):
        super().__init__(sentence)
        self.allowed = allowed


class NotOffered(ServingFault):
    """The protocol has such a method; this server has not."""

    status, code = 501, "UNIMPLEMENTED"


class SlowClient(ServingFault):
    """The request did not arrive in time."""

    status, code = 408, "DEADLINE_EXCEEDED"


class LengthRequired(ServingFault):
    """The body comes without a length that could be checked."""

    status, code = 411, "INVALID_ARGUMENT"


class TooLarge(ServingFault):
    """The body is larger than the server takes."""

    # Not RESOURCE_EXHAUSTED, which may be over after a while.
    status, code = 413, "INVALID_ARGUMENT"


class Busy(ServingFault):
    """The server has too much to do, or is about to stop."""

    status, code, retry = 503, "UNAVAILABLE", True


class TooLate(ServingFault):
    """The answer did not come in time."""

    status, code = 504, "DEADLINE_EXCEEDED"
