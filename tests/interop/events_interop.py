"""Prints what TensorBoard shows of a folder with event files, as JSON.

Usage: python events_interop.py DIRECTORY

"scalars" and "texts" have a list of [step, value] for each tag (values that JSON has no number for as strings), "histograms"
[step, min, max, num, sum, bucket limits, buckets], "images" [step, width, height, bytes as hex digits].
"""

import json
import math
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def histogram(event):
    h = event.histogram_value
    return [event.step, h.min, h.max, h.num, h.sum, list(h.bucket_limit), list(h.bucket)]


if __name__ == "__main__":
    events = EventAccumulator(sys.argv[1], {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    shown = {
        "scalars": {
            tag: [[e.step, e.value if math.isfinite(e.value) else str(e.value)] for e in events.Scalars(tag)]
            for tag in tags["scalars"]
        },
        "histograms": {tag: [histogram(e) for e in events.Histograms(tag)] for tag in tags["histograms"]},
        "images": {
            tag: [[e.step, e.width, e.height, e.encoded_image_string.hex()] for e in events.Images(tag)]
            for tag in tags["images"]
        },
        "texts": {
            tag: [[e.step, e.tensor_proto.string_val[0].decode()] for e in events.Tensors(tag)]
            for tag in tags["tensors"]
        },
    }
    print(json.dumps(shown))
