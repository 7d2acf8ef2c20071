"""How many channels the parts of a backbone have."""

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError
from centernet_tf.settings import BackboneConfig


def scaled(channels, multiplier):
    """Channel counts times the multiplier, at least 1."""
    return tuple(max(1, round(count * multiplier)) for count in channels)


def trunk_channels(config: BackboneConfig, published):
    """Widths of the trunk: those the settings give, else the published ones times the multiplier.

    Raises:
      UserError: the settings give another number of widths.
    """
    return _channels(config, "trunk_channels", published)


def neck_channels(config: BackboneConfig, published):
    """The same for the neck."""
    return _channels(config, "neck_channels", published)


def _channels(config, setting, published):
    given = tuple(getattr(config, setting))
    if given and len(given) != len(published):
        raise UserError(
            f"model.backbone.{setting} of '{config.name}' must have "
            f"{count_of(len(published), 'value')}, as the published {list(published)}; got "
            f"{list(given)}."
        )
    return given or scaled(published, config.width_multiplier)
