"""Golden values for packages/core/src/metrics: scikit-learn's answers on small random predictions with ties.

usage: python3 tools/golden/classification_metrics.py > packages/core/src/metrics/golden/classification.json
"""

import json
import warnings

import numpy as np
import sklearn
from sklearn import metrics as m

warnings.filterwarnings("ignore")
SEED = 7
rng = np.random.default_rng(SEED)
CLASSES, ITEMS = 4, 40


def averages(truth, predicted, **options):
    names = ("precision", "recall", "f1")
    result = {}
    for name, average in (("byClass", None), ("macro", "macro"), ("micro", "micro"), ("weighted", "weighted")):
        scores = m.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0, **options)[:3]
        result[name] = {key: np.asarray(value).tolist() for key, value in zip(names, scores)}
    return result


# Class 3 of 0..3 is never true, but predicted.
truth = rng.integers(0, CLASSES - 1, ITEMS)
logits = rng.normal(size=(ITEMS, CLASSES)) + 1.5 * np.eye(CLASSES)[truth]
probabilities = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 2)
probabilities = np.round(probabilities / probabilities.sum(1, keepdims=True), 6)
predicted = probabilities.argmax(1)
labels = list(range(CLASSES))

binary = rng.integers(0, 2, ITEMS)
scores = np.round(rng.uniform(size=ITEMS) * 0.6 + 0.3 * binary, 1)  # many ties
fpr, tpr, roc_thresholds = m.roc_curve(binary, scores, drop_intermediate=False)
precision, recall, pr_thresholds = m.precision_recall_curve(binary, scores)

tags = (rng.uniform(size=(ITEMS, 3)) < [0.5, 0.3, 0.1]).astype(int)
tag_scores = np.round(np.clip(rng.uniform(size=(ITEMS, 3)) * 0.7 + 0.3 * tags, 0, 1), 2)

confidence, right = probabilities.max(1), predicted == truth
bins = np.clip(np.ceil(confidence * 10).astype(int) - 1, 0, 9)
ece = sum(abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist()))


print(
    json.dumps(
        {
            "source": "scikit-learn (calibration: numpy, Guo et al. 2017)",
            "version": sklearn.__version__,
            "command": "python3 tools/golden/classification_metrics.py > packages/core/src/metrics/golden/classification.json",
            "seed": SEED,
            "single": {
                "classes": CLASSES,
                "truth": truth.tolist(),
                "probabilities": probabilities.ravel().tolist(),
                "predicted": predicted.tolist(),
                "accuracy": m.accuracy_score(truth, predicted),
                "top2": m.top_k_accuracy_score(truth, probabilities, k=2, labels=labels),
                "confusion": m.confusion_matrix(truth, predicted, labels=labels).tolist(),
                "scores": averages(truth, predicted),
                "kappa": m.cohen_kappa_score(truth, predicted),
                "logLoss": float(np.mean(-np.log(np.clip(probabilities[np.arange(ITEMS), truth], 2**-52, 1 - 2**-52)))),
                "sklearnLogLoss": m.log_loss(truth, probabilities, labels=labels),
                "auc": [m.roc_auc_score(truth == c, probabilities[:, c]) for c in range(CLASSES - 1)],
                "averagePrecision": [
                    m.average_precision_score(truth == c, probabilities[:, c]) for c in range(CLASSES - 1)
                ],
                "ece10": float(ece),
            },
            "binary": {
                "truth": binary.tolist(),
                "scores": scores.tolist(),
                "fpr": fpr.tolist(),
                "tpr": tpr.tolist(),
                "rocThresholds": roc_thresholds[1:].tolist(),
                "auc": m.roc_auc_score(binary, scores),
                "precision": precision.tolist(),
                "recall": recall.tolist(),
                "prThresholds": pr_thresholds.tolist(),
                "averagePrecision": m.average_precision_score(binary, scores),
            },
            "multilabel": {
                "classes": 3,
                "truth": tags.ravel().tolist(),
                "scores": tag_scores.ravel().tolist(),
                "at": averages(tags, (tag_scores >= 0.5).astype(int)),
                "subsetAccuracy": m.accuracy_score(tags, (tag_scores >= 0.5).astype(int)),
                "map": m.average_precision_score(tags, tag_scores, average="macro"),
                "auc": m.roc_auc_score(tags, tag_scores, average="macro"),
            },
        },
        default=float,
    )
)
