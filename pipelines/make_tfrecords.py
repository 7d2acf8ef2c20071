r"""Makes a data set of TFRecords from annotated images; one command for each form of annotations.

    python -m pipelines.make_tfrecords --output_dir=records --format=shapes
    python -m pipelines.make_tfrecords --output_dir=records --format=yolo --labels_file=data.yaml
    python -m pipelines.make_tfrecords --output_dir=records --format=voc --voc_root=VOC2007
    python -m pipelines.make_tfrecords --output_dir=records --format=coco \
        --split=train:images/train:train.json --split=val:images/val:val.json
    python -m pipelines.make_tfrecords --output_dir=records --format=records \
        --split='train:others/train-*.tfrecord' --labels_file=label_map.pbtxt

Sources of several forms become splits of one data set, their classes matched by name:

    python -m pipelines.make_tfrecords --output_dir=records --format=coco,voc \
        --split=coco:train:images/train:train.json --voc_root=VOC2007 --splits=test
"""

from absl import flags

from centernet_tf import cli
from centernet_tf.data import convert_flags, data_set_folder, mixed_sources, sources
from centernet_tf.data.shapes import NUM_TRAIN, NUM_VAL

flags.DEFINE_list(
    "format", None, "Form of the annotations: coco, voc, yolo, records or shapes; or several."
)
flags.DEFINE_string("output_dir", None, "Folder for the records; made where it is missing.")
flags.DEFINE_multi_string(
    "split",
    [],
    "coco: NAME:IMAGE_FOLDER:ANNOTATIONS.json; yolo: NAME:IMAGES:LABEL_FOLDER, by default the "
    "splits of data.yaml; records: NAME:PATTERN of TFRecord files; once for every split, and with "
    "several forms each begins with its own, as coco:NAME:...",
)
flags.DEFINE_multi_string(
    "voc_root", [], "voc: folder that holds Annotations, JPEGImages and ImageSets; repeatable."
)
flags.DEFINE_list("splits", ["trainval", "test"], "voc: names of lists in ImageSets/Main.")
flags.DEFINE_string(
    "labels_file",
    "",
    "Class names, one a line, or data.yaml; voc, records: or a label map (.pbtxt); voc: by default "
    "all that occur, sorted.",
)
flags.DEFINE_integer("num_train", NUM_TRAIN, "shapes: training images to draw.", lower_bound=1)
flags.DEFINE_integer("num_val", NUM_VAL, "shapes: validation images to draw.", lower_bound=1)
flags.DEFINE_list("image_size", ["256", "256"], "shapes: height,width of the images in pixels.")
flags.DEFINE_integer("seed", 1, "shapes: every random choice follows from it.", lower_bound=0)
flags.adopt_module_key_flags(convert_flags)

FLAGS = flags.FLAGS


def main(_):
    data_set_folder.refuse_existing(FLAGS.output_dir, FLAGS.overwrite)
    data_set_folder.refuse_as_source(FLAGS.output_dir, [*FLAGS.split, *FLAGS.voc_root])
    names = sources.flags_of(FLAGS.format)
    unused = [name for name in sources.ALL_FLAGS if name not in names]
    if FLAGS.format == ["records"]:
        unused += convert_flags.OF_NEW_RECORDS
    cli.refuse_flags(unused, f"with --format={','.join(FLAGS.format)}")
    given = {name: FLAGS[name].value for name in names}
    readers = sources.readers(FLAGS.output_dir, given)
    splits = mixed_sources.read_sources(FLAGS.format, readers, FLAGS.split)
    made_from = {"format": ",".join(FLAGS.format), **given}
    # Imported late, so that faults of flags and annotations are told before TensorFlow is loaded.
    if FLAGS.format == ["records"]:
        from centernet_tf.data import foreign_records

        foreign_records.adopt_records(splits, FLAGS.output_dir, FLAGS.overwrite, made_from)
    else:
        from centernet_tf.data import convert

        convert.convert(splits, FLAGS.output_dir, convert_flags.read(made_from))
    print(f"The data set is in {FLAGS.output_dir}; pipelines.inspect_data draws it.")


if __name__ == "__main__":
    cli.run(main, required=["format", "output_dir"])
