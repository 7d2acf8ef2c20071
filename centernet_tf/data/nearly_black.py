"""Images of 16 bits a channel that hold fewer, and so are nearly black in the upper 8."""

from PIL import Image

# What 12 bits in a channel of 16 come to.
_BRIGHTEST = 15


def nearly_black(data: bytes, stored: Image.Image, rgb: Image.Image) -> str:
    """Returns what is to be said of an image of 16 bits that is nearly black in 8, else "".

    An image of 8 bits is as its maker wanted it, however dark.

    Args:
      data: the bytes of the file.
      stored: the image as Pillow opens it.
      rgb: the same as RGB of 8 bits, as a record would hold it.
    """
    # Of 16 bits in several channels Pillow shows 8, so that only the header of the PNG tells.
    has_16_bits = data.startswith(b"\x89PNG") and data[24:25] == b"\x10"
    if not (has_16_bits or stored.mode.startswith("I")):
        return ""
    brightest = max(high for _, high in rgb.getextrema())
    if brightest > _BRIGHTEST:
        return ""
    return f"{stored.format} {stored.mode}, brightest value {brightest} of 255 in 8 bits"
