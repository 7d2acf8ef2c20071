"""The flags of how records are made."""

from absl import flags

from centernet_tf.data.convert_options import DEFAULT_OPTIONS, ConvertOptions

flags.DEFINE_integer(
    "num_shards",
    DEFAULT_OPTIONS.num_shards,
    "Files a split; 0 chooses by its size.",
    lower_bound=0,
    upper_bound=500,
)
flags.DEFINE_float(
    "max_bad_fraction",
    DEFAULT_OPTIONS.max_bad_fraction,
    "Part of a split's images or boxes that may be left out.",
    lower_bound=0.0,
    upper_bound=1.0,
)
flags.DEFINE_enum(
    "exif_boxes",
    DEFAULT_OPTIONS.exif_boxes,
    ["auto", "stored", "upright"],
    "Whether boxes of a turned photograph are drawn on it as stored or as seen upright; "
    "auto tells by the recorded size, and takes stored where that says nothing.",
)
flags.DEFINE_integer(
    "workers", DEFAULT_OPTIONS.workers, "Threads that check images.", lower_bound=1
)
flags.DEFINE_bool("overwrite", DEFAULT_OPTIONS.overwrite, "Replace the data set in --output_dir.")

# Of them, those that say nothing where records are only pointed to.
OF_NEW_RECORDS = ("num_shards", "max_bad_fraction", "exif_boxes", "workers")


def read(source: dict) -> ConvertOptions:
    """Returns the options that the parsed flags say; `source` is kept in the manifest."""
    names = (*OF_NEW_RECORDS, "overwrite")
    return ConvertOptions(source=source, **{name: flags.FLAGS[name].value for name in names})
