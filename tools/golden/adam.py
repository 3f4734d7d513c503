"""Golden values for packages/kernels/src/adam: three steps of PyTorch's Adam and AdamW.

usage: python tools/golden/adam.py > packages/kernels/src/adam/golden/adam.json
"""
import json
import torch

SEED, SIZE, STEPS, LEARNING_RATE = 5, 37, 3, 0.01
torch.manual_seed(SEED)
start = (torch.randn(SIZE) * 100).round() / 100
gradients = [(torch.randn(SIZE) * 100).round() / 100 for _ in range(STEPS)]


def flat(tensor):
    return [float(f"{value:.8g}") for value in tensor.detach().flatten().tolist()]


def solve(make, clip_value=None):
    parameter = start.clone().requires_grad_()
    optimizer = make([parameter])
    for gradient in gradients:
        parameter.grad = gradient.clone()
        if clip_value:
            torch.nn.utils.clip_grad_value_([parameter], clip_value)
        optimizer.step()
    return flat(parameter)


cases = [
    {"name": "Adam", "options": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
     "result": solve(lambda p: torch.optim.Adam(p, LEARNING_RATE))},
    {"name": "Adam, other numbers", "options": {"beta1": 0.7, "beta2": 0.95, "epsilon": 1e-3},
     "result": solve(lambda p: torch.optim.Adam(p, LEARNING_RATE, betas=(0.7, 0.95), eps=1e-3))},
    {"name": "AdamW", "options": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.3},
     "result": solve(lambda p: torch.optim.AdamW(p, LEARNING_RATE, weight_decay=0.3))},
    {"name": "Adam, clipped", "options": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "gradientClipValue": 0.5},
     "result": solve(lambda p: torch.optim.Adam(p, LEARNING_RATE), 0.5)},
]
print(json.dumps({
    "source": "PyTorch optim.Adam and AdamW", "version": torch.__version__, "command": "python tools/golden/adam.py", "seed": SEED,
    "learningRate": LEARNING_RATE, "start": flat(start), "gradients": [flat(gradient) for gradient in gradients], "cases": cases,
}))
