"""Golden values for packages/core/src/models: models saved by Keras 3, with their weights, an input and its outputs.

usage: KERAS_BACKEND=jax python tools/golden/keras3.py > packages/core/src/models/golden/keras3.json
needs: pip install keras==3.12.0 jax
"""
import json
import sys

import keras
import numpy as np
from keras import layers

SEED = 7
keras.utils.set_random_seed(SEED)
random = np.random.default_rng(SEED)


def short(values):
    return [round(float(v), 6) for v in np.asarray(values).ravel()]


def crnn():
    x = given = layers.Input((6, 4, 1), name="input")
    x = layers.Conv2D(2, 3, padding="same", name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Activation("relu", name="relu")(x)
    x = layers.MaxPooling2D((2, 2), name="pool")(x)
    x = layers.Reshape((3, 4), name="flat")(x)
    x = layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both")(x)
    x = layers.Dropout(0.5, name="drop")(x)
    return keras.Model(given, layers.Dense(3, activation="softmax", name="head")(x), name="crnn"), (2, 6, 4, 1), None


def masked():
    x = given = layers.Input((5, 3), name="input")
    x = layers.Masking(0.0, name="mask")(x)
    x = layers.LSTM(2, return_sequences=True, go_backwards=True, kernel_initializer="lecun_normal", name="back")(x)
    return keras.Model(given, layers.LSTM(2, return_sequences=True, name="ahead")(x), name="masked"), (2, 5, 3), [5, 3]


def states():
    x = given = layers.Input((4, 3), name="input")
    y, h, c = layers.LSTM(2, return_state=True, name="encoder")(x)
    z = layers.LSTM(2, return_sequences=True, name="decoder")(x, initial_state=[h, c])
    z = layers.TimeDistributed(layers.Dense(2, activation="tanh", name="inner"), name="each")(z)
    return keras.Model(given, z, name="states"), (2, 4, 3), None


def sequential():
    model = keras.Sequential(name="line")
    model.add(layers.Input((5, 2)))
    model.add(layers.Conv1D(3, 2, activation="relu", kernel_regularizer="l2", name="conv"))
    model.add(layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="lstm"), merge_mode="sum", name="both"))
    model.add(layers.GlobalAveragePooling1D(name="mean"))
    model.add(layers.Dense(1, name="head"))
    return model, (2, 5, 2), None


def case(build):
    model, shape, lengths = build()
    topology = json.loads(model.to_json())
    weights = {}
    for layer in model.layers:
        for variable in layer.weights:
            value = random.normal(0, 0.5, variable.shape).round(3)
            if "variance" in variable.name:
                value = abs(value) + 0.5
            variable.assign(value)
            weights[name_in_tensorflowjs(layer, variable)] = {"shape": list(variable.shape), "values": short(value)}
    x = random.normal(0, 1, shape).round(3)
    if lengths:
        for row, length in enumerate(lengths):
            x[row, length:] = 0
    y = np.asarray(model(x, training=False))
    return {"modelTopology": {"keras_version": keras.__version__, "model_config": topology}, "weights": weights,
            "input": {"shape": shape, "values": short(x)}, "output": {"shape": y.shape, "values": short(y)}}


def name_in_tensorflowjs(layer, variable):
    if isinstance(layer, layers.TimeDistributed):
        return f"{layer.name}/{variable.name}"
    return "/".join(part for part in variable.path.split("/") if part not in ("lstm_cell", "line"))


json.dump({"source": "Keras", "version": keras.__version__, "seed": SEED,
           "command": "KERAS_BACKEND=jax python tools/golden/keras3.py",
           "cases": {build.__name__: case(build) for build in (crnn, masked, states, sequential)}}, sys.stdout)
