"""Reads and writes SafeTensors files with the library of that name.

Usage: python safetensors_interop.py read FILE EXPECTED.json
       python safetensors_interop.py write FILE CONTENTS.json
       python safetensors_interop.py load FILE...

The JSON files hold {"metadata": {...}, "tensors": {NAME: {"dtype", "shape", "hex"}}}: hex digits of the little-endian values.
`read` compares with EXPECTED, prints what differs and exits with 1; `write` writes CONTENTS; `load` prints a line for each
file, "ok" or what is wrong with it.
"""

import json
import sys

import ml_dtypes  # comes with TensorFlow
import numpy as np
from safetensors import SafetensorError, deserialize, safe_open
from safetensors.numpy import save_file

NAMES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "int16": "I16", "uint16": "U16", "float16": "F16", "bfloat16": "BF16", "int32": "I32",
    "uint32": "U32", "float32": "F32", "complex64": "C64", "float64": "F64", "int64": "I64", "uint64": "U64",
}


def read(path, expected):
    """Returns a list of differences between a file and its description."""
    with open(path, "rb") as file:
        found = dict(deserialize(file.read()))
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
    tensors = expected["tensors"]
    differences = [] if metadata == expected["metadata"] else [f"metadata: {metadata}"]
    differences += [f"{name}: only expected" for name in tensors.keys() - found.keys()]
    differences += [f"{name}: only in the file" for name in found.keys() - tensors.keys()]
    for name in sorted(tensors.keys() & found.keys()):
        about, is_there = tensors[name], found[name]
        wanted = (NAMES[about["dtype"]], about["shape"], about["hex"])
        if wanted != (is_there["dtype"], list(is_there["shape"]), bytes(is_there["data"]).hex()):
            differences.append(f"{name}: type, shape or values differ")
    return differences


def write(path, contents):
    tensors = {}
    for name, about in contents["tensors"].items():
        dtype = ml_dtypes.bfloat16 if about["dtype"] == "bfloat16" else about["dtype"]
        tensors[name] = np.frombuffer(bytes.fromhex(about["hex"]), dtype).reshape(about["shape"])
    save_file(tensors, path, contents["metadata"])


def load(path):
    try:
        with open(path, "rb") as file:
            deserialize(file.read())
        return "ok"
    except SafetensorError as error:
        return str(error)


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    if command == "load":
        print("\n".join(load(path) for path in paths))
        sys.exit(0)
    with open(paths[1]) as file:
        about = json.load(file)
    if command == "write":
        write(paths[0], about)
        sys.exit(0)
    differences = read(paths[0], about)
    print("\n".join(differences) or f"{len(about['tensors'])} tensors are equal")
    sys.exit(1 if differences else 0)
