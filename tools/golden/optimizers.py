"""Golden values for packages/core/src/training: PyTorch's optimizers on a linear problem, and OneCycleLR.

usage: python tools/golden/optimizers.py > packages/core/src/training/golden/optimizers.json
"""
import json
import torch

SEED, STEPS, LEARNING_RATE = 7, 20, 0.05
torch.manual_seed(SEED)
x = (torch.randn(12, 3) * 100).round() / 100
y = ((x @ torch.tensor([[1.5], [-2.0], [0.5]]) + 0.25) * 100).round() / 100
kernel0 = torch.tensor([[0.3], [0.1], [-0.2]])

CASES = {
    "adam": ({"type": "adam", "epsilon": 1e-8}, {}, lambda p: torch.optim.Adam(p, LEARNING_RATE, eps=1e-8)),
    "adam, other numbers": (
        {"type": "adam", "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4}, {},
        lambda p: torch.optim.Adam(p, LEARNING_RATE, betas=(0.8, 0.95), eps=1e-4)),
    "adamW": ({"type": "adamW", "epsilon": 1e-8}, {"weightDecay": 0.1}, lambda p: torch.optim.AdamW(p, LEARNING_RATE, eps=1e-8)),
    "sgd": ({"type": "sgd"}, {}, lambda p: torch.optim.SGD(p, LEARNING_RATE)),
    "momentum": ({"type": "sgd", "momentum": 0.9}, {}, lambda p: torch.optim.SGD(p, LEARNING_RATE, momentum=0.9)),
    "nesterov": (
        {"type": "sgd", "momentum": 0.9, "nesterov": True}, {},
        lambda p: torch.optim.SGD(p, LEARNING_RATE, momentum=0.9, nesterov=True)),
    "rmsprop": (
        {"type": "rmsprop", "rho": 0.9, "epsilon": 1e-7}, {},
        lambda p: torch.optim.RMSprop(p, LEARNING_RATE, alpha=0.9, eps=1e-7)),
    "rmsprop with momentum": (
        {"type": "rmsprop", "rho": 0.99, "momentum": 0.5, "epsilon": 1e-7}, {},
        lambda p: torch.optim.RMSprop(p, LEARNING_RATE, alpha=0.99, eps=1e-7, momentum=0.5)),
    "sgd clipped by norm": ({"type": "sgd"}, {"clipNorm": 0.7}, lambda p: torch.optim.SGD(p, LEARNING_RATE)),
    "adam clipped by norm": (
        {"type": "adam", "epsilon": 1e-8}, {"clipNorm": 0.7}, lambda p: torch.optim.Adam(p, LEARNING_RATE, eps=1e-8)),
    "sgd clipped by value": ({"type": "sgd"}, {"clipValue": 0.4}, lambda p: torch.optim.SGD(p, LEARNING_RATE)),
    "adam clipped by value": (
        {"type": "adam", "epsilon": 1e-8}, {"clipValue": 0.4}, lambda p: torch.optim.Adam(p, LEARNING_RATE, eps=1e-8)),
    "sgd with l2": ({"type": "sgd"}, {"l2": 0.02}, lambda p: torch.optim.SGD(p, LEARNING_RATE)),
    "sgd with l1": ({"type": "sgd"}, {"l1": 0.05}, lambda p: torch.optim.SGD(p, LEARNING_RATE)),
}


def solve(trainer, make):
    kernel = kernel0.clone().requires_grad_()
    bias = torch.zeros(1, requires_grad=True)
    groups = [
        {"params": [kernel], "weight_decay": trainer.get("weightDecay", 0)},
        {"params": [bias], "weight_decay": 0},
    ]
    optimizer = make(groups)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = ((x @ kernel + bias - y) ** 2).mean()
        loss = loss + trainer.get("l2", 0) * (kernel ** 2).sum() + trainer.get("l1", 0) * kernel.abs().sum()
        loss.backward()
        if "clipNorm" in trainer:
            torch.nn.utils.clip_grad_norm_([kernel, bias], trainer["clipNorm"])
        if "clipValue" in trainer:
            torch.nn.utils.clip_grad_value_([kernel, bias], trainer["clipValue"])
        optimizer.step()
        losses.append(loss.item())
    return losses, kernel.detach().flatten().tolist() + bias.detach().tolist()


def rounded(values):
    return [float(f"{value:.8g}") for value in values]


cases = []
for name, (optimizer, trainer, make) in CASES.items():
    losses, weights = solve(trainer, make)
    picked = [losses[0], losses[1], losses[9], losses[-1]]
    cases.append({"name": name, "optimizer": optimizer, "trainer": trainer, "losses": rounded(picked), "weights": rounded(weights)})

parameter = torch.zeros(1, requires_grad=True)
sgd = torch.optim.SGD([parameter], 1.0)
one_cycle = torch.optim.lr_scheduler.OneCycleLR(sgd, 1.0, total_steps=20, pct_start=0.3, div_factor=25, final_div_factor=1e4)
rates = []
for _ in range(20):
    rates.append(sgd.param_groups[0]["lr"])
    sgd.step()
    one_cycle.step()

print(json.dumps({
    "source": "PyTorch", "version": torch.__version__, "command": "python tools/golden/optimizers.py", "seed": SEED,
    "steps": STEPS, "learningRate": LEARNING_RATE, "lossesAtSteps": [1, 2, 10, STEPS],
    "x": [rounded(row) for row in x.tolist()], "y": [rounded(row) for row in y.tolist()],
    "kernel": rounded(kernel0.flatten().tolist()), "cases": cases, "oneCycle": rounded(rates),
}))
