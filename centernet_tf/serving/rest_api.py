"""TensorFlow Serving's REST API, without the transport: a method, a path and a body in, an answer
out.

    GET  /v1/models/NAME[/versions/N]             state of the versions
    GET  /v1/models/NAME[/versions/N]/metadata    signatures
    POST /v1/models/NAME[/versions/N]:predict     detections
    GET  /metrics, /monitoring/prometheus/metrics counters for Prometheus
    GET  /                                        a page to drop an image on
    POST /detect                                  what that page asks for

HEAD is answered as GET; the transport leaves the body out.
"""

import json
import re
import time
from typing import NamedTuple, Optional

from google.protobuf.json_format import MessageToDict

from centernet_tf.export.version_folder import LARGEST_VERSION
from centernet_tf.serving import drop_page, metrics, tensor_json
from centernet_tf.serving.faults import BadRequest, NotFound, ServingFault, WrongVerb
from centernet_tf.serving.json_memory import parsed_bytes

_MODEL_PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[^/:]+)|/labels/(?P<label>[^/:]+))?"
    r"(?P<rest>/metadata|:\w+)?"
)
_JSON = "application/json"


class Answer(NamedTuple):
    """What goes back.

    Attributes:
      status: of HTTP.
      content_type, body: the document.
      method: the kind of request for the counters.
      retry: whether the same request may succeed later.
      allowed: the verbs that the path takes where another came, else ''.
    """

    status: int
    content_type: str
    body: bytes
    method: str = "other"
    retry: bool = False
    allowed: str = ""


class RestApi:
    """Answers requests for one model.

    Args:
      model: `ServedModel`.
      options: `ServingOptions`.
      counters: `ServingMetrics`.
      budget: `MemoryBudget`, of which the bodies hold their sizes already.
    """

    def __init__(self, model, options, counters, budget):
        self._model, self._options = model, options
        self._counters, self._budget = counters, budget

    def answer(self, verb: str, path: str, body: bytes) -> Answer:
        """Answers one request and counts it; faults become answers too."""
        started = time.monotonic()
        method = method_of(path)
        try:
            content_type, body = self._route(verb, path.split("?")[0], body)
            answer = Answer(200, content_type, body, method)
            if method == "predict":
                self._counters.predicted(time.monotonic() - started)
        except ServingFault as fault:
            answer = fault_answer(fault, method)
        self.count(answer)
        return answer

    def count(self, answer: Answer) -> None:
        """Counts an answer."""
        self._counters.request("rest", answer.method, str(answer.status))

    def _route(self, verb: str, path: str, body: bytes):
        wanted, answer = self._resource(path, body)
        if verb != wanted and (verb, wanted) != ("HEAD", "GET"):
            allowed = "GET, HEAD" if wanted == "GET" else wanted
            raise WrongVerb(f"{path} takes {wanted}; got {verb}.", allowed)
        return answer()

    def _resource(self, path: str, body: bytes):
        """Returns the verb that a path takes, and what answers: f() -> (content type, body)."""
        match = _MODEL_PATH.fullmatch(path)
        if match:
            return self._model_resource(match, body)
        if path == "/detect":
            return "POST", lambda: (_JSON, drop_page.detect(self._model, body, self._deadline()))
        if path == "/":
            return "GET", lambda: ("text/html; charset=utf-8", drop_page.page(self._model.name))
        if path in ("/metrics", "/monitoring/prometheus/metrics"):
            return "GET", lambda: (metrics.CONTENT_TYPE, self._counts())
        raise NotFound(
            f"There is nothing at {path}; the model is at /v1/models/{self._model.name}."
        )

    def _model_resource(self, match, body: bytes):
        number = self._version(match)
        rest = match["rest"] or ""
        if rest.startswith(":"):
            return "POST", lambda: (_JSON, self._predict(rest, number, body))
        state = self._metadata if rest else self._state
        return "GET", lambda: (_JSON, _dump(state(number)))

    def _counts(self) -> bytes:
        served = [each.number for each in self._model.statuses() if each.state == "AVAILABLE"]
        return self._counters.text(self._model.waiting, served).encode()

    def _predict(self, asked: str, number: Optional[int], body: bytes) -> bytes:
        if asked != ":predict":
            raise BadRequest(f"The model answers :predict; got {asked}.")
        with self._budget.room(parsed_bytes(body), held=len(body)):
            return self._predict_parsed(number, tensor_json.parse_request(body))

    def _predict_parsed(self, number, document: dict) -> bytes:
        def inputs(version, signature):
            return tensor_json.decode_inputs(document, version.inputs_of(signature))

        signature = document.get("signature_name", "")
        outputs, _ = self._model.predict(signature, inputs, number, self._deadline())
        return tensor_json.encode_outputs(document, outputs)

    def _state(self, number) -> dict:
        return {
            "model_version_status": [
                {
                    "version": str(status.number),
                    "state": status.state,
                    "status": {
                        "error_code": "UNKNOWN" if status.fault else "OK",
                        "error_message": status.fault,
                    },
                }
                for status in self._model.statuses(number)
            ]
        }

    def _metadata(self, number) -> dict:
        version = self._model.current(number)
        signatures = {
            name: MessageToDict(
                proto, preserving_proto_field_name=True, including_default_value_fields=True
            )
            for name, proto in version.signature_defs.items()
        }
        spec = {"name": self._model.name, "signature_name": "", "version": str(version.number)}
        return {
            "model_spec": spec,
            "metadata": {"signature_def": {"signature_def": signatures}},
        }

    def _version(self, match) -> Optional[int]:
        if match["name"] != self._model.name:
            raise NotFound(f"There is no model '{match['name']}'; '{self._model.name}' is served.")
        if match["label"]:
            raise BadRequest(f"Versions have no labels here; got '{match['label']}'.")
        text = match["version"]
        if text is None:
            return None
        if not text.isdecimal():
            raise BadRequest(f"A version is a number; got '{text}'.")
        # Python refuses to read thousands of digits.
        if len(text) > len(str(LARGEST_VERSION)) or int(text) > LARGEST_VERSION:
            raise BadRequest(f"A version is at most {LARGEST_VERSION}; got '{text[:40]}'.")
        return int(text)

    def _deadline(self) -> float:
        return time.monotonic() + self._options.request_timeout


def method_of(path: str) -> str:
    """Returns the kind of request for the counters; paths themselves are anyone's choice."""
    path = path.split("?")[0]
    if path.endswith(":predict") or path == "/detect":
        return "predict"
    if path.startswith("/v1/models/"):
        return "metadata" if path.endswith("/metadata") else "status"
    return "other"


def fault_answer(fault: ServingFault, method: str = "other") -> Answer:
    """Returns a fault as TensorFlow Serving words it: an object with `error`."""
    body = _dump({"error": fault.sentence})
    return Answer(fault.status, _JSON, body, method, fault.retry, fault.allowed)


def _dump(document) -> bytes:
    return (json.dumps(document, indent=1) + "\n").encode()
