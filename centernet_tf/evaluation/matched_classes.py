"""A data set whose classes are a model's, whatever their ids."""

import dataclasses

from centernet_tf.errors import UserError


def matched_classes(categories, manifest):
    """Returns a manifest with its categories in a model's order, matched by name.

    The same classes have other ids where a data set came in another form: YOLO counts from 0, COCO
    as it likes. Detections get the data set's ids then, so that its annotations fit them.

    Args:
      categories: of the model, in the order of its contiguous classes.
      manifest: `Manifest` of the data set.

    Raises:
      UserError: the names differ.
    """
    if tuple(categories) == tuple(manifest.categories):
        return manifest
    by_name = {category.name: category for category in manifest.categories}
    names = [category.name for category in categories]
    alone = [(name, "model") for name in names if name not in by_name]
    alone += [(name, "data set") for name in by_name if name not in names]
    if alone:
        name, owner = alone[0]
        raise UserError(
            f"The model's classes are {_listed(names)}, those of the data set in "
            f"{manifest.data_dir} {_listed(list(by_name))}; only the {owner} has '{name}'. "
            "Evaluate on the data set it was trained on, or on one made with the same class names."
        )
    return dataclasses.replace(manifest, categories=tuple(by_name[name] for name in names))


def tell_other_ids(categories, manifest) -> None:
    """Prints a line where a data set has other ids for a model's classes."""
    ours, theirs = (
        {each.name: each.id for each in them} for them in (categories, manifest.categories)
    )
    if ours != theirs:
        print(
            f"The classes of {manifest.data_dir} have other ids than the model's; they are matched "
            "by name.",
            flush=True,
        )


def _listed(names) -> str:
    return ", ".join(names[:6]) + (f", ... ({len(names)})" if len(names) > 6 else "")
