"""TensorFlow freezes graphs with its own freeze_graph: python freeze_interop.py FOLDER NET...

NET is lenet, or one of tf_slim's own nets, or the path of a graph without weights. Writes into FOLDER/NUMBER/ graph.pb, the
checkpoint model.ckpt with random variables, frozen.pb, images.f32 and logits.f32 with raw numbers, and case.json: the names of
the input and of the logits, the shape of the images.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow.compat.v1 as tf
import tf_slim as slim
from keras.src.legacy_tf_layers import normalization
from tensorflow.python.tools import freeze_graph
from tf_slim.nets import inception_v1, resnet_v1

import lenet

# TensorFlow 2.15 looks for this module in a package that it does not depend on.
sys.modules["tf_keras.legacy_tf_layers.normalization"] = normalization
tf.disable_v2_behavior()
tf.disable_resource_variables()


def slim_lenet(images):
    return lenet.logits_of(images)


def slim_inception_v1(images):
    with slim.arg_scope(inception_v1.inception_v1_arg_scope()):
        return inception_v1.inception_v1(images, num_classes=11, is_training=False)[0]


def slim_resnet_v1_50(images):
    with slim.arg_scope(resnet_v1.resnet_arg_scope()):
        return tf.squeeze(resnet_v1.resnet_v1_50(images, num_classes=11, is_training=False)[0], [1, 2])


SLIM = {
    "lenet": ([None, 28, 28, 1], slim_lenet),
    "inception_v1": ([None, 224, 224, 3], slim_inception_v1),
    "resnet_v1_50": ([None, 65, 65, 3], slim_resnet_v1_50),
}


def build(net):
    """Puts a net into the default graph; the names of its input and its logits."""
    if net in SLIM:
        shape, logits_of = SLIM[net]
        images = tf.placeholder(tf.float32, shape, "input")
        return images.op.name, logits_of(images).op.name
    graph_def = tf.GraphDef()
    with open(net, "rb") as file:
        graph_def.ParseFromString(file.read())
    tf.import_graph_def(graph_def, name="")
    ends = [node.name for node in graph_def.node if node.op in ("Squeeze", "BiasAdd")]
    return next(node.name for node in graph_def.node if node.op == "Placeholder"), ends[-1]


def values_of(name, shape, random):
    """Weights that keep the size of what they are given, and everything else off its initial value."""
    if name.endswith("weights"):
        fan_in = np.prod(shape[:2]) if "depthwise" in name else np.prod(shape[:-1])
        return random.normal(0, np.sqrt(2 / fan_in), shape)
    return random.uniform(0.5, 1.5, shape) if name.endswith(("gamma", "moving_variance")) else random.uniform(-0.2, 0.2, shape)


def write(folder, net, random):
    os.makedirs(folder)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        input_name, logits_name = build(net)
        nodes = [node for node in graph.as_graph_def().node if node.op == "VariableV2"]
        variables = {node.name: graph.get_tensor_by_name(node.name + ":0") for node in nodes}
        tf.io.write_graph(graph, folder, "graph.pb", as_text=False)
        fed = {name: tf.placeholder(tf.float32, variable.shape) for name, variable in variables.items()}
        values = {feed: values_of(name, feed.shape.as_list(), random) for name, feed in fed.items()}
        session.run([tf.assign(variables[name], feed) for name, feed in fed.items()], values)
        tf.train.Saver(variables).save(session, f"{folder}/model.ckpt", write_meta_graph=False)
        shape = [2] + graph.get_tensor_by_name(input_name + ":0").shape.as_list()[1:]
        images = random.uniform(-1, 1, shape).astype(np.float32)
        logits = session.run(logits_name + ":0", {input_name + ":0": images})
    images.tofile(f"{folder}/images.f32")
    logits.tofile(f"{folder}/logits.f32")
    freeze_graph.freeze_graph(
        f"{folder}/graph.pb", "", True, f"{folder}/model.ckpt", logits_name, "", "", f"{folder}/frozen.pb", True, ""
    )
    with open(f"{folder}/case.json", "w") as file:
        json.dump({"input": input_name, "logits": logits_name, "shape": shape}, file)


random = np.random.default_rng(7)
for number, net in enumerate(sys.argv[2:]):
    write(f"{sys.argv[1]}/{number}", net, random)
