"""Golden values for packages/timeseries-forecast/src/columns/indicators.ts: the definitions written in pandas, on prices and on a column with
zeros and negative values.

usage: python3 tools/golden/indicators.py > packages/timeseries-forecast/src/columns/golden/indicators.json
"""

import json

import numpy as np
import pandas as pd

SEED = 11
ROWS = 60
rng = np.random.default_rng(SEED)


def table(close, spread, volume):
    high = close + np.round(spread * rng.uniform(size=ROWS), 2)
    low = close - np.round(spread * rng.uniform(size=ROWS), 2)
    return pd.DataFrame({"High": high, "Low": low, "Close": close, "Volume": volume}).round(2)


def smoothed(x, n, alpha):
    """Exponential smoothing from the mean of the first n values on."""
    start = x.first_valid_index()
    known = x.loc[start:]
    seeded = known.iloc[n - 1 :].copy()
    seeded.iloc[0] = known.iloc[:n].mean()
    return seeded.ewm(alpha=alpha, adjust=False).mean().reindex(x.index)


def ema(x, n):
    return smoothed(x, n, 2 / (n + 1))


def wilder(x, n):
    return smoothed(x, n, 1 / n)


def indicators(t):
    c, h, l, v = t["Close"], t["High"], t["Low"], t["Volume"]
    change = c.diff()
    up, down = wilder(change.clip(lower=0), 14), wilder((-change).clip(lower=0), 14)
    macd = ema(c, 5) - ema(c, 9)
    signal = ema(macd, 4)
    mean, deviation = c.rolling(10).mean(), c.rolling(10).std(ddof=0)
    true_range = pd.concat([h - l, (h - c.shift()).abs(), (l - c.shift()).abs()], axis=1).max(axis=1).where(c.shift().notna())
    rise, fall = h.diff(), -l.diff()
    plus = wilder(rise.where((rise > fall) & (rise > 0), 0).where(rise.notna()), 7) / wilder(true_range, 7) * 100
    minus = wilder(fall.where((fall > rise) & (fall > 0), 0).where(fall.notna()), 7) / wilder(true_range, 7) * 100
    dx = (plus - minus).abs() / (plus + minus) * 100
    highest, lowest = h.rolling(6).max(), l.rolling(6).min()
    k = (c - lowest) / (highest - lowest) * 100
    typical = (h + l + c) / 3
    flow = typical * v
    rising, falling = (flow.where(typical.diff() > 0, 0), flow.where(typical.diff() < 0, 0))
    valid = typical.diff().notna()
    positive, negative = rising.where(valid).rolling(8).sum(), falling.where(valid).rolling(8).sum()
    return {
        "sma(7)": c.rolling(7).mean(),
        "ema(7)": ema(c, 7),
        "wma(7)": c.rolling(7).apply(lambda x: np.average(x, weights=np.arange(1, 8))),
        "rsi(14)": 100 * up / (up + down),
        "roc(3)": c.pct_change(3) * 100,
        "macd(5,9,4).macd": macd,
        "macd(5,9,4).signal": signal,
        "macd(5,9,4).histogram": macd - signal,
        "bollinger(10,1.5).middle": mean,
        "bollinger(10,1.5).upper": mean + 1.5 * deviation,
        "bollinger(10,1.5).lower": mean - 1.5 * deviation,
        "atr(7)": wilder(true_range, 7),
        "adx(7).adx": wilder(dx, 7),
        "adx(7).plus": plus,
        "adx(7).minus": minus,
        "stochastic(6,3).k": k,
        "stochastic(6,3).d": k.rolling(3).mean(),
        "williamsR(6)": (highest - c) / (highest - lowest) * -100,
        "cci(9)": (typical - typical.rolling(9).mean())
        / (0.015 * typical.rolling(9).apply(lambda x: np.abs(x - x.mean()).mean(), raw=True)),
        "obv": (np.sign(change) * v).fillna(0).cumsum().where(change.notna()),
        "mfi(8)": 100 * positive / (positive + negative),
        "vwap": flow.cumsum() / v.cumsum(),
        "rollingMean(Close,4)": c.rolling(4).mean(),
        "rollingDeviation(Close,4)": c.rolling(4).std(ddof=0),
        "difference(Close,5)": c.diff(5),
        "lag(Close,2)": c.shift(2),
    }


def plain(x):
    return [None if not np.isfinite(value) else float(value) for value in x]


prices = table(np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.02, ROWS))), 2), 2, rng.integers(1, 9, ROWS) * 100.0)
# Whole degrees around zero: every indicator meets zeros, negative values and stretches that do not change.
degrees = table(np.round(4 * np.sin(np.arange(ROWS) / 6) + rng.normal(0, 1, ROWS) - 2), 0, rng.integers(0, 3, ROWS) * 10.0)
cases = []
for name, columns in (("prices", prices), ("degrees", degrees)):
    values = indicators(columns)
    cases.append(
        {
            "name": name,
            "columns": {key: plain(columns[key]) for key in columns},
            "indicators": {key: plain(values[key]) for key in values},
        }
    )
print(
    json.dumps(
        {
            "source": "pandas, definitions written out",
            "version": pd.__version__,
            "command": "python3 tools/golden/indicators.py > packages/timeseries-forecast/src/columns/golden/indicators.json",
            "seed": SEED,
            "cases": cases,
        }
    )
)
