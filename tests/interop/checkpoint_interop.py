"""Reads a checkpoint with TensorFlow and compares it with what it should hold.

Usage: python checkpoint_interop.py PREFIX EXPECTED.json

EXPECTED.json maps each tensor's name to {"dtype", "shape", "hex"}: hex digits of the little-endian values, or a list of them for
strings. Names, types, shapes and bytes must be equal, through the checkpoint reader and through the op that restores variables.
Prints what differs and exits with 1, or prints the number of tensors and exits with 0.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf


def compare(prefix, expected):
    """Returns a list of differences between a checkpoint and its description."""
    reader = tf.train.load_checkpoint(prefix)
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    listed = dict(tf.train.list_variables(prefix))
    differences = [f"{name}: only expected" for name in expected.keys() - shapes.keys()]
    differences += [f"{name}: only in the checkpoint" for name in shapes.keys() - expected.keys()]
    for name in sorted(expected.keys() & shapes.keys()):
        about = expected[name]
        if dtypes[name].name != about["dtype"]:
            differences.append(f"{name}: {dtypes[name].name} instead of {about['dtype']}")
            continue
        if not list(shapes[name]) == list(listed[name]) == about["shape"]:
            differences.append(f"{name}: shape {shapes[name]} instead of {about['shape']}")
        restored = tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=[name], shape_and_slices=[""], dtypes=[dtypes[name]])[0]
        for way, value in (("reader", reader.get_tensor(name)), ("op", restored.numpy())):
            if digits(value, about["dtype"]) != about["hex"]:
                differences.append(f"{name}: values differ ({way})")
    return differences


def digits(value, dtype):
    array = np.asarray(value, dtype=object if dtype == "string" else None)
    if dtype == "string":
        return [item.hex() for item in array.reshape(-1).tolist()]
    return array.tobytes().hex()


if __name__ == "__main__":
    prefix, expected = sys.argv[1:]
    with open(expected) as file:
        tensors = json.load(file)
    differences = compare(prefix, tensors)
    if tf.train.latest_checkpoint(os.path.dirname(prefix)) not in (prefix, None):
        differences.append(f"the latest checkpoint is {tf.train.latest_checkpoint(os.path.dirname(prefix))}")
    print("\n".join(differences) or f"{len(tensors)} tensors are equal")
    sys.exit(1 if differences else 0)
