"""Preparing batches on other machines, with tf.data's service."""

import tensorflow as tf

from centernet_tf.errors import UserError

PROTOCOL = "grpc://"


def through_service(batches, address: str):
    """Has the workers of a tf.data service make the batches, and fetches them over the network.

    Every worker goes over the whole data set, in an order of its own once there are several, so
    that what an epoch shows is then no longer each image once. With one worker the batches are
    those that this process would make. The workers read the shards themselves: data.path must be
    the same folder for them.

    Args:
      batches: `tf.data.Dataset` of known cardinality.
      address: of the dispatcher, such as grpc://host:5050.

    Raises:
      UserError: the address is of another form.
    """
    check_address(address)
    count = batches.cardinality()
    fetched = batches.apply(
        tf.data.experimental.service.distribute(
            processing_mode=tf.data.experimental.service.ShardingPolicy.OFF, service=address
        )
    )
    return fetched.take(count).apply(tf.data.experimental.assert_cardinality(count))


def check_address(address: str) -> None:
    """Raises UserError when `address` is not grpc://HOST:PORT."""
    host, _, port = address.removeprefix(PROTOCOL).rpartition(":")
    if not address.startswith(PROTOCOL) or not host or not port.isdecimal():
        raise UserError(
            f"A tf.data service is named like grpc://host:5050, its dispatcher; got '{address}'."
        )


def start_dispatcher(port: int):
    """Starts the dispatcher of a service; 0 takes a free port.

    Returns:
      `tf.data.experimental.service.DispatchServer`; `target` is its address.
    """
    config = tf.data.experimental.service.DispatcherConfig(port=port)
    return tf.data.experimental.service.DispatchServer(config)


def start_worker(dispatcher: str, port: int = 0, host: str = "localhost"):
    """Starts a worker of a service.

    Args:
      dispatcher: its address, grpc://HOST:PORT.
      port: to listen at; 0 takes a free one.
      host: the name under which trainers reach this machine.

    Returns:
      `tf.data.experimental.service.WorkerServer`.
    """
    check_address(dispatcher)
    config = tf.data.experimental.service.WorkerConfig(
        dispatcher_address=dispatcher.removeprefix(PROTOCOL),
        worker_address=f"{host}:{port}" if port else None,
        port=port,
    )
    return tf.data.experimental.service.WorkerServer(config)
