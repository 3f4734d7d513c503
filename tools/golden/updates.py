"""Golden values for packages/kernels/src/optimizers: three steps of PyTorch's optimizers on two parameters.

usage: python tools/golden/updates.py > packages/kernels/src/optimizers/golden/updates.json
"""
import json
import torch

SEED, SIZES, STEPS, LEARNING_RATE = 5, (37, 6), 3, 0.01
torch.manual_seed(SEED)


def draw():
    return [(torch.randn(size) * 100).round() / 100 for size in SIZES]


start, gradients = draw(), [draw() for _ in range(STEPS)]


def flat(tensor):
    return [float(f"{value:.8g}") for value in tensor.detach().flatten().tolist()]


def solve(make, clip_norm=None, clip_value=None):
    parameters = [part.clone().requires_grad_() for part in start]
    optimizer = make(parameters)
    norms = []
    for step in gradients:
        for parameter, gradient in zip(parameters, step):
            parameter.grad = gradient.clone()
        if clip_norm:
            norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, clip_norm)))
        if clip_value:
            torch.nn.utils.clip_grad_value_(parameters, clip_value)
        optimizer.step()
    return {"norms": norms, "result": [flat(parameter) for parameter in parameters]}


optim, adam = torch.optim, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
cases = [
    {"name": "Adam", "update": "adam", "options": adam, **solve(lambda p: optim.Adam(p, LEARNING_RATE))},
    {"name": "Adam, other numbers", "update": "adam", "options": {"beta1": 0.7, "beta2": 0.95, "epsilon": 1e-3},
     **solve(lambda p: optim.Adam(p, LEARNING_RATE, betas=(0.7, 0.95), eps=1e-3))},
    {"name": "AdamW", "update": "adam", "options": {**adam, "weightDecay": 0.3},
     **solve(lambda p: optim.AdamW(p, LEARNING_RATE, weight_decay=0.3))},
    {"name": "Adam, clipped by value", "update": "adam", "options": {**adam, "clipValue": 0.5},
     **solve(lambda p: optim.Adam(p, LEARNING_RATE), clip_value=0.5)},
    {"name": "Adam, clipped by norm, then by value", "update": "adam",
     "options": {**adam, "clipNorm": 3, "clipValue": 0.5},
     **solve(lambda p: optim.Adam(p, LEARNING_RATE), clip_norm=3, clip_value=0.5)},
    {"name": "SGD", "update": "sgd", "options": {}, **solve(lambda p: optim.SGD(p, LEARNING_RATE))},
    {"name": "SGD with momentum, clipped by norm", "update": "sgd", "options": {"momentum": 0.9, "clipNorm": 2},
     **solve(lambda p: optim.SGD(p, LEARNING_RATE, momentum=0.9), clip_norm=2)},
    {"name": "SGD with Nesterov's momentum", "update": "sgd", "options": {"momentum": 0.8, "nesterov": True},
     **solve(lambda p: optim.SGD(p, LEARNING_RATE, momentum=0.8, nesterov=True))},
    {"name": "RMSprop", "update": "rmsprop", "options": {"rho": 0.9, "epsilon": 1e-7},
     **solve(lambda p: optim.RMSprop(p, LEARNING_RATE, alpha=0.9, eps=1e-7))},
    {"name": "RMSprop with momentum, clipped by norm", "update": "rmsprop",
     "options": {"rho": 0.8, "epsilon": 1e-5, "momentum": 0.7, "clipNorm": 4},
     **solve(lambda p: optim.RMSprop(p, LEARNING_RATE, alpha=0.8, eps=1e-5, momentum=0.7), clip_norm=4)},
]
print(json.dumps({
    "source": "PyTorch optim.Adam, AdamW, SGD and RMSprop", "version": torch.__version__,
    "command": "python tools/golden/updates.py", "seed": SEED, "learningRate": LEARNING_RATE,
    "start": [flat(part) for part in start], "gradients": [[flat(part) for part in step] for step in gradients],
    "cases": cases,
}))
