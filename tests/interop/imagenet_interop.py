"""Reads ImageNet's records as TF-Slim's data set `imagenet` does and compares what they hold.

Usage: python imagenet_interop.py FOLDER EXPECTED.json

EXPECTED.json lists for each split its records in the order of the shards: label, label_text, shape and SHA-256 of the pixels, and
bbox, rows of ymin, xmin, ymax, xmax. Exits with 1 if anything differs.
"""

import glob
import hashlib
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow.compat.v1 as tf
import tf_slim as slim
from tensorflow.python.ops import cond, control_flow_assert, control_flow_case, control_flow_ops

# tf_slim 1.1 looks for these where TensorFlow had them before 2.12.
control_flow_ops.cond = cond.cond
control_flow_ops.case = control_flow_case.case
control_flow_ops.Assert = control_flow_assert.Assert

CORNERS = ["ymin", "xmin", "ymax", "xmax"]


def decoder():
    """What the original asks of a record: features, and items made of them."""
    features = {
        "image/encoded": tf.FixedLenFeature((), tf.string, default_value=""),
        "image/format": tf.FixedLenFeature((), tf.string, default_value="jpeg"),
        "image/class/label": tf.FixedLenFeature([], tf.int64, default_value=-1),
        "image/class/text": tf.FixedLenFeature([], tf.string, default_value=""),
        "image/object/class/label": tf.VarLenFeature(tf.int64),
    }
    features.update({f"image/object/bbox/{corner}": tf.VarLenFeature(tf.float32) for corner in CORNERS})
    handlers = slim.tfexample_decoder
    items = {
        "image": handlers.Image("image/encoded", "image/format"),
        "label": handlers.Tensor("image/class/label"),
        "label_text": handlers.Tensor("image/class/text"),
        "object/bbox": handlers.BoundingBox(CORNERS, "image/object/bbox/"),
        "object/label": handlers.Tensor("image/object/class/label"),
    }
    return handlers.TFExampleDecoder(features, items)


if __name__ == "__main__":
    folder, expected = sys.argv[1:]
    with open(expected) as file:
        splits = json.load(file)
    tf.disable_eager_execution()
    record = tf.placeholder(tf.string)
    names = ["image", "label", "label_text", "object/bbox"]
    items = decoder().decode(record, names)
    differences, count = [], 0
    with tf.Session() as session:
        for split, records in splits.items():
            shards = sorted(glob.glob(f"{folder}/{split}-*"))
            read = [data for shard in shards for data in tf.python_io.tf_record_iterator(shard)]
            if len(read) != len(records):
                differences.append(f"{split}: {len(read)} records instead of {len(records)}")
            for i, (data, about) in enumerate(zip(read, records)):
                image, label, text, boxes = session.run(items, {record: data})
                got = {
                    "label": int(label),
                    "label_text": text.decode(),
                    "shape": list(image.shape),
                    "sha256": hashlib.sha256(image.tobytes()).hexdigest(),
                    "bbox": np.asarray(boxes).tolist(),
                }
                count += 1
                if got != about:
                    differences.append(f"{split}, record {i}: {got} instead of {about}")
    print("\n".join(differences) or f"{count} records are equal")
    sys.exit(1 if differences else 0)
