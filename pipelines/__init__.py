"""Programs of the pipeline, one a step; run as `python -m pipelines.NAME`."""

from centernet_tf.quiet import silence_dependencies

silence_dependencies()
