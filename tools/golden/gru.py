"""Golden values for packages/kernels/src/gru: outputs, last state and gradients of PyTorch's nn.GRU.

PyTorch's gates are r, z, n where Keras's are z, r, h; its weights are the transposes; both have two biases.
Loss = sum(output * outputWeights) + sum(h_n * hiddenWeights).

usage: python tools/golden/gru.py > packages/kernels/src/gru/golden/gru.json
"""
import json
import torch

SEED = 12
B, T, D, U = 3, 5, 4, 6
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 50).round() / 100


def torch_order(columns):
    z, r, h = columns.chunk(3, -1)
    return torch.cat([r, z, h], -1)


x, kernel, recurrent, bias, h0 = draw(B, T, D), draw(D, 3 * U), draw(U, 3 * U), draw(2, 3 * U), draw(B, U)
weights = {"output": draw(B, T, U), "hidden": draw(B, U)}
leaves = [x, kernel, recurrent, bias, h0]
for leaf in leaves:
    leaf.requires_grad_()
gru = torch.nn.GRU(D, U, batch_first=True)
bias_ih, bias_hh = torch_order(bias)
parameters = {"weight_ih_l0": torch_order(kernel).T, "weight_hh_l0": torch_order(recurrent).T,
              "bias_ih_l0": bias_ih, "bias_hh_l0": bias_hh}
output, h = torch.func.functional_call(gru, parameters, (x, h0[None]))
loss = (output * weights["output"]).sum() + (h[0] * weights["hidden"]).sum()
gradients = torch.autograd.grad(loss, leaves)


def flat(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


names = ["x", "kernel", "recurrentKernel", "bias", "initialHidden"]
print(json.dumps({
    "source": "PyTorch nn.GRU", "version": torch.__version__, "command": "python tools/golden/gru.py", "seed": SEED,
    "batch": B, "steps": T, "features": D, "units": U,
    "inputs": {name: flat(leaf) for name, leaf in zip(names, leaves)},
    "lossWeights": {name: flat(weight) for name, weight in weights.items()},
    "output": flat(output), "lastHidden": flat(h),
    "gradients": {name: flat(gradient) for name, gradient in zip(names, gradients)},
}))
