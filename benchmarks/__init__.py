"""Benchmarks, one program a question; run as `python -m benchmarks.NAME`."""

from centernet_tf.quiet import silence_dependencies

silence_dependencies()
