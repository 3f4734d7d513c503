"""Golden values for packages/timeseries-forecast/src/metrics/nab.ts: NAB's score of a random corpus by the definitions of Lavin and Ahmad 2015
(arXiv:1510.03336), each threshold tried from scratch: alarms first, then windows and false alarms one after another.

usage: python3 tools/golden/nab.py > packages/timeseries-forecast/src/metrics/golden/nab.json
"""

import json
import math
import random

SEED = 5
rng = random.Random(SEED)
PROFILES = {
    "standard": (1.0, 0.11, 1.0),
    "rewardLowFpRate": (1.0, 0.22, 1.0),
    "rewardLowFnRate": (1.0, 0.11, 2.0),
}


def sigma(y):
    return 2.0 / (1.0 + math.exp(5.0 * y)) - 1.0


def draw_file(rows, windows):
    scores = [round(rng.random(), 2) for _ in range(rows)]  # two digits: many ties
    for start, end in windows:
        scores[rng.randint(start, end)] = round(rng.uniform(0.9, 1.0), 2)
    return {"scores": scores, "windows": windows, "probation": math.floor(0.15 * rows)}


corpus = [
    draw_file(60, [(20, 25), (40, 52)]),
    draw_file(45, []),
    draw_file(80, [(12, 30), (31, 33), (60, 60)]),
]


def file_score(file, threshold, weights):
    tp_weight, fp_weight, fn_weight = weights
    alarms = [i for i, s in enumerate(file["scores"]) if s >= threshold and i >= file["probation"]]
    total = 0.0
    for start, end in file["windows"]:
        inside = [i for i in alarms if start <= i <= end]
        if not inside:
            total -= fn_weight
            continue
        width = end - start + 1
        total += tp_weight * sigma(-(end + 1 - min(inside)) / width) / sigma(-1.0)
    for i in alarms:
        if any(start <= i <= end for start, end in file["windows"]):
            continue
        before = [(start, end) for start, end in file["windows"] if end < i]
        if not before:
            total -= fp_weight
            continue
        start, end = before[-1]
        far = end == start or (i - end) / (end - start) >= 3.0
        total += fp_weight * (-1.0 if far else sigma((i - end) / (end - start)))
    return total


def best(weights):
    thresholds = sorted({s for file in corpus for s in file["scores"]}, reverse=True)
    windows = sum(len(file["windows"]) for file in corpus)
    silent, perfect = -weights[2] * windows, weights[0] * windows
    tried = [(sum(file_score(file, t, weights) for file in corpus), t) for t in thresholds]
    raw, threshold = max(tried, key=lambda pair: (round(pair[0], 9), pair[1]))
    middle = sum(file_score(file, 0.8, weights) for file in corpus)
    return {
        "threshold": threshold,
        "raw": raw,
        "score": 100 * (raw - silent) / (perfect - silent),
        "scoreAt0.8": 100 * (middle - silent) / (perfect - silent),
    }


print(
    json.dumps(
        {
            "source": "Lavin and Ahmad 2015, arXiv:1510.03336, written anew by brute force",
            "version": "NAB v1.1",
            "command": "python3 tools/golden/nab.py > packages/timeseries-forecast/src/metrics/golden/nab.json",
            "seed": SEED,
            "corpus": corpus,
            "profiles": {name: best(weights) for name, weights in PROFILES.items()},
        }
    )
)
