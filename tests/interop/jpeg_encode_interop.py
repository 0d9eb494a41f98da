"""Compares JPEG files with those that TensorFlow makes of the same pixels at quality 100.

Usage: python jpeg_encode_interop.py FOLDER

FOLDER has for each picture HEIGHTxWIDTH_NUMBER.rgb, its pixels, and HEIGHTxWIDTH_NUMBER.jpg. Exits with 1 if a byte differs.
"""

import glob
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

if __name__ == "__main__":
    paths = sorted(glob.glob(f"{sys.argv[1]}/*.rgb"))
    different = []
    for path in paths:
        height, width = map(int, os.path.basename(path).split("_")[0].split("x"))
        pixels = np.fromfile(path, np.uint8).reshape(height, width, 3)
        with open(path.replace(".rgb", ".jpg"), "rb") as file:
            if file.read() != tf.io.encode_jpeg(pixels, format="rgb", quality=100).numpy():
                different.append(os.path.basename(path))
    print(f"{len(paths)} pictures, {len(different)} differ: {', '.join(different)}")
    sys.exit(1 if different or not paths else 0)
