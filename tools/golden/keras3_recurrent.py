"""Golden values for the recurrent layers of packages/core: models saved by Keras 3, with their weights, an input and its outputs.

usage: KERAS_BACKEND=jax python tools/golden/keras3_recurrent.py > packages/core/src/layers/golden/keras3_recurrent.json
needs: pip install keras==3.12.0 jax
"""
import json
import sys

import keras
import numpy as np
from keras import layers

SEED = 17
keras.utils.set_random_seed(SEED)
random = np.random.default_rng(SEED)
CELLS = ("gru_cell", "simple_rnn_cell")


def model(*between):
    x = given = layers.Input((5, 3), name="input")
    for layer in (layers.Masking(0.0, name="mask"), *between):
        x = layer(x)
    return keras.Model(given, x)


MODELS = {
    "gru": lambda: model(layers.GRU(2, return_sequences=True, name="first"), layers.GRU(3, use_bias=False, name="second")),
    "gruResetBefore": lambda: model(layers.GRU(2, reset_after=False, return_sequences=True, go_backwards=True, name="first")),
    "gruOtherActivation": lambda: model(layers.GRU(2, activation="elu", return_sequences=True, name="first")),
    "bidirectionalGru": lambda: model(layers.Bidirectional(layers.GRU(2, return_sequences=True, name="gru"), name="both"),
                                      layers.GRU(3, recurrent_activation="relu", name="last")),
    "simpleRnn": lambda: model(layers.Bidirectional(layers.SimpleRNN(2, return_sequences=True, name="rnn"), name="both"),
                               layers.SimpleRNN(3, activation="relu", go_backwards=True, name="last")),
}


def short(values):
    return [round(float(v), 6) for v in np.asarray(values).ravel()]


def case(build):
    built = build()
    weights = {}
    for variable in built.weights:
        variable.assign(random.normal(0, 0.5, variable.shape).round(3))
        name = "/".join(part for part in variable.path.split("/") if part not in CELLS)
        weights[name] = {"shape": list(variable.shape), "values": short(variable)}
    x = random.normal(0, 1, (2, 5, 3)).round(3)
    x[1, 3:] = 0
    y = np.asarray(built(x, training=False))
    topology = {"keras_version": keras.__version__, "model_config": json.loads(built.to_json())}
    return {"modelTopology": topology, "weights": weights,
            "input": {"shape": x.shape, "values": short(x)}, "output": {"shape": y.shape, "values": short(y)}}


json.dump({"source": "Keras", "version": keras.__version__, "seed": SEED,
           "command": "KERAS_BACKEND=jax python tools/golden/keras3_recurrent.py",
           "cases": {name: case(build) for name, build in MODELS.items()}}, sys.stdout)
