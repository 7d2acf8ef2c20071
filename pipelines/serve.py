r"""Serves an exported SavedModel for development: REST, gRPC, and a page to drop images on.

    python -m pipelines.serve --model=runs/bccd/serving
    python -m pipelines.client --server=localhost:8501 --model=serving --images=photos \
        --output_dir=found

Speaks TensorFlow Serving's own protocols, so that clients need no change later; in production use
TensorFlow Serving itself, as deploy/ beside the versions says. --model is the folder of the
versions: a new one takes over as soon as it is there. SIGTERM and Ctrl-C let running requests
finish.
"""

import dataclasses

from absl import flags

from centernet_tf import cli
from centernet_tf.serving.options import DEFAULT_OPTIONS, ServingOptions

flags.DEFINE_string("model", None, "Folder of the versions of a SavedModel.")
flags.DEFINE_string(
    "model_name", "", "Name of the model; without it, that in deploy/, or the folder's."
)
flags.DEFINE_string("host", DEFAULT_OPTIONS.host, "Address to listen at; 0.0.0.0 is all of them.")
flags.DEFINE_integer("rest_port", DEFAULT_OPTIONS.rest_port, "Port of REST; 0 takes a free one.")
flags.DEFINE_integer(
    "grpc_port", DEFAULT_OPTIONS.grpc_port, "Port of gRPC; 0 takes a free one, -1 leaves it out."
)
flags.DEFINE_integer(
    "max_batch_size", DEFAULT_OPTIONS.max_batch_size, "Images that run at once.", lower_bound=1
)
flags.DEFINE_float(
    "batch_timeout_ms",
    DEFAULT_OPTIONS.batch_timeout_ms,
    "How long an idle server waits, at most, for as many images as it last had at once.",
    lower_bound=0,
)
flags.DEFINE_integer(
    "max_queue", DEFAULT_OPTIONS.max_queue, "Requests that may wait; more get 503.", lower_bound=1
)
flags.DEFINE_float(
    "request_timeout", DEFAULT_OPTIONS.request_timeout, "Seconds to an answer, else 504."
)
flags.DEFINE_float(
    "read_timeout", DEFAULT_OPTIONS.read_timeout, "Seconds to send a request, else 408."
)
flags.DEFINE_float("idle_timeout", DEFAULT_OPTIONS.idle_timeout, "Seconds between two requests.")
flags.DEFINE_float("max_body_mb", DEFAULT_OPTIONS.max_body_mb, "Larger bodies get 413.")
flags.DEFINE_float(
    "max_pending_mb", DEFAULT_OPTIONS.max_pending_mb, "Memory of all requests; more get 503."
)
flags.DEFINE_integer(
    "max_connections", DEFAULT_OPTIONS.max_connections, "More get 503.", lower_bound=1
)
flags.DEFINE_float("poll_seconds", DEFAULT_OPTIONS.poll_seconds, "Between looks for new versions.")
flags.DEFINE_float(
    "drain_seconds", DEFAULT_OPTIONS.drain_seconds, "For running requests after SIGTERM."
)


def main(_):
    from centernet_tf.export.deploy_folder import served_name
    from centernet_tf.serving.server import serve_until_stopped

    values = flags.FLAGS
    names = [field.name for field in dataclasses.fields(ServingOptions)]
    options = ServingOptions(**{name: values[name].value for name in names})
    name = served_name(values.model, values.model_name)
    return serve_until_stopped(name, values.model, options)


if __name__ == "__main__":
    cli.run(main, required=["model"], existing=["model"])
