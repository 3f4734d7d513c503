"""Golden values for packages/kernels/src/lstm: outputs, last states and gradients of PyTorch's nn.LSTM.

PyTorch's gates are in Keras's order (i, f, g, o); its weights are the transposes; of its two biases the second is zero.
Loss = sum(output * outputWeights) + sum(h_n * hiddenWeights) + sum(c_n * cellWeights).

usage: python tools/golden/lstm.py > packages/kernels/src/lstm/golden/lstm.json
"""
import json
import torch

SEED = 11
B, T, D, U = 3, 5, 4, 6
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 50).round() / 100


x, kernel, recurrent, bias = draw(B, T, D), draw(D, 4 * U), draw(U, 4 * U), draw(4 * U)
h0, c0 = draw(B, U), draw(B, U)
weights = {"output": draw(B, T, U), "hidden": draw(B, U), "cell": draw(B, U)}
leaves = [x, kernel, recurrent, bias, h0, c0]
for leaf in leaves:
    leaf.requires_grad_()
lstm = torch.nn.LSTM(D, U, batch_first=True)
parameters = {"weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T, "bias_ih_l0": bias, "bias_hh_l0": torch.zeros(4 * U)}
output, (h, c) = torch.func.functional_call(lstm, parameters, (x, (h0[None], c0[None])))
loss = (output * weights["output"]).sum() + (h[0] * weights["hidden"]).sum() + (c[0] * weights["cell"]).sum()
gradients = torch.autograd.grad(loss, leaves)


def flat(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


names = ["x", "kernel", "recurrentKernel", "bias", "initialHidden", "initialCell"]
print(json.dumps({
    "source": "PyTorch nn.LSTM", "version": torch.__version__, "command": "python tools/golden/lstm.py", "seed": SEED,
    "batch": B, "steps": T, "features": D, "units": U,
    "inputs": {name: flat(leaf) for name, leaf in zip(names, leaves)},
    "lossWeights": {name: flat(weight) for name, weight in weights.items()},
    "output": flat(output), "lastHidden": flat(h), "lastCell": flat(c),
    "gradients": {name: flat(gradient) for name, gradient in zip(names, gradients)},
}))
