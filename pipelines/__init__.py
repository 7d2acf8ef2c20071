"""Programs of the pipeline, one a step; run as `python -m pipelines.NAME`."""

import importlib.util
import sys

from centernet_tf.quiet import silence_dependencies

if importlib.util.find_spec("absl") is None:
    sys.exit(
        f"error: the packages that centernet_tf needs are not installed for {sys.executable}; "
        "run `make setup`, then `source .venv/bin/activate`."
    )
silence_dependencies()
