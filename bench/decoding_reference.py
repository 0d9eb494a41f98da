"""Makes photo-like JPEGs with the boxes that TF-Slim's training would cut from them, and times tf.data on these.

Usage: decoding_reference.py DIRECTORY. Then, for each line on standard input: one round of decoding, cropping and resizing to
224 x 224 with one thread; answers with a line of JSON, images a second by way.
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

PICTURES, REFERENCES, HEIGHT, WIDTH, QUALITY = 64, 8, 375, 500, 90
ROUND_SECONDS = 2.0


def picture(seed):
    """Clouds of all sizes, shapes with edges, and a camera's noise."""
    random = np.random.default_rng(seed)
    image = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for octave in range(1, 9):
        size = 2**octave
        noise = random.standard_normal((size * 3 // 4 + 2, size + 2, 3)).astype(np.float32)
        noise = 0.9 * noise.mean(-1, keepdims=True) + 0.25 * noise
        image += tf.image.resize(noise, (HEIGHT, WIDTH), method="bicubic").numpy() * 70 * 0.5 ** (0.9 * octave)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for _ in range(12):
        x, y, radius = random.uniform(0, WIDTH), random.uniform(0, HEIGHT), random.uniform(10, 80)
        inside = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
        image[inside] = 0.6 * image[inside] + random.uniform(-60, 60, 3)
    image += 4 * random.standard_normal((HEIGHT, WIDTH, 1))
    return np.clip(128 + image, 0, 255).astype(np.uint8)


def box(seed):
    """The crop of Inception's training: 5 to 100 percent of the area, sides 3:4 to 4:3."""
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        [HEIGHT, WIDTH, 3], [[[0.0, 0.0, 1.0, 1.0]]], seed=[seed, 7], min_object_covered=0.1,
        aspect_ratio_range=(0.75, 4 / 3), area_range=(0.05, 1.0), max_attempts=100,
    )
    (top, left, _), (height, width, _) = begin.numpy().tolist(), size.numpy().tolist()
    return [top, left, height, width]


def make(directory):
    files, boxes = [], [box(seed) for seed in range(PICTURES)]
    for seed in range(PICTURES):
        encoded = tf.io.encode_jpeg(picture(seed), quality=QUALITY).numpy()
        with open(f"{directory}/{seed}.jpg", "wb") as file:
            file.write(encoded)
        files.append(encoded)
        if seed < REFERENCES:
            tf.io.decode_jpeg(encoded, channels=3).numpy().tofile(f"{directory}/{seed}.rgb")
    with open(f"{directory}/boxes.json", "w") as file:
        json.dump(boxes, file)
    return files, boxes


def whole(encoded, box):
    """As TF-Slim: the whole picture is decoded, then cut."""
    image = tf.io.decode_jpeg(encoded, channels=3)
    return tf.image.resize(tf.slice(image, [box[0], box[1], 0], [box[2], box[3], 3]), (224, 224))


def part(encoded, box):
    return tf.image.resize(tf.io.decode_and_crop_jpeg(encoded, box, channels=3), (224, 224))


def pipeline(files, boxes, way):
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    return tf.data.Dataset.from_tensor_slices((files, boxes)).repeat().map(way).with_options(options)


def speed(batches):
    next(batches)
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < ROUND_SECONDS:
        next(batches)
        count += 1
    return count / (time.perf_counter() - start)


def main(directory):
    files, boxes = make(directory)
    ways = {way.__name__: iter(pipeline(files, boxes, way)) for way in (whole, part)}
    print(tf.__version__, flush=True)
    for _ in sys.stdin:
        print(json.dumps({name: speed(batches) for name, batches in ways.items()}), flush=True)


main(sys.argv[1])
