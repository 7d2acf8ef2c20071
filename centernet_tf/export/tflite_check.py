"""What a TFLite file says beside the trained network, and the bounds it has to keep."""

import math
from typing import Optional

import tensorflow as tf

from centernet_tf.data.manifest import load_manifest
from centernet_tf.errors import UserError
from centernet_tf.evaluation.shown_score import SHOWN_SCORE
from centernet_tf.export import raw_decoder
from centernet_tf.export.comparison import (
    EXACT,
    REPORT_IT,
    Difference,
    Tolerance,
    compare,
)
from centernet_tf.export.split_score import score_predictors
from centernet_tf.export.tflite_options import (
    AP_DROP,
    AP_DROP_DEFORMABLE,
    RAW_AP_DROP,
    TFLiteOptions,
)
from centernet_tf.export.tflite_predictor import TFLitePredictor
from centernet_tf.layers.deformable_conv2d import DeformableConv2D

# Below the score that is shown, rounding may decide which of two neighbouring cells is the peak.
# Quantised files are bound by their AP; within this, detections are taken for the same.
_ALIKE = Tolerance(box_px=16.0, score=0.3, lowest_score=SHOWN_SCORE)
TOLERANCES = {
    "float32": EXACT,
    "float16": Tolerance(box_px=1.0, score=0.02, lowest_score=SHOWN_SCORE),
    "dynamic_int8": _ALIKE,
    "int8": _ALIKE,
}
# How much lower than the trained network's AP and AP50 may be; quantised: see `TFLiteOptions`.
AP_DROPS = {"float32": 0.001, "float16": 0.005}
ADVICE = {
    "float32": REPORT_IT,
    "float16": "Export with tflite_variant=float32.",
    "dynamic_int8": "Export with another tflite_variant, or allow more with tflite_max_ap_drop.",
    "int8": "Export with another tflite_variant, or with more tflite_calibration_images, or allow "
    "more with tflite_max_ap_drop.",
}
METRICS = ("AP", "AP50", "AP75")


def check_tflite(keras_predictor, path: str, images, input_size, lite: TFLiteOptions) -> Difference:
    """Runs a TFLite file and the network on the same encoded images.

    A raw file is compared on images that are letterboxed already, so that both see the same values.
    """
    predictor = _predictor(path)
    pixels = [tf.io.decode_image(image, 3, expand_animations=False).numpy() for image in images]
    if lite.head == "raw":
        pixels = [raw_decoder.letterbox(image, input_size)[0][0] for image in pixels]
    return compare(
        [keras_predictor.predict(image) for image in pixels],
        [predictor.predict(image) for image in pixels],
        TOLERANCES[lite.variant],
    )


def score_both(keras_predictor, path: str, data, lite: TFLiteOptions) -> Optional[dict]:
    """Scores the network and the file on records of the evaluation split.

    Args:
      keras_predictor: `KerasPredictor` of the network.
      path: of the file.
      data: the experiment's settings of the data.
      lite: see `TFLiteOptions`.

    Returns:
      {"images", "split", "keras": {metric: value}, "tflite": the same}, or None where the data set
      is not here.

    Raises:
      UserError: it is not here and the file is quantised, so that nothing else would bound it.
    """
    try:
        manifest = load_manifest(data.path)
    except UserError as error:
        if not lite.is_quantized:
            return None
        raise UserError(
            f"A file of the variant {lite.variant} is kept by its AP, but the data set is "
            f"not here: {error} Give its folder by --data_dir, or export with "
            "--tflite_variant=float16."
        ) from error
    scores = {"split": data.eval_split}
    predictors = {"keras": keras_predictor, "tflite": _predictor(path)}
    scored = score_predictors(predictors, manifest, data.eval_split, lite.check_images)
    for name, (metrics, _) in scored.items():
        scores["images"] = metrics["num_images"]
        scores[name] = {metric: metrics[metric] for metric in METRICS}
    return scores


def require_score(scores: Optional[dict], lite: TFLiteOptions, allowed: float) -> None:
    """Refuses a file that scores too low.

    Args:
      scores: from `score_both`.
      lite: see `TFLiteOptions`.
      allowed: from `max_drop`.

    Raises:
      UserError: it does.
    """
    if scores is None:
        return
    for metric in ("AP50",) if lite.is_quantized else ("AP", "AP50"):
        drop = scores["keras"][metric] - scores["tflite"][metric]
        if not drop <= allowed:
            raise UserError(
                f"The {lite.variant} TFLite file has {metric} {scores['tflite'][metric]:.4f} on "
                f"{scores['images']} images of '{scores['split']}', the trained network "
                f"{scores['keras'][metric]:.4f}: {drop:.6g} less, and at most {allowed:g} is "
                f"allowed, so it was not kept. {ADVICE[lite.variant]}"
            )


def max_drop(network, lite: TFLiteOptions) -> float:
    """How much lower than the network the file may score; see `require_score`."""
    if not lite.is_quantized:
        allowed = AP_DROPS[lite.variant]
    elif lite.max_ap_drop is not None:
        allowed = lite.max_ap_drop
    else:
        is_deformable = any(isinstance(each, DeformableConv2D) for each in network.submodules)
        allowed = AP_DROP_DEFORMABLE if is_deformable else AP_DROP
    return allowed + (RAW_AP_DROP if lite.head == "raw" else 0.0)


def _predictor(path: str) -> TFLitePredictor:
    # XNNPACK's threads wait by spinning, which on a busy machine costs more than they help.
    return TFLitePredictor(path, num_threads=1)


def as_json(difference: Difference) -> dict:
    """The largest differences; None where a detection has no counterpart."""
    values = {"box_px": difference.box_px, "score": difference.score}
    finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
    return {
        **finite,
        "num_images": difference.num_images,
        "num_detections": difference.num_detections,
    }
