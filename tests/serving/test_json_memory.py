"""The bound holds for whatever a body is made of."""

import tracemalloc

import pytest

from centernet_tf.serving import tensor_json
from centernet_tf.serving.faults import BadRequest
from centernet_tf.serving.json_memory import parsed_bytes
from tests.serving.test_tensor_json import PIXELS, STRING, TWO
from tests.serving.toy_model import row_request

ROWS = (
    *("[]", "[[]]", "[1]", "[1.5]", "[1,2,3]", "1", "1000", "1.5"),
    *('"aa"', '[""]', "{}", '{"a":1}', '{"b64":"aa"}', '{"a":{"b":1}}', '{"a":1.5,"b":"aa"}'),
)


def peak_bytes(body, wanted):
    tracemalloc.start()
    try:
        tensor_json.decode_inputs(tensor_json.parse_request(body), wanted)
    except BadRequest:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("row", ROWS)
def test_no_row_takes_more_than_the_bound(row):
    body = b'{"instances":[%s]}' % ",".join([row] * 5000).encode()
    for wanted in (PIXELS, STRING, TWO, {"a": TWO["a"]}):
        assert peak_bytes(body, wanted) <= parsed_bytes(body) + len(body)


def test_neither_do_names_nor_wide_strings():
    names = b'{"inputs":{%s}}' % ",".join(f'"{i:x}":1' for i in range(5000)).encode()
    wide = b'{"instances":["%s\\ud83d\\ude00"]}' % (b"a" * 50_000)
    for body in (names, wide):
        assert peak_bytes(body, STRING) <= parsed_bytes(body) + len(body)


def test_encoded_images_count_as_their_text():
    body = row_request(bytes(100_000))
    assert peak_bytes(body, STRING) <= parsed_bytes(body) + len(body) <= 3.1 * len(body)


@pytest.mark.parametrize("piece", [b"YWJj", b"YW Jj ", b"Y ", b"YWJjYWJj\\n"])
def test_wrapped_base64_counts_as_its_text(piece):
    body = b'{"instances":[{"b64":"%sYQ"}]}' % (piece * 50_000)
    assert peak_bytes(body, STRING) <= parsed_bytes(body) + len(body)
