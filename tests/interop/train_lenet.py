"""Trains LeNet with TensorFlow as TF-Slim's script does: python train_lenet.py TFRECORD PREFIX STEPS

Every step takes all images of the file, without dropout, weight decay or label smoothing: RMSProp at 0.01 with TF-Slim's
constants, and moving averages of the variables with decay 0.9. Saves PREFIX-<step> after each step, with the state file.
"""
import sys

from lenet import logits_of, read, slim, tf

records, prefix, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
tf.disable_eager_execution()
tf.set_random_seed(1)

images, labels = read(records)
global_step = slim.create_global_step()
logits = logits_of(images)
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
