"""Golden values for packages/timeseries-forecast/src/baselines: statsmodels' ARIMA forecasts for given coefficients, its maximum
likelihood estimates, its KPSS statistic.

usage: python3 tools/golden/arima.py > packages/timeseries-forecast/src/baselines/golden/arima.json
"""

import json
import warnings

import numpy as np
import statsmodels
from statsmodels.tsa.arima_process import ArmaProcess
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.stattools import kpss

warnings.filterwarnings("ignore")
SEED = 23
rng = np.random.default_rng(SEED)
N, HORIZON = 400, 15


def series(order, seasonal, ar, ma, sar, sma):
    """A draw of the model, differences summed up, from zeros."""
    (p, d, q), (P, D, Q, s) = order, seasonal
    left = np.polymul(np.r_[[-x for x in ar][::-1], 1], [1])[::-1]
    right = np.r_[1, ma]
    for i, x in enumerate(sar):
        left = np.convolve(left, np.r_[1, np.zeros((i + 1) * s - 1), -x])
    for i, x in enumerate(sma):
        right = np.convolve(right, np.r_[1, np.zeros((i + 1) * s - 1), x])
    w = ArmaProcess(left, right).generate_sample(N, burnin=200, distrvs=rng.standard_normal)
    for _ in range(d):
        w = np.cumsum(w)
    for _ in range(D):
        for t in range(s, N):
            w[t] += w[t - s]
    return np.round(w + (10 if d + D == 0 else 0), 4)


SPECS = [
    ((2, 0, 0), (0, 0, 0, 0), [0.6, -0.3], [], [], []),
    ((0, 0, 2), (0, 0, 0, 0), [], [0.5, 0.2], [], []),
    ((1, 1, 1), (0, 0, 0, 0), [0.5], [0.4], [], []),
    ((1, 0, 1), (1, 0, 1, 12), [0.7], [-0.3], [0.6], [0.2]),
    ((1, 1, 1), (0, 1, 1, 4), [0.3], [0.4], [], [-0.4]),
]
cases = []
for order, seasonal, ar, ma, sar, sma in SPECS:
    y = series(order, seasonal, ar, ma, sar, sma)
    mean = 10.0 if order[1] + seasonal[1] == 0 else 0.0
    model = lambda values: SARIMAX(values, order=order, seasonal_order=seasonal)
    forecasts = []
    for origin, gap in ((300, 0), (400, 0), (350, 3)):
        past = y[:origin] - mean
        past[origin - gap : origin] = np.nan
        ahead = model(past).filter([*ar, *ma, *sar, *sma, 1.0]).get_forecast(HORIZON)
        forecasts.append({"origin": origin, "gap": gap, "mean": (ahead.predicted_mean + mean).tolist(), "deviation": ahead.se_mean.tolist()})
    estimate = SARIMAX(y, order=order, seasonal_order=seasonal, trend="c" if mean else None).fit(disp=False, maxiter=200)
    found = dict(zip(estimate.param_names, estimate.params))
    cases.append(
        {
            "order": [*order, *seasonal[:3], max(seasonal[3], 1)],
            "ar": ar,
            "ma": ma,
            "seasonalAr": sar,
            "seasonalMa": sma,
            "mean": mean,
            "series": y.tolist(),
            "forecasts": forecasts,
            "estimate": [v for k, v in found.items() if k not in ("intercept", "sigma2")],
            "variance": found["sigma2"],
        }
    )

walk = np.round(np.cumsum(rng.normal(size=200)), 4)
noise = np.round(rng.normal(size=200), 4)
level = lambda x: {"values": x.tolist(), "statistic": kpss(x, regression="c", nlags=int(3 * np.sqrt(len(x)) / 13))[0]}
print(
    json.dumps(
        {
            "source": "statsmodels",
            "version": statsmodels.__version__,
            "command": "python3 tools/golden/arima.py > packages/timeseries-forecast/src/baselines/golden/arima.json",
            "seed": SEED,
            "cases": cases,
            "kpss": [level(walk), level(noise)],
        }
    )
)
