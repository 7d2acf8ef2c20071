"""The page beside a TFLite file and its Kotlin; `model_guide` fills in what the file says."""

PAGE = {
    "page": """# $file

$detector, trained for $step steps; variant $variant, head $head; $options. Written by
`pipelines.export` from the file itself; export again instead of editing.

$tensors

$meaning

Classes, also in `labels.json` within the file (it is a zip archive, too) and beside it:

    $labels

## Python

With `pip install ai-edge-litert numpy pillow`, or with TensorFlow in place of the first:

```python
$python
```

Decoders of JPEG differ by a grey level here and there, and scores with them in the second or third
decimal: `pipelines.predict` and the server read with TensorFlow's, this code with Pillow's.

## Android (Kotlin)

With `implementation("com.google.ai.edge.litert:litert:1.4.0")` in `build.gradle.kts` and the file
under `src/main/assets`; `androidResources { noCompress += "tflite" }` lets it be mapped to memory.
LiteRT 1 keeps TensorFlow Lite's package name.

```kotlin
$kotlin
```

## Cost and checks

    ${report}

Figures of the machine that exported it. Operations, and who takes them; what neither does runs on
the plain CPU kernels:

$operations
""",
    "full": """The image goes in as it is, upright, RGB, of any size; what the network needs is
inside. Boxes are `[ymin, xmin, ymax, xmax]` as fractions of the image, not clipped to it; classes
are the data set's ids; scores fall, and rows from the count on are padding.""",
    "raw": """The image has to be letterboxed to the input's size first, upright, RGB. `peaks` holds
probabilities, 0 in every cell that is no local maximum; `size` (height, width) and `offset` (y, x)
are in cells. What follows the network is arithmetic that delegates take; `letterbox` and `decode`
below do the rest.""",
}

_OPEN = """import android.content.Context
import android.graphics.Bitmap
import android.graphics.RectF
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.nio.channels.FileChannel
import org.tensorflow.lite.Interpreter

class Detection(val box: RectF, val score: Float, val label: Int)

/** Holds the file; not for two threads at once. */
class Detector(context: Context) : AutoCloseable {
    private val interpreter = context.assets.openFd($kotlin_file).use { file ->
        val mapped = file.createInputStream().channel
            .map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength)
        Interpreter(mapped, Interpreter.Options().setNumThreads(2))
    }
$kotlin_buffers

    private fun floats(size: Int): FloatBuffer =
        ByteBuffer.allocateDirect(4 * size).order(ByteOrder.nativeOrder()).asFloatBuffer()

    private fun rgb(image: Bitmap): ByteBuffer {
        val pixels = IntArray(image.width * image.height)
        image.getPixels(pixels, 0, image.width, 0, 0, image.width, image.height)
        val bytes = ByteBuffer.allocateDirect(3 * pixels.size)
        for (pixel in pixels) {
            bytes.put((pixel shr 16).toByte()).put((pixel shr 8).toByte()).put(pixel.toByte())
        }
        bytes.rewind()
        return bytes
    }
"""

_CLOSE = """
    override fun close() = interpreter.close()
}
"""

KOTLIN = {
    "full": _OPEN
    + """
    /** The image has to be upright; boxes are in its pixels. */
    fun detect(image: Bitmap, threshold: Float = 0.3f): List<Detection> {
        interpreter.resizeInput(0, intArrayOf(1, image.height, image.width, 3))
        val outputs = $kotlin_outputs
        outputs.values.forEach { (it as FloatBuffer).rewind() }
        interpreter.runSignature(mapOf<String, Any>("$input" to rgb(image)), outputs, "$signature")
        val height = image.height.toFloat()
        val width = image.width.toFloat()
        return (0 until numDetections.get(0).toInt())
            .filter { detectionScores.get(it) >= threshold }
            .map {
                val box = RectF(
                    detectionBoxes.get(4 * it + 1) * width, detectionBoxes.get(4 * it) * height,
                    detectionBoxes.get(4 * it + 3) * width, detectionBoxes.get(4 * it + 2) * height,
                )
                Detection(box, detectionScores.get(it), detectionClasses.get(it).toInt())
            }
    }
"""
    + _CLOSE,
    "raw": _OPEN.replace(
        "import android.graphics.Bitmap\n",
        "import android.graphics.Bitmap\nimport android.graphics.Canvas\n"
        "import android.graphics.Matrix\nimport android.graphics.Paint\n",
    )
    + """
    /** The image has to be upright; boxes are in its pixels, labels are places in labels.json. */
    fun detect(image: Bitmap, threshold: Float = 0.3f): List<Detection> {
        val scale = minOf($height.0f / image.height, $width.0f / image.width)
        val shiftY = $height / 2.0f - scale * image.height / 2
        val shiftX = $width / 2.0f - scale * image.width / 2
        val input = Bitmap.createBitmap($width, $height, Bitmap.Config.ARGB_8888)
        // Android puts the centre of a pixel at one half, this file at zero.
        val matrix = Matrix().apply {
            setScale(scale, scale)
            postTranslate(shiftX + 0.5f - scale / 2, shiftY + 0.5f - scale / 2)
        }
        Canvas(input).drawBitmap(image, matrix, Paint(Paint.FILTER_BITMAP_FLAG))
        val outputs = $kotlin_outputs
        outputs.values.forEach { (it as FloatBuffer).rewind() }
        interpreter.runSignature(mapOf<String, Any>("$input" to rgb(input)), outputs, "$signature")
        val columns = $width / $stride
        val classes = peaks.capacity() / (columns * ($height / $stride))
        return (0 until peaks.capacity())
            .filter { peaks.get(it) > 0 && peaks.get(it) >= maxOf(threshold, $threshold.toFloat()) }
            .sortedByDescending { peaks.get(it) }
            .take($max_detections)
            .map {
                val cell = it / classes
                val y = cell / columns + offset.get(2 * cell)
                val x = cell % columns + offset.get(2 * cell + 1)
                val halfHeight = size.get(2 * cell) / 2
                val halfWidth = size.get(2 * cell + 1) / 2
                val box = RectF(
                    ($stride * (x - halfWidth) - shiftX) / scale,
                    ($stride * (y - halfHeight) - shiftY) / scale,
                    ($stride * (x + halfWidth) - shiftX) / scale,
                    ($stride * (y + halfHeight) - shiftY) / scale,
                )
                Detection(box, peaks.get(it), it % classes)
            }
    }
"""
    + _CLOSE,
}
