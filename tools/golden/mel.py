"""Golden values for packages/audio-events/src/features.test.ts and finish.test.ts, from librosa.

Run: python tools/golden/mel.py > packages/audio-events/src/golden/mel.json
"""

import json

import librosa
import numpy as np
import scipy.fft
import scipy.signal

SEED = 7
SAMPLE_RATE = 8000
SAMPLES = 1600

# Integers over 2^15, so that both sides start from the same numbers.
time = np.arange(SAMPLES) / SAMPLE_RATE
rng = np.random.default_rng(SEED)
signal = 0.4 * np.sin(2 * np.pi * (300 + 4000 * time) * time) + 0.02 * rng.standard_normal(SAMPLES)
samples = np.round(signal * 32768).astype(int)
x = samples / 32768


def log_mel(y, n_fft, window, hop, bands, fmin, fmax):
    """Frames start at multiples of the hop; the window is at the frame's start, not in its middle."""
    weights = scipy.signal.get_window("hann", window, fftbins=True)
    frames = librosa.util.frame(y, frame_length=window, hop_length=hop).T * weights
    power = np.abs(np.fft.rfft(frames, n_fft)) ** 2
    filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=n_fft, n_mels=bands, fmin=fmin, fmax=fmax, dtype=np.float64)
    return librosa.power_to_db(power @ filters.T, ref=1.0, amin=1e-10, top_db=None)


def rounded(values, digits=4):
    return [[round(float(v), digits) for v in row] for row in np.atleast_2d(values)]


plain = log_mel(x, 256, 200, 80, 16, 0, 4000)
emphasised = log_mel(scipy.signal.lfilter([1, -0.97], [1], x), 512, 200, 80, 12, 100, 3500)
mfcc = scipy.fft.dct(plain, type=2, norm="ortho", axis=1)[:, :8]
delta = librosa.feature.delta(mfcc, width=9, axis=0, mode="nearest")
delta2 = librosa.feature.delta(delta, width=9, axis=0, mode="nearest")
pcen_power = 10 ** (plain / 10)
pcen = librosa.pcen(
    pcen_power.T, sr=SAMPLE_RATE, hop_length=80, gain=0.8, bias=10, power=0.25, b=0.025, eps=1e-6,
    zi=[(1 - 0.025)] * pcen_power[0][:, None],
).T
every = slice(None, None, 6)
print(
    json.dumps(
        {
            "source": "librosa.filters.mel, power_to_db, feature.delta, pcen; scipy.fft.dct",
            "version": librosa.__version__,
            "command": "python tools/golden/mel.py",
            "seed": SEED,
            "samples": samples.tolist(),
            "frames": plain.shape[0],
            "logMel": rounded(plain[every]),
            "preEmphasis": rounded(emphasised[every]),
            "mfcc": rounded(mfcc[every]),
            "delta": rounded(delta[every]),
            "delta2": rounded(delta2[every]),
            "pcen": rounded(pcen[every], 5),
        }
    )
)
