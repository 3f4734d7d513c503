"""Golden values for the peepholes of packages/kernels/src/lstm: the formula of Gers and Schmidhuber 2000 step by step in PyTorch, whose
autograd gives the gradients.

Loss = sum(output * outputWeights) + sum(h_n * hiddenWeights) + sum(c_n * cellWeights).

usage: python tools/golden/peephole_lstm.py > packages/kernels/src/lstm/golden/peephole-lstm.json
"""
import json
import torch

SEED = 12
B, T, D, U = 3, 4, 3, 5
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 50).round() / 100


shapes = {"x": (B, T, D), "kernel": (D, 4 * U), "recurrentKernel": (U, 4 * U), "bias": (4 * U,), "peepholes": (3, U),
          "initialHidden": (B, U), "initialCell": (B, U)}
inputs = {name: draw(*shape).requires_grad_() for name, shape in shapes.items()}
weights = {"output": draw(B, T, U), "hidden": draw(B, U), "cell": draw(B, U)}
x, kernel, recurrent, bias, peepholes, h, c = inputs.values()
outputs = []
for t in range(T):
    z_i, z_f, z_c, z_o = (x[:, t] @ kernel + h @ recurrent + bias).chunk(4, 1)
    i, f = torch.sigmoid(z_i + peepholes[0] * c), torch.sigmoid(z_f + peepholes[1] * c)
    c = f * c + i * torch.tanh(z_c)
    h = torch.sigmoid(z_o + peepholes[2] * c) * torch.tanh(c)
    outputs.append(h)
output = torch.stack(outputs, 1)
loss = (output * weights["output"]).sum() + (h * weights["hidden"]).sum() + (c * weights["cell"]).sum()
gradients = torch.autograd.grad(loss, list(inputs.values()))


def flat(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


print(json.dumps({
    "source": "PyTorch, step by step", "version": torch.__version__, "command": "python tools/golden/peephole_lstm.py",
    "seed": SEED, "batch": B, "steps": T, "features": D, "units": U,
    "inputs": {name: flat(leaf) for name, leaf in inputs.items()},
    "lossWeights": {name: flat(weight) for name, weight in weights.items()},
    "output": flat(output), "lastHidden": flat(h), "lastCell": flat(c),
    "gradients": {name: flat(gradient) for name, gradient in zip(inputs, gradients)},
}))
