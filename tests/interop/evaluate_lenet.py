"""Evaluates a LeNet checkpoint with TensorFlow and tf_slim: python evaluate_lenet.py CHECKPOINT TFRECORD OUT.json

Writes {"logits": [[...], ...], "labels": [...]} of all images, with the preprocessing of TF-Slim's lenet: (x - 128) / 128.
"""
import json
import sys

import tensorflow.compat.v1 as tf
import tf_slim as slim

checkpoint, records, out = sys.argv[1:]
tf.disable_eager_execution()

features = {
    "image/encoded": tf.io.FixedLenFeature((), tf.string),
    "image/class/label": tf.io.FixedLenFeature((), tf.int64),
}
parsed = [tf.io.parse_single_example(r, features) for r in tf.io.tf_record_iterator(records)]
images = tf.stack([tf.image.decode_png(p["image/encoded"], channels=1) for p in parsed])
labels = tf.stack([p["image/class/label"] for p in parsed])

with tf.variable_scope("LeNet"):
    x = (tf.reshape(tf.cast(images, tf.float32), [-1, 28, 28, 1]) - 128.0) / 128.0
    x = slim.conv2d(x, 32, [5, 5], scope="conv1")
    x = slim.max_pool2d(x, [2, 2], 2, scope="pool1")
    x = slim.conv2d(x, 64, [5, 5], scope="conv2")
    x = slim.max_pool2d(x, [2, 2], 2, scope="pool2")
    x = slim.fully_connected(slim.flatten(x), 1024, scope="fc3")
    logits = slim.fully_connected(x, 10, activation_fn=None, scope="fc4")

with tf.Session() as session:
    tf.train.Saver(tf.global_variables()).restore(session, checkpoint)
    values = session.run([logits, labels])
with open(out, "w") as file:
    json.dump({"logits": values[0].tolist(), "labels": values[1].tolist()}, file)
