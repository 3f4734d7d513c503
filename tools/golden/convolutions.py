"""Golden values for packages/kernels: PyTorch's convolutions, pooling and batch normalisation with their gradients.

usage: python3 tools/golden/convolutions.py conv2d|conv3d|depthwise|pool|batch-norm > packages/kernels/src/NAME/golden/NAME.json
Inputs are those of packages/kernels/src/testing/close.ts: x of seed 1, weights of seed 2, bias of seed 3, gradients of the last seed.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F


def numbers(shape, seed, low=-1.0, high=1.0):
    i = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint32)
    x = (i * np.uint32(0x9E3779B1)) ^ np.uint32((seed + 1) * 0x85EBCA6B & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    x = x ^ (x >> np.uint32(16))
    return torch.from_numpy((low + x.astype(np.float64) * ((high - low) / 2**32)).astype(np.float32).reshape(shape))


def first(x):
    return x.movedim(-1, 1)


def last(x):
    return x.movedim(1, -1)


def listed(*tensors):
    return [[float(f"{v:.7g}") for v in t.detach().flatten().tolist()] for t in tensors]


ACTIVATIONS = {"linear": lambda v: v, "relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu6": F.relu6}


def conv(name, x_shape, filter_shape, stride=1, pad=0, dilation=1, activation="linear"):
    x, w, b = numbers(x_shape, 1), numbers(filter_shape, 2), numbers([filter_shape[-1]], 3)
    for t in (x, w, b):
        t.requires_grad_()
    convolve = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[len(x_shape)]
    y = last(ACTIVATIONS[activation](convolve(first(x), w.movedim((-1, -2), (0, 1)), b, stride, pad, dilation)))
    y.backward(numbers(y.shape, 4))
    options = {"strides": stride, "pad": pad or "valid", "dilations": dilation, "activation": activation}
    return {"name": name, "x": x_shape, "filter": filter_shape, "options": options, "results": listed(y, x.grad, w.grad, b.grad)}


def depthwise(name, x_shape, filter_shape, stride=1, pad=0, dilation=1, activation="linear"):
    rows, cols, channels, multiplier = filter_shape
    x, w, b = numbers(x_shape, 1), numbers(filter_shape, 2), numbers([channels * multiplier], 3)
    for t in (x, w, b):
        t.requires_grad_()
    groups = w.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, cols)
    y = last(ACTIVATIONS[activation](F.conv2d(first(x), groups, b, stride, pad, dilation, channels)))
    y.backward(numbers(y.shape, 4))
    options = {"strides": stride, "pad": pad or "valid", "dilations": dilation, "activation": activation}
    return {"name": name, "x": x_shape, "filter": filter_shape, "options": options, "results": listed(y, x.grad, w.grad, b.grad)}


def pool(name, kind, x_shape, size, strides, pad):
    x = numbers(x_shape, 1).requires_grad_()
    largest, mean = (F.max_pool2d, F.avg_pool2d) if len(x_shape) == 4 else (F.max_pool3d, F.avg_pool3d)
    y = largest(first(x), size, strides, pad) if kind == "max" else mean(first(x), size, strides, pad, count_include_pad=False)
    y = last(y)
    y.backward(numbers(y.shape, 2))
    return {"name": name, "kind": kind, "x": x_shape, "size": size, "strides": strides, "pad": pad, "results": listed(y, x.grad)}


def norm(name, x_shape, activation):
    channels = x_shape[-1]
    x, gamma, beta = numbers(x_shape, 1, -1, 3), numbers([channels], 2, 0.5, 2), numbers([channels], 3)
    for t in (x, gamma, beta):
        t.requires_grad_()
    y = ACTIVATIONS[activation](F.batch_norm(x.reshape(-1, channels), None, None, gamma, beta, True, 0, 1e-3)).reshape(x_shape)
    y.backward(numbers(x_shape, 4))
    flat = x.detach().reshape(-1, channels)
    results = listed(y, flat.mean(0), flat.var(0, unbiased=False), x.grad, gamma.grad, beta.grad)
    return {"name": name, "x": x_shape, "activation": activation, "results": results}


ROOMS = {
    "conv2d": lambda: [
        conv("3x3, padded, relu", [2, 4, 5, 2], [3, 3, 2, 3], pad=1, activation="relu"),
        conv("strides 2, tanh", [1, 7, 6, 3], [3, 2, 3, 2], stride=2, activation="tanh"),
        conv("dilation 2, sigmoid", [1, 6, 7, 2], [3, 2, 2, 2], dilation=2, activation="sigmoid"),
        conv("over time, dilation 3, relu", [2, 11, 3], [3, 3, 4], dilation=3, activation="relu"),
        conv("over time, strides 2", [1, 9, 2], [4, 2, 5], stride=2),
    ],
    "conv3d": lambda: [
        conv("3x3x3, relu", [1, 4, 4, 5, 2], [3, 3, 3, 2, 2], activation="relu"),
        conv("strides 2, 1, 2, tanh", [1, 4, 4, 5, 2], [2, 2, 3, 2, 3], stride=[2, 1, 2], activation="tanh"),
        conv("dilation 2, 1, 2, sigmoid", [1, 5, 3, 5, 2], [2, 2, 2, 2, 2], dilation=[2, 1, 2], activation="sigmoid"),
    ],
    "depthwise": lambda: [
        depthwise("3x3, padded, relu", [1, 4, 5, 3], [3, 3, 3, 1], pad=1, activation="relu"),
        depthwise("dilation 2, two filters a channel, tanh", [1, 7, 6, 3], [3, 2, 3, 2], dilation=2, activation="tanh"),
        depthwise("strides 2, dilation 2", [1, 8, 7, 2], [3, 3, 2, 2], stride=2, dilation=2),
    ],
    "pool": lambda: [
        pool("maximum, windows apart", "max", [1, 4, 6, 3], [2, 2], [2, 2], 0),
        pool("maximum, overlapping, padded", "max", [1, 5, 6, 2], [3, 3], [2, 2], 1),
        pool("mean, overlapping, padded", "average", [1, 5, 6, 2], [3, 3], [2, 2], 1),
        pool("maximum, 3-D", "max", [1, 4, 4, 5, 2], [2, 2, 2], [2, 2, 2], 0),
        pool("maximum, 3-D, overlapping, padded", "max", [1, 4, 5, 3, 2], [3, 2, 3], [1, 2, 2], 1),
        pool("mean, 3-D, overlapping, padded", "average", [1, 4, 5, 3, 2], [3, 2, 3], [1, 2, 2], 1),
    ],
    "batch-norm": lambda: [norm("linear", [2, 3, 4, 3], "linear"), norm("relu", [3, 2, 2, 5], "relu")],
}
room = sys.argv[1]
head = {"source": "PyTorch", "version": torch.__version__.split("+")[0], "command": f"python3 tools/golden/convolutions.py {room}", "seed": 1}
print(json.dumps({**head, "cases": ROOMS[room]()}))
