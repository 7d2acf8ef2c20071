"""Preparing batches on other machines, with tf.data's service."""

import socket
import time

import tensorflow as tf

from centernet_tf.errors import UserError

PROTOCOL = "grpc://"


def through_service(batches, address: str):
    """Has the workers of a tf.data service make the batches, and fetches them over the network.

    Each epoch is made by one worker, so several workers make several epochs side by side, whose
    batches arrive by turns; every batch comes once. With one worker the batches are those that this
    process would make, in their order. The workers read the shards themselves: data.path must be
    the same folder for them.

    Args:
      batches: `tf.data.Dataset` that is a `flat_map` of a range of epochs; its cardinality must not
        be asserted, as each worker gives a part.
      address: of the dispatcher, such as grpc://host:5050.

    Returns:
      `tf.data.Dataset` of the same elements, of unknown cardinality.

    Raises:
      UserError: the address is of another form, or nobody answers there.
    """
    check_address(address)
    require_answer(address)
    print(
        f"Batches come from the tf.data service at {address}; where it has no worker, this waits "
        f"for one: python -m pipelines.data_service --dispatcher={address}",
        flush=True,
    )
    policy = tf.data.experimental.service.ShardingPolicy.DYNAMIC
    return batches.apply(
        tf.data.experimental.service.distribute(processing_mode=policy, service=address)
    )


def check_address(address: str) -> None:
    """Raises UserError when `address` is not grpc://HOST:PORT."""
    host, _, port = address.removeprefix(PROTOCOL).rpartition(":")
    if not address.startswith(PROTOCOL) or not host or not port.isdecimal():
        raise UserError(
            f"A tf.data service is named like grpc://host:5050, its dispatcher; got '{address}'."
        )


def require_answer(address: str, patience_seconds: float = 30.0) -> None:
    """Raises UserError when nobody listens at grpc://HOST:PORT; TensorFlow would wait forever.

    Args:
      address: of the dispatcher.
      patience_seconds: how long it may still be starting.
    """
    host, _, port = address.removeprefix(PROTOCOL).rpartition(":")
    end = time.monotonic() + patience_seconds
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), 10.0).close()
            return
        except (OSError, OverflowError) as error:
            if time.monotonic() + 1.0 < end:
                time.sleep(1.0)
                continue
            raise UserError(
                f"No dispatcher of a tf.data service answers at {address} ({error}). Start one "
                "with python -m pipelines.data_service --port=PORT, or correct the address."
            ) from error


def start_dispatcher(port: int):
    """Starts the dispatcher of a service; 0 takes a free port.

    Returns:
      `tf.data.experimental.service.DispatchServer`; `target` is its address.

    Raises:
      UserError: the port is taken.
    """
    config = tf.data.experimental.service.DispatcherConfig(port=port)
    return _started(tf.data.experimental.service.DispatchServer, config, port)


def start_worker(dispatcher: str, port: int = 0, host: str = "localhost"):
    """Starts a worker of a service.

    Args:
      dispatcher: its address, grpc://HOST:PORT.
      port: to listen at; 0 takes a free one.
      host: the name under which trainers reach this machine.

    Returns:
      `tf.data.experimental.service.WorkerServer`.

    Raises:
      UserError: the address is of another form, nobody answers there, or the port is taken.
    """
    check_address(dispatcher)
    require_answer(dispatcher)
    config = tf.data.experimental.service.WorkerConfig(
        dispatcher_address=dispatcher.removeprefix(PROTOCOL),
        worker_address=f"{host}:{port}" if port else None,
        port=port,
    )
    return _started(tf.data.experimental.service.WorkerServer, config, port)


def _started(server, config, port):
    try:
        return server(config)
    except RuntimeError as error:
        raise UserError(
            f"Cannot listen at port {port}: {error}. Choose another --port; 0 takes a free one."
        ) from error
