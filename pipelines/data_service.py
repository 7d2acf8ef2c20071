r"""Runs a part of a tf.data service, which prepares training batches for other machines.

    python -m pipelines.data_service --port=5050
    python -m pipelines.data_service --dispatcher=grpc://host:5050 --host=worker1 --port=5051
    python -m pipelines.train --config_file=configs/bccd_resnet18.yaml --model_dir=runs/bccd \
        --params_override=data.path=records --tf_data_service=grpc://host:5050

The first command runs the dispatcher, the second a worker, on as many machines as there are; the
third trains with them. data.path must be the same folder on all of them. Each worker makes whole
epochs, so several help where several epochs are left. A worker prints `left out EPOCH FIRST END 1`
where records FIRST to END - 1 of an epoch cannot be used. Ctrl-C ends a part.
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_string("dispatcher", "", "Address of the dispatcher; without it this becomes one.")
flags.DEFINE_string("host", "localhost", "Name under which trainers reach this worker.")
flags.DEFINE_integer(
    "port", 0, "Port to listen at; 0 takes a free one.", lower_bound=0, upper_bound=65535
)


def main(_):
    from centernet_tf.data import service

    values = flags.FLAGS
    if values.dispatcher:
        server = service.start_worker(values.dispatcher, values.port, values.host)
        print(f"A worker of {values.dispatcher} is ready.", flush=True)
    else:
        server = service.start_dispatcher(values.port)
        print(f"The dispatcher listens at {server.target}.", flush=True)
    server.join()


if __name__ == "__main__":
    cli.run(main, required=())
