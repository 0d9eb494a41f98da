"""Trains LeNet with TensorFlow as TF-Slim's script does: python train_lenet.py TFRECORD PREFIX STEPS

Every step takes all images of the file, without dropout, weight decay or label smoothing: RMSProp at 0.01 with TF-Slim's
constants, and moving averages of the variables with decay 0.9. Saves PREFIX-<step> after each step, with the state file.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow.compat.v1 as tf
import tf_slim as slim

records, prefix, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
tf.disable_eager_execution()
tf.set_random_seed(1)

features = {
    "image/encoded": tf.io.FixedLenFeature((), tf.string),
    "image/class/label": tf.io.FixedLenFeature((), tf.int64),
}
parsed = [tf.io.parse_single_example(r, features) for r in tf.io.tf_record_iterator(records)]
images = tf.stack([tf.image.decode_png(p["image/encoded"], channels=1) for p in parsed])
labels = tf.stack([p["image/class/label"] for p in parsed])

global_step = slim.create_global_step()
with tf.variable_scope("LeNet"):
    x = (tf.reshape(tf.cast(images, tf.float32), [-1, 28, 28, 1]) - 128.0) / 128.0
    x = slim.conv2d(x, 32, [5, 5], scope="conv1")
    x = slim.max_pool2d(x, [2, 2], 2, scope="pool1")
    x = slim.conv2d(x, 64, [5, 5], scope="conv2")
    x = slim.max_pool2d(x, [2, 2], 2, scope="pool2")
    x = slim.fully_connected(slim.flatten(x), 1024, scope="fc3")
    logits = slim.fully_connected(x, 10, activation_fn=None, scope="fc4")

loss = tf.losses.softmax_cross_entropy(tf.one_hot(labels, 10), logits)
optimizer = tf.train.RMSPropOptimizer(0.01, decay=0.9, momentum=0.9, epsilon=1.0)
averages = tf.train.ExponentialMovingAverage(0.9, global_step)
update = optimizer.minimize(loss)
with tf.control_dependencies([update]):  # the averages follow the updated variables, then the step counts on
    follow = averages.apply(slim.get_model_variables())
with tf.control_dependencies([follow]):
    step = tf.assign_add(global_step, 1)

saver = tf.train.Saver(max_to_keep=None)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for _ in range(steps):
        session.run(step)
        saver.save(session, prefix, global_step=global_step, write_meta_graph=False)
