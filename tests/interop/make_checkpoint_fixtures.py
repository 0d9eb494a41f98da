"""Writes the checkpoints of tests/fixtures/checkpoints with TensorFlow, and what they hold.

Usage: python make_checkpoint_fixtures.py DIRECTORY

Four folders: both formats, each in one file and in two shards, with every data type that the format can hold, partitioned
variables, zero-size tensors, special values. `contents.json` lists names, types, shapes and values as the golden runner reads them.
"""

import json
import math
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1

COMMON = ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"]
ONLY_V2 = ["bfloat16", "uint16", "uint32", "uint64", "complex64", "complex128"]
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e-45, 3.4028235e38]


def number(x):
    """A float as JSON can hold it: the shortest digits, or a name."""
    if math.isfinite(x):
        return float(np.format_float_scientific(x, unique=True)) if isinstance(x, np.float32) else float(x)
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def describe(value, dtype):
    flat = value.reshape(-1)
    about = {"dtype": dtype, "shape": list(value.shape)}
    if dtype == "string":
        return about | {"values_hex": [x.hex() for x in flat.tolist()]}
    if dtype in ("int64", "uint64"):
        return about | {"values": [str(x) for x in flat.tolist()]}
    if dtype.startswith("complex"):
        return about | {"values": [[number(x.real), number(x.imag)] for x in flat]}
    if dtype == "bool" or "int" in dtype:
        return about | {"values": flat.tolist()}
    if flat.size <= 64:
        return about | {"values": [number(x) for x in flat]}
    index = np.linspace(0, flat.size - 1, 20).astype(int).tolist()
    wide = flat.astype(np.float64)
    sums = {"sum": float(wide.sum()), "sum_abs": float(np.abs(wide).sum())}
    return about | {"sample_index": index, "sample_values": [number(flat[i]) for i in index]} | sums


def numeric(random, dtype, shape):
    if dtype == "bool":
        return random.integers(0, 2, size=shape).astype(bool)
    if "int" in dtype:
        limits = np.iinfo(dtype)
        values = random.integers(limits.min, limits.max, size=shape, dtype=dtype, endpoint=True)
        values.reshape(-1)[:2] = [limits.min, limits.max]
        return values
    if dtype.startswith("complex"):
        return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(dtype)
    return random.standard_normal(shape).astype(tf.bfloat16.as_numpy_dtype if dtype == "bfloat16" else dtype)


def strings(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def make(directory, version, shards):
    """Writes one checkpoint; TensorFlow's saver makes a shard of each device that is named."""
    random = np.random.default_rng(7)
    types = COMMON + (ONLY_V2 if version == v1.train.SaverDef.V2 else [])
    values = {f"scope/{dtype}": (numeric(random, dtype, [2, 3]), dtype) for dtype in types}
    values["global_step"] = (np.array(1234567890123, dtype="int64"), "int64")
    values["specials"] = (np.array(SPECIAL, dtype="float32"), "float32")
    values["zero_size"] = (np.zeros([0, 3], dtype="float32"), "float32")
    values["modèle/✓/weights"] = (random.standard_normal([5, 5, 3, 8]).astype("float32"), "float32")
    if version == v1.train.SaverDef.V2:
        values["strings"] = (strings([b"", b"a", b"\0\xff\x80", b"x" * 300, "ü✓".encode()]), "string")
        values["no_strings"] = (strings([]), "string")
    partitioned = {"rows": ([70, 3], 0, 3), "columns": ([2, 130], 1, 2), "middle": ([3, 4, 5], 1, 2), "far": ([9000, 1], 0, 2)}
    with tf.Graph().as_default() as graph:
        variables = {}
        for i, (name, (value, dtype)) in enumerate(values.items()):
            initial = tf.constant(value.tolist() if dtype == "string" else value, dtype=dtype, shape=value.shape)
            with tf.device("/cpu:0" if i % shards else None):
                variables[name] = v1.Variable(initial, use_resource=False)
        for name, (shape, axis, parts) in partitioned.items():
            value = random.standard_normal(shape).astype("float32")
            values[name] = (value, "float32")

            def part(shape, dtype, partition_info, value=value):
                return value[tuple(slice(at, at + n) for at, n in zip(partition_info.var_offset, shape))]

            with tf.device("/cpu:0" if shards > 1 else None):
                variables[name] = v1.get_variable(
                    name, shape, tf.float32, part, partitioner=v1.fixed_size_partitioner(parts, axis), use_resource=False)
        saver = v1.train.Saver(variables, sharded=shards > 1, write_version=version, save_relative_paths=True)
    os.makedirs(directory)
    with v1.Session(graph=graph) as session:
        session.run([variable.initializer for variable in graph.get_collection("variables")])
        saver.save(session, os.path.join(directory, "model.ckpt"), global_step=None if shards > 1 else 7, write_meta_graph=False)
    with open(os.path.join(directory, "contents.json"), "w") as file:
        json.dump({name: describe(*values[name]) for name in sorted(values)}, file, indent=1)



if __name__ == "__main__":
    v1.disable_eager_execution()
    for shards, suffix in ((1, "single"), (2, "two_shards")):
        make(os.path.join(sys.argv[1], f"v2_{suffix}"), v1.train.SaverDef.V2, shards)
        make(os.path.join(sys.argv[1], f"v1_{suffix}"), v1.train.SaverDef.V1, shards)
