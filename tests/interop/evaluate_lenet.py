"""Evaluates a LeNet checkpoint with TensorFlow and tf_slim: python evaluate_lenet.py CHECKPOINT TFRECORD OUT.json

Writes {"logits": [[...], ...], "labels": [...]} of all images, with the preprocessing of TF-Slim's lenet: (x - 128) / 128.
"""
import json
import sys

from lenet import logits_of, read, tf

checkpoint, records, out = sys.argv[1:]
tf.disable_eager_execution()

images, labels = read(records)
logits = logits_of(images)

with tf.Session() as session:
    tf.train.Saver(tf.global_variables()).restore(session, checkpoint)
    values = session.run([logits, labels])
with open(out, "w") as file:
    json.dump({"logits": values[0].tolist(), "labels": values[1].tolist()}, file)
