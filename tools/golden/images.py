"""Golden values for packages/image-seq/src/image: binarise.test.ts, colour.test.ts, deskew.test.ts and resize.test.ts, from scikit-image and Pillow.

Run: python tools/golden/images.py > packages/image-seq/src/golden/images.json
"""

import base64
import json
import zlib

import numpy as np
import PIL
import skimage
from PIL import Image, ImageDraw, ImageFont
from skimage.filters import threshold_otsu, threshold_sauvola
from skimage.transform import radon, resize_local_mean, rotate

SEED = 11
WIDTH, HEIGHT = 37, 23

rng = np.random.default_rng(SEED)

# Uneven light, dark strokes, noise.
x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
page = 120 + 3 * x + 10 * np.sin(y / 4)
page[5:18, 8:11] -= 80
page[10:12, 8:30] -= 70
page[4:20, 27:29] -= 90
page = np.clip(page + rng.normal(0, 6, page.shape), 0, 255).astype(np.uint8)


def packed(image):
    """Bytes as base64 of zlib."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(image, dtype=np.uint8).tobytes(), 9)).decode()


def rounded(values, digits=2):
    return [round(float(v), digits) for v in np.ravel(values)]


def lines_of_text():
    image = Image.new("L", (240, 80), 235)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=18)
    draw.text((30, 14), "Columns are read as time", font=font, fill=20)
    draw.text((30, 42), "rows as rows, 1234567890", font=font, fill=20)
    return np.asarray(image)


def skew_by_radon(image):
    """The angle at which the sums along parallel lines vary most."""
    ink = (image < threshold_otsu(image)).astype(float)
    angles = np.arange(-15, 15.01, 0.1)
    sums = radon(ink, theta=90 - angles, circle=False)
    return float(angles[np.argmax(np.sum(sums**2, axis=0))])


skewed = []
for degrees in [-11.0, -3.3, 0.0, 1.7, 8.0]:
    turned = rotate(lines_of_text() / 255.0, -degrees, cval=235 / 255)  # scikit-image turns against the clock
    image = np.round(255 * turned).astype(np.uint8)
    skewed.append({"turnedBy": degrees, "radon": round(skew_by_radon(image), 1), "pixels": packed(image)})

colours = rng.integers(0, 256, (1, 24, 3), dtype=np.uint8)
print(
    json.dumps(
        {
            "source": "skimage.filters.threshold_otsu, threshold_sauvola; skimage.transform.resize_local_mean, radon; PIL.Image",
            "version": f"scikit-image {skimage.__version__}, Pillow {PIL.__version__}",
            "command": "python tools/golden/images.py",
            "seed": SEED,
            "width": WIDTH,
            "height": HEIGHT,
            "page": packed(page),
            "otsu": int(threshold_otsu(page)),
            "sauvola": rounded(threshold_sauvola(page, window_size=15, k=0.2, r=128)),
            "sauvolaWindow": 15,
            "smallWidth": 16,
            "smallHeight": 9,
            "small": rounded(resize_local_mean(page.astype(float), (9, 16), preserve_range=True)),
            "largeWidth": 61,
            "largeHeight": 40,
            "large": packed(np.asarray(Image.fromarray(page).resize((61, 40), Image.Resampling.BILINEAR))),
            "colours": colours.ravel().tolist(),
            "greys": np.asarray(Image.fromarray(colours).convert("L")).ravel().tolist(),
            "textWidth": 240,
            "textHeight": 80,
            "skewed": skewed,
        }
    )
)
