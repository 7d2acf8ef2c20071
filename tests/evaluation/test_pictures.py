"""Sheets hold every picture, and a heat-map lies on the place it means."""

import numpy as np
from PIL import Image

from centernet_tf.evaluation.pictures import contact_sheet, heatmap_overlay, side_by_side


def test_sheet_has_rows_and_columns_for_pictures_of_unlike_size():
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    pictures = [Image.new("RGB", (100 + 20 * i, 80), color) for i, color in enumerate(colors)]
    sheet = contact_sheet(pictures, columns=2)
    assert sheet.size == (2 * 140 + 3 * 8, 2 * 80 + 3 * 8)
    for color, picture in zip(colors, pictures):
        assert np.sum(np.all(np.asarray(sheet) == color, axis=-1)) == picture.width * 80


def test_captions_take_their_own_room():
    picture = Image.new("RGB", (200, 100), (200, 0, 0))
    pair = np.asarray(side_by_side(picture, picture))
    assert np.sum(np.all(pair == (200, 0, 0), axis=-1)) == 2 * 200 * 100
    assert np.any(pair == 235)


def test_heat_lies_where_the_transform_says():
    image = np.full([100, 200, 3], 100, np.uint8)
    heatmap = np.zeros([64, 64], np.float32)
    # A map at scale 1/4 of an input of 256x256, in which the image is scaled by 1.28 and centred.
    transform = np.float32([1.28, 64.0, 0.0]) / 4
    heatmap[32, 16] = 1.0
    pixels = np.asarray(heatmap_overlay(image, heatmap, transform)).astype(int)
    y, x = np.unravel_index(np.argmax(pixels.sum(-1)), pixels.shape[:2])
    assert abs(y - (32 * 4 - 64) / 1.28) <= 2
    assert abs(x - 16 * 4 / 1.28) <= 2
    assert tuple(pixels[5, 190]) == (55, 55, 55)


def test_heat_without_a_transform_is_stretched_over_the_image():
    heatmap = np.zeros([10, 20], np.float32)
    heatmap[8, 18] = 1.0
    pixels = np.asarray(heatmap_overlay(np.zeros([100, 200, 3], np.uint8), heatmap)).sum(-1)
    y, x = np.unravel_index(np.argmax(pixels), pixels.shape)
    assert (abs(y - 85) <= 3) and (abs(x - 185) <= 3)
