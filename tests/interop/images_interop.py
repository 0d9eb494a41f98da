"""What TensorFlow's image operations make of the pictures and operations of a JSON file; writes the results to another.

Usage: python images_interop.py CASES RESULTS
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf


def compute(case):
    image = np.array(case["pixels"], np.uint8).reshape(case["shape"])
    x = tf.image.convert_image_dtype(tf.constant(image), tf.float32)
    for name, *arguments in case["steps"]:
        if name == "resize":
            height, width, method, align_corners = arguments
            x = tf.compat.v1.image.resize_images(x, [height, width], method, align_corners=align_corners)
        elif name == "crop":
            y, left, height, width = arguments
            x = x[y:y + height, left:left + width]
        elif name == "crop_or_pad":
            x = tf.image.resize_with_crop_or_pad(x, *arguments)
        elif name == "flip":
            x = tf.image.flip_left_right(x)
        elif name == "b":
            x = tf.image.adjust_brightness(x, *arguments)
        elif name == "s":
            x = tf.image.adjust_saturation(x, *arguments)
        elif name == "h":
            x = tf.image.adjust_hue(x, *arguments)
        elif name == "c":
            x = tf.image.adjust_contrast(x, *arguments)
        elif name == "standardize":
            x = tf.image.per_image_standardization(x)
    return x.numpy().ravel().tolist()


cases, results = sys.argv[1:]
with open(cases) as file:
    made = [compute(case) for case in json.load(file)]
with open(results, "w") as file:
    json.dump(made, file)
