"""Golden values for packages/core/src/metrics/events.ts: sed_eval's answers on random events of three recordings.

usage: pip install sed_eval && python3 tools/golden/event_metrics.py > packages/core/src/metrics/golden/events.json
"""

import json
from importlib.metadata import version

import numpy as np
import sed_eval

SEED = 3
rng = np.random.default_rng(SEED)
LABELS = ["bell", "dog", "rain", "siren"]  # the siren is only ever detected, never there


def event(label, onset, offset):
    return {"event_label": label, "event_onset": round(float(onset), 3), "event_offset": round(float(offset), 3)}


recordings = []
for _ in range(3):
    reference, estimated = [], []
    for _ in range(9):
        label, onset, length = LABELS[rng.integers(3)], rng.uniform(0, 8), rng.uniform(0.2, 2)
        reference.append(event(label, onset, onset + length))
        if rng.uniform() < 0.75:
            guess = label if rng.uniform() < 0.8 else LABELS[rng.integers(4)]
            start = max(0, onset + rng.normal() * 0.15)
            estimated.append(event(guess, start, start + length * rng.uniform(0.7, 1.4)))
        if rng.uniform() < 0.3:
            # Crowded onsets, so that greedy pairing would lose some.
            start = max(0, onset + rng.normal() * 0.1)
            estimated.append(event(label, start, start + length))
    recordings.append((reference, estimated))


def scores(metrics):
    for reference, estimated in recordings:
        metrics.evaluate(reference_event_list=reference, estimated_event_list=estimated)
    result = metrics.results()
    pick = lambda x: {"precision": x["f_measure"]["precision"], "recall": x["f_measure"]["recall"], "f1": x["f_measure"]["f_measure"]}
    return {
        "overall": pick(result["overall"]),
        "macroF1": result["class_wise_average"]["f_measure"]["f_measure"],
        "byLabel": {label: pick(result["class_wise"][label]) for label in LABELS[:3]},
        "errorRate": result["overall"]["error_rate"]["error_rate"],
    }


def event_based(**options):
    return scores(
        sed_eval.sound_event.EventBasedMetrics(
            event_label_list=LABELS, event_matching_type="optimal", empty_system_output_handling="zero_score", **options
        )
    )


short = lambda e: [e["event_label"], e["event_onset"], e["event_offset"]]
print(
    json.dumps(
        {
            "source": "sed_eval",
            "version": version("sed_eval"),
            "command": "python3 tools/golden/event_metrics.py > packages/core/src/metrics/golden/events.json",
            "seed": SEED,
            "recordings": [
                {"reference": [short(e) for e in reference], "estimated": [short(e) for e in estimated]}
                for reference, estimated in recordings
            ],
            "eventBased": event_based(t_collar=0.2, percentage_of_length=0.2),
            "onsetOnly": event_based(t_collar=0.1, evaluate_offset=False),
            "segmentBased": scores(sed_eval.sound_event.SegmentBasedMetrics(event_label_list=LABELS, time_resolution=1.0)),
            "segmentBasedFine": scores(sed_eval.sound_event.SegmentBasedMetrics(event_label_list=LABELS, time_resolution=0.1)),
        }
    )
)
