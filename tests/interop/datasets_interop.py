"""Reads records as TF-Slim's data sets `mnist`, `cifar10` and `flowers` do and compares what they hold.

Usage: python datasets_interop.py EXPECTED.json

EXPECTED.json lists data sets: name, which tells the decoder; files, in order; records, for each its label, and the shape and
SHA-256 of its pixels. Exits with 1 if anything differs.
"""

import hashlib
import json
import sys

from imagenet_interop import slim, tf

# By data set: the format that is assumed where a record has none, and how its pictures are decoded.
PICTURES = {
    "mnist": ("raw", {"shape": [28, 28, 1], "channels": 1}),
    "cifar10": ("png", {"shape": [32, 32, 3]}),
    "flowers": ("png", {}),
}


def decoder(name):
    """What the original asks of a record: features, and items made of them."""
    default_format, picture = PICTURES[name]
    features = {
        "image/encoded": tf.FixedLenFeature((), tf.string, default_value=""),
        "image/format": tf.FixedLenFeature((), tf.string, default_value=default_format),
        "image/class/label": tf.FixedLenFeature([], tf.int64, default_value=tf.zeros([], dtype=tf.int64)),
    }
    items = {
        "image": slim.tfexample_decoder.Image(**picture),
        "label": slim.tfexample_decoder.Tensor("image/class/label", shape=[]),
    }
    return slim.tfexample_decoder.TFExampleDecoder(features, items)


def differences(about, session):
    record = tf.placeholder(tf.string)
    items = decoder(about["name"]).decode(record, ["image", "label"])
    read = [data for file in about["files"] for data in tf.python_io.tf_record_iterator(file)]
    if len(read) != len(about["records"]):
        yield f"{about['name']}: {len(read)} records instead of {len(about['records'])}"
    for i, (data, expected) in enumerate(zip(read, about["records"])):
        image, label = session.run(items, {record: data})
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        got = {"label": int(label), "shape": list(image.shape), "sha256": digest}
        if got != expected:
            yield f"{about['name']}, record {i}: {got} instead of {expected}"


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        datasets = json.load(file)
    tf.disable_eager_execution()
    with tf.Session() as session:
        found = [difference for about in datasets for difference in differences(about, session)]
    print("\n".join(found) or f"{sum(len(about['records']) for about in datasets)} records are equal")
    sys.exit(1 if found else 0)
