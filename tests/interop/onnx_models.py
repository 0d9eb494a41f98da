"""Writes small ONNX models as other tools export them, with what onnxruntime computes with them.

Usage: python onnx_models.py DIRECTORY NET...

Each NET is one of those that come with the library onnx; their weights are one number throughout, which random ones replace.

For each model: NAME.onnx, NAME.input (float32, [n, height, width, channels]) and NAME.output (float32, all outputs one after
another); cases.json lists the names with the shapes.
"""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Model:
    """Collects nodes and weights; every method returns the name of its result."""

    def __init__(self, opset, shape):
        self.opset, self.shape = opset, shape
        self.nodes, self.weights = [], []
        self.last = []  # all results of the last node
        self.random = np.random.default_rng(len(shape) + opset)

    def const(self, values, dtype=np.float32, typed=False):
        name, values = f"w{len(self.weights)}", np.asarray(values, dtype)
        if typed:  # values in the field of their type in place of raw bytes
            tensor = helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape, values.flatten())
        else:
            tensor = numpy_helper.from_array(values, name)
        self.weights.append(tensor)
        return name

    def rand(self, *shape, scale=None, middle=0.0, typed=False):
        scale = scale or 1.5 / np.sqrt(max(1, np.prod(shape[1:])))
        return self.const(middle + scale * self.random.uniform(-1, 1, shape), typed=typed)

    def __call__(self, op, *inputs, outputs=1, **attributes):
        name = f"{op}_{len(self.nodes)}"
        names = self.last = [name] + [f"{name}_{i}" for i in range(1, outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=name, **attributes))
        return name

    def bn(self, x, c):
        rand = self.rand
        return self("BatchNormalization", x, rand(c, scale=0.5, middle=1), rand(c), rand(c), rand(c, scale=0.5, middle=1), epsilon=1e-3)

    def conv(self, x, i, o, k, groups=1, bias=False, **attributes):
        kh, kw = (k, k) if isinstance(k, int) else k
        weights = [self.rand(o, i // groups, kh, kw)] + ([self.rand(o, scale=0.3)] if bias else [])
        return self("Conv", x, *weights, kernel_shape=[kh, kw], group=groups, **attributes)

    def finish(self, outputs):
        info = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, "g", [info("image", self.shape)], [info(name, [None, None]) for name in outputs], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 7
        onnx.checker.check_model(model)
        return model


def resnet():
    m = Model(13, ["N", 3, 32, 24])
    x = m("Relu", m.bn(m.conv("image", 3, 16, 7, strides=[2, 2], pads=[3, 3, 3, 3]), 16))
    x = m("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for i, o, stride in [(16, 16, 1), (16, 32, 2)]:
        y = m("Relu", m.bn(m.conv(x, i, o, 3, strides=[stride] * 2, pads=[1] * 4), o))
        y = m.bn(m.conv(y, o, o, 3, pads=[1] * 4), o)
        short = x if i == o else m.bn(m.conv(x, i, o, 1, strides=[2, 2]), o)
        x = m("Relu", m("Add", y, short))
    x = m("Flatten", m("GlobalAveragePool", x), axis=1)
    return m.finish([m("Gemm", x, m.rand(10, 32), m.rand(10), transB=1)])


def mobilenet():
    m = Model(14, ["N", 3, 33, 33])
    six = m.const(0.0), m.const(6.0)
    x = m("Clip", m.bn(m.conv("image", 3, 8, 3, strides=[2, 2], pads=[1] * 4), 8), *six)
    x = m("HardSwish", m.bn(m.conv(x, 8, 8, 5, groups=8, strides=[2, 2], pads=[2] * 4), 8))
    y = m("Relu", m.conv(m("GlobalAveragePool", x), 8, 4, 1, bias=True))
    x = m("Mul", x, m("HardSigmoid", m.conv(y, 4, 8, 1, bias=True), alpha=1 / 6, beta=0.5))
    x = m.conv(m.conv(x, 8, 16, 3, groups=8, auto_pad="SAME_LOWER"), 16, 24, 1, bias=True)
    y = m("Clip", m("Add", x, m.const(3.0)), *six)  # as older exporters write hard swish
    x = m("Div", m("Mul", x, y), m.const(6.0))
    x = m("GlobalAveragePool", x)
    n = m("Unsqueeze", m("Gather", m("Shape", x), m.const(0, np.int64), axis=0), m.const([0], np.int64))
    x = m("Reshape", x, m("Concat", n, m.const([-1], np.int64), axis=0))
    x = m("Dropout", x, m.const(0.2))
    logits = m("Gemm", x, m.rand(7, 24), m.rand(1, 7), transB=1, alpha=0.5, beta=2.0)
    return m.finish([logits, m("Softmax", logits)])


def inception():
    m = Model(11, [1, 3, 29, 31])
    x = m("Relu", m.conv("image", 3, 8, 3, bias=True, strides=[2, 2]))
    x = m("LRN", m("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), size=5, alpha=0.5, beta=0.75, bias=1.0)
    branches = [
        m.conv(x, 8, 4, 1, bias=True),
        m.conv(m.conv(x, 8, 4, (1, 7), pads=[0, 3, 0, 3]), 4, 6, (7, 1), pads=[3, 0, 3, 0]),
        m.conv(x, 8, 5, 3, dilations=[2, 2], pads=[2] * 4),
        m.conv(m("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4), 8, 4, 1),
        m("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4, count_include_pad=1),
        m("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], auto_pad="SAME_UPPER"),
        m.conv(x, 8, 4, 2, pads=[0, 1, 1, 0]),
    ]
    x = m("Sigmoid", m("Concat", *branches, axis=1))
    x = m("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    x = m("Reshape", m("Dropout", x), m.const([0, -1], np.int64))  # [n, channels * height * width]
    x = m("Add", m("MatMul", x, m.rand(39 * 4 * 4, 9, typed=True)), m.rand(9))
    return m.finish([m("Softmax", x, axis=1)])


def channels_last():
    """As a converter of TensorFlow's graphs leaves it: images with channels last, transposed at once."""
    m = Model(13, [2, 20, 24, 3])
    x = m("Transpose", "image", perm=[0, 3, 1, 2])
    x = m("Relu", m.conv(x, 3, 8, 3, bias=True, strides=[2, 2], auto_pad="SAME_UPPER"))
    x = m("Transpose", x, perm=[0, 2, 3, 1])
    x = m("Mul", x, m.rand(8, scale=0.5, middle=1))
    x = m("ReduceMean", x, axes=[1, 2], keepdims=1)
    x = m("Add", m("MatMul", m("Squeeze", x, m.const([1, 2], np.int64)), m.rand(8, 6)), m.rand(6))
    return m.finish([m("Softmax", x, axis=-1)])


def odds():
    m = Model(13, [3, 4, 10, 12])
    x = m("Sub", m("Mul", "image", m.rand(4, 1, 1, scale=0.5, middle=1)), m.rand(1, 4, 1, 1))
    x = m("Mul", x, m("Sigmoid", x))
    x = m("Pad", x, m.const([0, 0, 1, 2, 0, 0, 3, 0], np.int64))
    x = m("Slice", x, m.const([2, -9], np.int64), m.const([2**63 - 1, 13], np.int64), m.const([2, 3], np.int64))
    half = m("Cast", m.const(m.random.uniform(-0.3, 0.3, [5, 4, 1, 1]), np.float16, typed=True), to=TensorProto.FLOAT)
    x = m("Conv", x, half)
    x = m("Resize", x, "", m.const([1, 1, 1.5, 2]), mode="linear", coordinate_transformation_mode="half_pixel")
    x = m("Resize", x, "", "", m.const([3, 5, 11, 13], np.int64), mode="linear", coordinate_transformation_mode="align_corners")
    x = m("Resize", x, "", m.const([1, 1, 2, 1]), mode="linear", coordinate_transformation_mode="asymmetric")
    x = m("Sum", x, m("Identity", x), m("Clip", m("Sub", m.const(1.0), x), m.const(-0.5), m.const(0.75)))
    m("Split", x, m.const([2, 3], np.int64), outputs=2, axis=1)
    x = m("Concat", m.last[1], m.last[0], axis=1)
    x = m("GlobalMaxPool", x)
    x = m("Unsqueeze", m("Squeeze", x), m.const([2], np.int64))
    x = m("Transpose", m("Reshape", x, m.const([3, 1, 5], np.int64)), perm=[1, 0, 2])
    x = m("Reshape", x, m.const([3, 5], np.int64))
    return m.finish([m("MatMul", m("Div", x, m.const(2.0)), m("Transpose", m.rand(6, 5), perm=[1, 0]))])


def old():
    """The operators of 2018: bounds and shapes as attributes."""
    m = Model(9, [1, 2, 9, 9])
    x = m("Clip", m.conv("image", 2, 4, 3, bias=True), min=0.0, max=6.0)
    x = m("Upsample", x, m.const([1, 1, 2, 2]), mode="linear")
    x = m("Pad", x, pads=[0, 0, 1, 1, 0, 0, 0, 0])
    x = m("Slice", x, starts=[2], ends=[-1], axes=[3])
    x = m("AveragePool", x, kernel_shape=[4, 4], strides=[3, 3])
    x = m("Unsqueeze", m("ReduceMean", x, axes=[2, 3], keepdims=0), axes=[0])
    return m.finish([m("Softmax", m("Squeeze", x, axes=[0]))])


def zoo(name):
    """A net of the library onnx."""
    model = onnx.load(os.path.join(onnx.__path__[0], "backend", "test", "data", "light", f"light_{name}.onnx"))
    graph, random = model.graph, np.random.default_rng(3)
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "ConstantOfShape"]:
        shape, name = shapes[node.input[0]], node.output[0]
        weights, vector = lambda: random.standard_normal(shape) / np.sqrt(np.prod(shape[1:])), lambda: random.uniform(0.5, 1, shape)
        values = weights() if len(shape) > 1 else vector()
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), name))
        graph.node.remove(node)
    given = {tensor.name for tensor in graph.initializer}
    for value in [value for value in graph.input if value.name in given]:
        graph.input.remove(value)
    model.ir_version = 4  # weights need not be inputs
    return model


def main(directory, nets):
    cases = []
    builders = {build.__name__: build for build in (resnet, mobilenet, inception, channels_last, odds, old)}
    builders.update({name: lambda name=name: zoo(name) for name in nets})
    for name, build in builders.items():
        model, path = build(), os.path.join(directory, name)
        onnx.save(model, path + ".onnx")
        [image] = model.graph.input
        dims = [2 if d.dim_param else d.dim_value for d in image.type.tensor_type.shape.dim]
        images = np.random.default_rng(7).uniform(-1, 1, dims).astype(np.float32)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path + ".onnx", options, providers=["CPUExecutionProvider"])
        outputs = session.run(None, {image.name: images})
        last = images if name == "channels_last" else images.transpose(0, 2, 3, 1)
        np.ascontiguousarray(last).tofile(path + ".input")
        np.concatenate([output.flatten() for output in outputs]).tofile(path + ".output")
        shapes = {value.name: output.shape for value, output in zip(session.get_outputs(), outputs)}
        cases.append({"name": name, "input": last.shape, "outputs": shapes})
    with open(os.path.join(directory, "cases.json"), "w") as file:
        json.dump(cases, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
