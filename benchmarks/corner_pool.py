"""Corner pooling against the 3x3 max-pool of the same map.

python -m benchmarks.corner_pool --json=corner_pool.json
python -m benchmarks.corner_pool --method=doubling --xla --gradient
"""

import tensorflow as tf
from absl import flags

from benchmarks import report
from centernet_tf import cli
from centernet_tf.ops.corner_pool import corner_pool

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_SIZE = flags.DEFINE_integer("size", 128, "Side of the square map in cells.")
_CHANNELS = flags.DEFINE_integer("channels", 256, "Channels of the map.")
_BATCH = flags.DEFINE_integer("batch", 1, "Batch size.")
_METHOD = flags.DEFINE_enum("method", "running", ["running", "doubling"], "See corner_pool.")
_GRADIENT = flags.DEFINE_bool("gradient", False, "Time forward and gradient together.")
_XLA = flags.DEFINE_bool(
    "xla", False, "Compile with XLA; the gradient of 'running' then takes minutes on large maps."
)
_REPEATS = flags.DEFINE_integer("repeats", 50, "Timed calls of each.")
_DIRECTIONS = ("top", "bottom", "left", "right")


def _max_pool(maps):
    return tf.nn.max_pool2d(maps, 3, strides=1, padding="SAME")


def _with_gradient(pool):
    def run(maps):
        with tf.GradientTape() as tape:
            tape.watch(maps)
            total = tf.reduce_sum(pool(maps) ** 2)
        return tape.gradient(total, maps)

    return run


def _timed(pool, maps):
    run = tf.function(_with_gradient(pool) if _GRADIENT.value else pool, jit_compile=_XLA.value)
    return lambda: run(maps).numpy()


def main(_):
    shape = [_BATCH.value, _SIZE.value, _SIZE.value, _CHANNELS.value]
    maps = tf.random.stateless_normal(shape, (1, 2))
    pools = {"max_pool 3x3": _max_pool}
    for direction in _DIRECTIONS:
        pools[direction] = lambda maps, direction=direction: corner_pool(
            maps, direction, _METHOD.value
        )
    rows = report.measure(
        {name: _timed(pool, maps) for name, pool in pools.items()}, _REPEATS.value
    )
    ratios = {
        f"{direction}/max_pool": report.ratio(rows[direction], rows["max_pool 3x3"])
        for direction in _DIRECTIONS
    }
    report.print_table(list(rows.values()), ratios, _BATCH.value)
    if _JSON.value:
        report.write_json(_JSON.value, list(rows.values()), ratios)


if __name__ == "__main__":
    cli.run(main)
