"""Golden values for packages/kernels/src/ctc: losses and gradients of PyTorch's ctc_loss on 200 random cases.

Logits are not stored: `numbers` is the generator of packages/kernels/src/testing/close.ts, so a case is its sizes, lengths, labels and
a seed. Of the gradient, one number an item is stored, its sum weighted by other such numbers, and all of it for the first cases.
Items that no path spells have PyTorch's zero_infinity. Loss = sum(loss[item] * itemWeights[item]).

usage: python tools/golden/ctc.py > packages/kernels/src/ctc/golden/ctc.json
"""
import json
import random

import numpy
import torch
import torch.nn.functional as F

SEED = 7
CASES = 200
WHOLE_GRADIENTS = 8
LOGIT_RANGE = 4
M = 0xFFFFFFFF


def mix(x, shift, factor):
    return ((x ^ (x >> shift)) * factor) & M


def numbers(length, seed, low=-1.0, high=1.0):
    out = numpy.empty(length, numpy.float32)
    for i in range(length):
        x = ((i + 1) * 0x9E3779B1 & M) ^ ((seed + 1) * 0x85EBCA6B & M)
        x = mix(mix(x, 16, 0x7FEB352D), 15, 0x846CA68B)
        out[i] = low + (x ^ (x >> 16)) * ((high - low) / 2**32)
    return torch.from_numpy(out)


def rounded(values):
    return [float(f"{value:.7g}") for value in values.detach().flatten().tolist()]


def draw(rng, index):
    small = index < WHOLE_GRADIENTS
    batch = rng.randint(1, 2 if small else 3)
    steps = rng.randint(1, 6) if small else rng.choice([1, 2, 5, 9, 16, 33, 50, 70])
    classes = rng.randint(2, 4) if small else rng.choice([2, 3, 7, 8, 17, 21, 40])
    blank = rng.choice([0, 0, classes - 1, rng.randrange(classes)])
    # As many labels as fit with room, hardly, or sometimes not at all.
    width = rng.randint(0, max(1, min(20, steps * rng.choice([1, 2, 4]) // 3)))
    symbols = [symbol for symbol in range(classes) if symbol != blank]
    few = symbols[: rng.choice([1, 2, len(symbols)])]
    label_lengths = [rng.randint(0, width) for _ in range(batch)]
    logit_lengths = [rng.choice([steps, rng.randint(1, steps)]) for _ in range(batch)]
    labels = [[rng.choice(few) for _ in range(length)] for length in label_lengths]
    return {"steps": steps, "classes": classes, "blank": blank, "logitLengths": logit_lengths, "labels": labels}


def solve(case, index):
    batch, steps, classes = len(case["labels"]), case["steps"], case["classes"]
    size = steps * classes
    logits = numbers(batch * size, 3 * index, -LOGIT_RANGE, LOGIT_RANGE).reshape(batch, steps, classes).requires_grad_()
    width = max(1, max(map(len, case["labels"])))
    targets = torch.tensor([row + [case["blank"]] * (width - len(row)) for row in case["labels"]])
    lengths = torch.tensor(case["logitLengths"]), torch.tensor([len(row) for row in case["labels"]])
    losses = F.ctc_loss(F.log_softmax(logits, 2).transpose(0, 1), targets, *lengths, blank=case["blank"], reduction="none",
                        zero_infinity=True)
    (gradient,) = torch.autograd.grad((losses * numbers(batch, 3 * index + 1)).sum(), logits)
    weighted = (gradient.reshape(batch, size) * numbers(batch * size, 3 * index + 2).reshape(batch, size)).sum(1)
    case |= {"loss": rounded(losses), "weightedGradient": rounded(weighted)}
    if index < WHOLE_GRADIENTS:
        case["gradient"] = rounded(gradient)
    return case


rng = random.Random(SEED)
print(json.dumps({
    "source": "PyTorch ctc_loss", "version": torch.__version__, "command": "python tools/golden/ctc.py", "seed": SEED,
    "logitRange": LOGIT_RANGE, "cases": [solve(draw(rng, index), index) for index in range(CASES)],
}))
