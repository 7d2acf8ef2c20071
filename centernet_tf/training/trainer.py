"""One training step on every replica, run by Keras's own `fit`."""

import keras
import tensorflow as tf

from centernet_tf.ops.weighted_rows import sparse_products
from centernet_tf.training.accumulation import sum_over_micro_batches
from centernet_tf.training.non_finite_loss import NOT_FINITE
from centernet_tf.training.optimizers import spared
from centernet_tf.training.timed_input import timed_train_function


class Trainer(keras.Model):
    """A network with its detector's loss.

    XLA compiles the forward pass, the loss and the gradients of one replica; summing over replicas
    and the optimizer stay outside, since variables of several devices cannot enter one XLA program.
    The normalisers of the loss are summed over replicas first, so that N replicas compute what one
    replica would on the same global batch (batch statistics apart). For the same reason the
    micro-batches of gradient accumulation add up to the loss and gradient of the whole batch.
    """

    def __init__(
        self,
        detector,
        network,
        optimizer_config,
        use_xla,
        accumulation_steps=1,
        average=None,
        compiled=True,
    ):
        """Takes what a step needs.

        Args:
          detector: a `PointDetector`.
          network: the model of its `build`.
          optimizer_config: an `OptimizerConfig`.
          use_xla: whether XLA compiles the gradient part.
          accumulation_steps: micro-batches that a replica's batch is split into.
          average: `AveragedWeights` to keep up, or None.
          compiled: False leaves the gradient part in the graph of the step, where synchronised
            batch normalisation can talk to the other replicas; not with XLA.
        """
        super().__init__(name="trainer")
        self.detector = detector
        self.network = network
        self.average = average
        self.accumulation_steps = accumulation_steps
        self.clip_norm = optimizer_config.clip_norm
        self.clip_value = optimizer_config.clip_value
        self.spared = spared(optimizer_config)
        self.l2 = optimizer_config.weight_decay if optimizer_config.name == "sgd" else 0.0
        self.means = {name: keras.metrics.Mean(name=name) for name in detector.loss_names}
        self.gradient_norm = keras.metrics.Mean(name="gradient_norm")
        jit_compile = True if use_xla else None
        self._sparse = not use_xla
        self.gradient_function = self.compute_gradients
        if compiled:
            self.gradient_function = tf.function(self.compute_gradients, jit_compile=jit_compile)
        self.complete_targets = tf.function(detector.complete_targets, jit_compile=jit_compile)

    def call(self, images, training=False):
        """Raw maps of normalised images [B, H, W, 3]."""
        return self.network(images, training=training)

    def compute_gradients(self, images, targets, normalizers, loss_scale):
        """Returns (losses, gradients of the loss times its scale) of a replica's part."""
        variables = self.network.trainable_variables

        def compute(part):
            with sparse_products(self._sparse), tf.GradientTape() as tape:
                outputs = self.network(part[0], training=True)
                losses = self.detector.loss(outputs, part[1], normalizers)
                scaled = losses["loss"] * loss_scale
            return losses, tape.gradient(scaled, variables, unconnected_gradients="zero")

        zeros = {name: tf.zeros([]) for name in self.detector.loss_names}
        zeros = zeros, [tf.zeros(variable.shape) for variable in variables]
        return sum_over_micro_batches(compute, (images, targets), self.accumulation_steps, zeros)

    def train_step(self, data):
        """One step; the metrics are means over the epoch so far, and the present learning rate."""
        images, targets = data
        targets = self.complete_targets(targets)
        replicas = tf.distribute.get_replica_context()
        normalizers = _sum_over(replicas, self.detector.normalizers(targets))
        losses, gradients = self.gradient_function(images, targets, normalizers, self._loss_scale())
        losses, gradients = _sum_over(replicas, losses), _sum_over(replicas, gradients)
        # Before the weights are touched, so that the last checkpoint and the run stay good.
        with tf.control_dependencies([self._check_finite(losses)]):
            gradients = [tf.identity(gradient) for gradient in gradients]
        steps_before = tf.identity(self.optimizer.iterations)
        self.apply(gradients)
        if self.average:
            self.average.update(steps_before)
        for name, mean in self.means.items():
            mean.update_state(losses[name])
        results = {mean.name: mean.result() for mean in self.metrics}
        # The optimizer keeps the rate of the step just taken in a variable.
        return {**results, "learning_rate": tf.identity(self.optimizer.learning_rate)}

    def _loss_scale(self):
        if self._scales_loss:
            return self.optimizer.get_scaled_loss(tf.ones([]))
        return tf.ones([])

    @property
    def _scales_loss(self):
        return isinstance(self.optimizer, keras.mixed_precision.LossScaleOptimizer)

    def _check_finite(self, losses):
        """Returns an assertion whose message names step and losses, see `non_finite_loss`."""
        finite = tf.reduce_all([tf.math.is_finite(value) for value in losses.values()])
        about = [text for name, value in losses.items() for text in (f" {name}=", value)]
        step = self.optimizer.iterations
        return tf.debugging.Assert(finite, [f"{NOT_FINITE} step=", step, *about])

    def apply(self, gradients):
        """Undoes the scale, clips, adds the L2 penalty, and lets the optimizer move the weights.

        The penalty is not clipped, as PyTorch's optimizers add it themselves.

        Gradients that overflowed make the optimizer leave the step out and lower the scale.
        """
        variables = self.network.trainable_variables
        if self._scales_loss:
            gradients = self.optimizer.get_unscaled_gradients(gradients)
            # Clipping by value would make a finite number of an infinite one.
            mark = tf.where(_all_finite(gradients), 0.0, float("nan"))
        # A step whose gradients overflow is left out, and its norm with it.
        norm = tf.linalg.global_norm(gradients)
        finite = tf.cast(tf.math.is_finite(norm), tf.float32)
        self.gradient_norm.update_state(tf.math.multiply_no_nan(norm, finite), finite)
        if self.clip_value:
            limit = self.clip_value
            gradients = [tf.clip_by_value(g, -limit, limit) for g in gradients]
        if self.clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self.clip_norm)
        if self.l2:
            gradients = [
                g if any(part in v.name for part in self.spared) else g + self.l2 * v
                for g, v in zip(gradients, variables)
            ]
        if self._scales_loss:
            gradients = [gradients[0] + mark, *gradients[1:]]
        self.optimizer.apply_gradients(zip(gradients, variables), skip_gradients_aggregation=True)

    @property
    def metrics(self):
        """The means, which `fit` resets at each epoch."""
        return [*self.means.values(), self.gradient_norm]

    def make_train_function(self, force=False):
        """Returns what Keras would, with the batch fetched where the wait for it can be timed."""
        if self.train_function is None or force:
            self.train_function = timed_train_function(self)
        return self.train_function


def _all_finite(tensors):
    return tf.reduce_all([tf.reduce_all(tf.math.is_finite(tensor)) for tensor in tensors])


def _sum_over(replicas, values):
    if replicas.num_replicas_in_sync == 1:
        return values
    return replicas.all_reduce(tf.distribute.ReduceOp.SUM, values)
