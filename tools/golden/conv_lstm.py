"""Golden values for packages/kernels/src/conv-lstm: a loop over the steps in PyTorch, with its autograd.

usage: python3 tools/golden/conv_lstm.py > packages/kernels/src/conv-lstm/golden/conv-lstm.json
Inputs are those of packages/kernels/src/testing/close.ts, with the seeds and ranges of conv-lstm.test.ts; the loss is the sum of
outputs, last hidden state and last cell, each weighted by numbers of seed 20, 21 and 22.
"""

import json

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
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


def listed(*tensors):
    return [[float(f"{v:.7g}") for v in t.detach().flatten().tolist()] for t in tensors]


def conv_lstm(name, sizes, kernel_size=(3, 3), pad="valid", stride=1, dilation=1, peepholes=False, state=False, sequences=True):
    batch, steps, height, width, channels, filters = sizes
    x = numbers([batch, steps, height, width, channels], 1)
    w, u = numbers([*kernel_size, channels, 4 * filters], 2, -0.4, 0.4), numbers([*kernel_size, filters, 4 * filters], 3, -0.25, 0.25)
    b = numbers([4 * filters], 4)
    # PyTorch pads evenly, as TensorFlow does for odd filters.
    around = [d * (k - 1) // 2 for k, d in zip(kernel_size, (dilation, dilation))] if pad == "same" else [0, 0]
    size = [(n + 2 * p - dilation * (k - 1) - 1) // stride + 1 for n, p, k in zip((height, width), around, kernel_size)]
    leaves = [x, w, u, b]
    p = numbers([*size, 3 * filters], 9) if peepholes else None
    h0, c0 = (numbers([batch, *size, filters], seed) if state else torch.zeros(batch, *size, filters) for seed in (5, 6))
    leaves += ([p] if peepholes else []) + ([h0, c0] if state else [])
    for leaf in leaves:
        leaf.requires_grad_()

    def seen(gate, cell):
        return p[..., gate * filters : (gate + 1) * filters] * cell if peepholes else 0

    h, c, outputs = h0, c0, []
    for t in range(steps):
        z = F.conv2d(first(x[:, t]), w.permute(3, 2, 0, 1), b, stride, around, dilation)
        z = z + F.conv2d(first(h), u.permute(3, 2, 0, 1), None, 1, [k // 2 for k in kernel_size])
        i, f, g, o = last(z).chunk(4, 3)
        i, f = torch.sigmoid(i + seen(0, c)), torch.sigmoid(f + seen(1, c))
        c = f * c + i * torch.tanh(g)
        h = torch.sigmoid(o + seen(2, c)) * torch.tanh(c)
        outputs.append(h)
    output = torch.stack(outputs, 1) if sequences else h
    loss = sum((result * numbers(result.shape, 20 + k)).sum() for k, result in enumerate((output, h, c)))
    options = {"kernelSize": kernel_size, "pad": pad, "strides": stride, "dilations": dilation}
    options |= {"peepholes": peepholes, "state": state, "returnSequences": sequences}
    results = {"outputs": listed(output, h, c), "gradients": listed(*torch.autograd.grad(loss, leaves))}
    return {"name": name, "sizes": sizes, "options": options, **results}


print(json.dumps({
    "source": "PyTorch conv2d and autograd in a loop", "version": torch.__version__.split("+")[0], "command": "python3 tools/golden/conv_lstm.py",
    "seed": "of testing/close.ts",
    "cases": [
        conv_lstm("same", [2, 3, 4, 5, 2, 3], pad="same", state=True),
        conv_lstm("peepholes", [2, 3, 4, 3, 2, 3], pad="same", peepholes=True, state=True),
        conv_lstm("valid, strides 2, last", [2, 3, 7, 5, 1, 2], stride=2, sequences=False),
        conv_lstm("dilation 2, peepholes, last", [1, 3, 7, 6, 2, 2], dilation=2, peepholes=True, sequences=False),
    ],
}))
