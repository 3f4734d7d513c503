"""Golden values for packages/timeseries-forecast/src/metrics/diebold-mariano.ts: SciPy's Student t, and the test written with NumPy.

usage: python3 tools/golden/diebold_mariano.py > packages/timeseries-forecast/src/metrics/golden/diebold-mariano.json
"""

import json

import numpy as np
import scipy
from scipy import stats

SEED = 11
rng = np.random.default_rng(SEED)


def harvey(a, b, h):
    d = a - b
    n = len(d)
    centred = d - d.mean()
    covariances = [centred[k:] @ centred[: n - k] / n for k in range(h)]
    variance = (covariances[0] + 2 * sum(covariances[1:])) / n
    statistic = d.mean() / np.sqrt(variance) * np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    return {"statistic": statistic, "pValue": 2 * stats.t.sf(abs(statistic), n - 1), "meanDifference": d.mean()}


cases = []
for n, h, shift in ((40, 1, 0.1), (60, 4, 0.3), (200, 12, 0.0), (500, 24, 0.15)):
    noise = np.convolve(rng.normal(size=n + h), np.ones(h), "valid")[:n] / np.sqrt(h)
    a = np.round(np.abs(rng.normal(size=n)) + 1, 4)
    b = np.round(a + shift + 0.5 * noise, 4)
    cases.append({"a": a.tolist(), "b": b.tolist(), "horizon": h, **harvey(a, b, h)})

points = [(t, d) for d in (1, 2, 5, 29.5, 300, 2784) for t in (-8.0, -2.1, -0.3, 0.0, 0.7, 1.96, 4.5, 30.0)]
print(
    json.dumps(
        {
            "source": "scipy and numpy",
            "version": f"{scipy.__version__}, {np.__version__}",
            "command": "python3 tools/golden/diebold_mariano.py > packages/timeseries-forecast/src/metrics/golden/diebold-mariano.json",
            "seed": SEED,
            "cases": cases,
            "studentT": [{"t": t, "degrees": d, "cdf": stats.t.cdf(t, d)} for t, d in points],
        }
    )
)
