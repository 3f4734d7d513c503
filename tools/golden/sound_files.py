"""Small sound files for packages/audio-events/src/sound/decode.test.ts: a 440 Hz tone of amplitude 0.5, 0.25 s at 8 kHz.

Run: python tools/golden/sound_files.py > packages/audio-events/src/golden/sound-files.json
"""

import base64
import io
import json

import numpy as np
import soundfile

RATE = 8000
tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 4) / RATE)


def encoded(file_format, subtype):
    buffer = io.BytesIO()
    soundfile.write(buffer, tone, RATE, format=file_format, subtype=subtype)
    return base64.b64encode(buffer.getvalue()).decode()


print(
    json.dumps(
        {
            "source": "soundfile.write",
            "version": soundfile.__version__,
            "command": "python tools/golden/sound_files.py",
            "seed": None,
            "mp3": encoded("MP3", "MPEG_LAYER_III"),
            "flac": encoded("FLAC", "PCM_16"),
            "ogg": encoded("OGG", "VORBIS"),
            "opus": encoded("OGG", "OPUS"),
            "ulaw": encoded("WAV", "ULAW"),
        }
    )
)
