"""Golden values for packages/kernels/src/simple-rnn: outputs, last state and gradients of PyTorch's nn.RNN.

PyTorch's weights are the transposes; of its two biases the second is zero.
Loss = sum(output * outputWeights) + sum(h_n * hiddenWeights).

usage: python tools/golden/simple_rnn.py > packages/kernels/src/simple-rnn/golden/simple-rnn.json
"""
import json
import torch

SEED = 13
B, T, D, U = 3, 5, 4, 6
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 50).round() / 100


x, kernel, recurrent, bias, h0 = draw(B, T, D), draw(D, U), draw(U, U), draw(U), draw(B, U)
weights = {"output": draw(B, T, U), "hidden": draw(B, U)}
leaves = [x, kernel, recurrent, bias, h0]
for leaf in leaves:
    leaf.requires_grad_()
rnn = torch.nn.RNN(D, U, batch_first=True)
parameters = {"weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T, "bias_ih_l0": bias, "bias_hh_l0": torch.zeros(U)}
output, h = torch.func.functional_call(rnn, parameters, (x, h0[None]))
loss = (output * weights["output"]).sum() + (h[0] * weights["hidden"]).sum()
gradients = torch.autograd.grad(loss, leaves)


def flat(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


names = ["x", "kernel", "recurrentKernel", "bias", "initialHidden"]
print(json.dumps({
    "source": "PyTorch nn.RNN", "version": torch.__version__, "command": "python tools/golden/simple_rnn.py", "seed": SEED,
    "batch": B, "steps": T, "features": D, "units": U,
    "inputs": {name: flat(leaf) for name, leaf in zip(names, leaves)},
    "lossWeights": {name: flat(weight) for name, weight in weights.items()},
    "output": flat(output), "lastHidden": flat(h),
    "gradients": {name: flat(gradient) for name, gradient in zip(names, gradients)},
}))
