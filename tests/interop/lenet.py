"""LeNet as TF-Slim has it, on all images of a file, for the scripts of this folder; graph mode, no dropout."""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow.compat.v1 as tf
import tf_slim as slim


def read(records):
    """Images [n, 28, 28, 1] as TF-Slim's lenet takes them, (x - 128) / 128, and labels [n], of a TFRecord file."""
    features = {
        "image/encoded": tf.io.FixedLenFeature((), tf.string),
        "image/class/label": tf.io.FixedLenFeature((), tf.int64),
    }
    parsed = [tf.io.parse_single_example(r, features) for r in tf.io.tf_record_iterator(records)]
    images = tf.stack([tf.image.decode_png(p["image/encoded"], channels=1) for p in parsed])
    labels = tf.stack([p["image/class/label"] for p in parsed])
    return (tf.reshape(tf.cast(images, tf.float32), [-1, 28, 28, 1]) - 128.0) / 128.0, labels


def logits_of(images):
    """Logits [n, 10]."""
    with tf.variable_scope("LeNet"):
        x = slim.conv2d(images, 32, [5, 5], scope="conv1")
        x = slim.max_pool2d(x, [2, 2], 2, scope="pool1")
        x = slim.conv2d(x, 64, [5, 5], scope="conv2")
        x = slim.max_pool2d(x, [2, 2], 2, scope="pool2")
        x = slim.fully_connected(slim.flatten(x), 1024, scope="fc3")
        return slim.fully_connected(x, 10, activation_fn=None, scope="fc4")
