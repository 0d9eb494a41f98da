"""Reads a TFRecord file with TensorFlow and compares it with what it should hold.

Usage: python records_interop.py FILE COMPRESSION EXPECTED.json

EXPECTED.json lists for each record its features by name as {"kind", "values"} (bytes as hex digits, integers as decimal digits)
and, where `image/encoded` is a PNG, the pixels that decode_png must give as "pixels_hex". Exits with 1 if anything differs.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf


def describe(example):
    features = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        if kind == "bytes_list":
            values = [value.hex() for value in feature.bytes_list.value]
        elif kind == "int64_list":
            values = [str(value) for value in feature.int64_list.value]
        elif kind == "float_list":
            values = np.array(feature.float_list.value, dtype="float32").tobytes().hex()
        else:
            values = None
        features[name] = {"kind": kind, "values": values}
    return features


if __name__ == "__main__":
    path, compression, expected = sys.argv[1:]
    with open(expected) as file:
        records = json.load(file)
    differences = []
    read = list(tf.data.TFRecordDataset(path, compression_type=compression).as_numpy_iterator())
    if len(read) != len(records):
        differences.append(f"{len(read)} records instead of {len(records)}")
    for i, (record, about) in enumerate(zip(read, records)):
        example = tf.train.Example.FromString(record)
        if describe(example) != about["features"]:
            differences.append(f"record {i}: {describe(example)} instead of {about['features']}")
        if "pixels_hex" in about:
            pixels = tf.io.decode_png(example.features.feature["image/encoded"].bytes_list.value[0]).numpy()
            if pixels.tobytes().hex() != about["pixels_hex"]:
                differences.append(f"record {i}: pixels differ")
    print("\n".join(differences) or f"{len(records)} records are equal")
    sys.exit(1 if differences else 0)
