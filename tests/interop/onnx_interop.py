"""Checks and runs ONNX models with the libraries of the format's makers.

Usage: python onnx_interop.py run MODEL IMAGES SHAPE RESULTS

`run` checks the model with onnx.checker, shapes and types included, feeds its input from IMAGES (float32, [n, height, width,
channels], SHAPE as numbers with commas) and writes all outputs to RESULTS (float32), one after another in the graph's order;
it prints their names and shapes as JSON.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime


def run(model, images, shape, results):
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    values = np.fromfile(images, np.float32).reshape([int(d) for d in shape.split(",")]).transpose(0, 3, 1, 2)
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(names, {"input": np.ascontiguousarray(values)})
    with open(results, "wb") as file:
        for output in outputs:
            file.write(np.ascontiguousarray(output, np.float32).tobytes())
    about = {
        "inputs": {i.name: i.shape for i in session.get_inputs()},
        "outputs": {name: list(output.shape) for name, output in zip(names, outputs)},
        "metadata": session.get_modelmeta().custom_metadata_map,
    }
    print(json.dumps(about))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"run": run}[command](*arguments)
