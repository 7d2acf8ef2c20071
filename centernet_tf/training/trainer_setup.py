"""The trainer of an experiment: network, optimizer, and what the settings add to them."""

from centernet_tf.layers.conv_norm import synchronized_batch_norm
from centernet_tf.training.averaged_weights import AveragedWeights
from centernet_tf.training.checkpoint_weights import check_names
from centernet_tf.training.freezing import freeze
from centernet_tf.training.optimizers import make_optimizer
from centernet_tf.training.precision import built_in, with_loss_scale
from centernet_tf.training.runtime import use_xla
from centernet_tf.training.trainer import Trainer


def make_trainer(config, detector, schedule, prepare=None) -> Trainer:
    """Builds and compiles the trainer; call it in the strategy's scope.

    Args:
      config: `ExperimentConfig`.
      detector: the `PointDetector` to train.
      schedule: from step to learning rate.
      prepare: called with the network before anything copies its weights, for example to give it
        those of another run.

    Raises:
      UserError: more stages are to be frozen than the backbone has.
    """
    train, synchronized = config.train, config.model.sync_batch_norm
    with built_in(config.runtime.precision), synchronized_batch_norm(synchronized):
        network = detector.build()
    check_names(network)
    if prepare:
        prepare(network)
    told = freeze(network, train.freeze_backbone_stages, train.freeze_batch_norm)
    if told:
        print(told, flush=True)
    trainer = Trainer(
        detector,
        network,
        train.optimizer,
        use_xla(config),
        train.accumulation_steps,
        AveragedWeights(network, train.ema_decay) if train.ema_decay else None,
        compiled=not synchronized,
    )
    optimizer = make_optimizer(train.optimizer, schedule)
    optimizer = with_loss_scale(optimizer, config.runtime.precision)
    optimizer.build(network.trainable_variables)
    trainer.compile(optimizer=optimizer)
    return trainer
