"""TensorFlow computes with the graphs in folders given as arguments, and prints how far each is from what is expected.

A folder has case.json (names of the input and of the logits, shape of the images), images.f32 and logits.f32 with raw numbers,
graph.pb with the checkpoint model.ckpt, and frozen graphs under further names *.pb. Prints a list, one object a folder: the root
mean square of the expected logits, and the largest difference by file. Fails if graph.pb and the checkpoint have other variables.
"""
import gc
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow.compat.v1 as tf


def logits_of(path, case, images, checkpoint=None):
    """Logits of a graph, whose variables come from a checkpoint if there is one."""
    graph_def = tf.GraphDef()
    with open(path, "rb") as file:
        graph_def.ParseFromString(file.read())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf.Session() as session:
            if checkpoint:
                names = [node.name for node in graph_def.node if node.op == "VariableV2"]
                reader = tf.train.NewCheckpointReader(checkpoint)
                stored = reader.get_variable_to_shape_map()
                assert sorted(names) == sorted(stored), "graph and checkpoint have other variables"
                variables = {name: graph.get_tensor_by_name(name + ":0") for name in names}
                for name, variable in variables.items():
                    assert variable.shape.as_list() == stored[name], f"{name} has another shape"
                tf.train.Saver(variables).restore(session, checkpoint)
            return session.run(case["logits"] + ":0", {case["input"] + ":0": images})


def compare(folder):
    with open(f"{folder}/case.json") as file:
        case = json.load(file)
    images = np.fromfile(f"{folder}/images.f32", np.float32).reshape(case["shape"])
    expected = np.fromfile(f"{folder}/logits.f32", np.float32)
    differences = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".pb"):
            checkpoint = f"{folder}/model.ckpt" if name == "graph.pb" else None
            logits = logits_of(f"{folder}/{name}", case, images, checkpoint)
            assert logits.size == expected.size, f"{name} gives {logits.shape}"
            differences[name] = float(np.max(np.abs(logits.ravel() - expected)))
            gc.collect()
    return {"rms": float(np.sqrt(np.mean(np.square(expected, dtype=np.float64)))), "differences": differences}


print(json.dumps([compare(folder) for folder in sys.argv[1:]]))
