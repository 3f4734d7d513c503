"""Golden values for packages/kernels/src/layer-norm-lstm: outputs, last states and gradients of a plain loop of PyTorch ops.

The steps are those of TensorFlow Addons' LayerNormLSTMCell (the normalised cell is carried on), and those of the paper, equations
20 to 22 of its supplementary material (the cell as it is). Gates in Keras's order i, f, c, o.
Loss = sum(output * outputWeights) + sum(h_T * hiddenWeights) + sum(c_T * cellWeights).

usage: python tools/golden/layer_norm_lstm.py > packages/kernels/src/layer-norm-lstm/golden/layer-norm-lstm.json
"""
import json
import torch
from torch.nn.functional import layer_norm

SEED, EPSILON = 19, 1e-3
B, T, D, U = 3, 4, 5, 6
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 50).round() / 100


def flat(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


inputs = {
    "x": draw(B, T, D), "kernel": draw(D, 4 * U), "recurrentKernel": draw(U, 4 * U), "bias": draw(4 * U),
    "kernelGamma": draw(4 * U) + 1, "recurrentGamma": draw(4 * U) + 1, "stateGamma": draw(U) + 1, "stateBeta": draw(U),
    "initialHidden": draw(B, U), "initialCell": draw(B, U),
}
loss_weights = {"output": draw(B, T, U), "hidden": draw(B, U), "cell": draw(B, U)}
for leaf in inputs.values():
    leaf.requires_grad_()


def run(normalized_carry):
    x, w, u, b, gamma_x, gamma_h, gamma_c, beta_c, h, c = inputs.values()
    outputs = []
    for t in range(T):
        z = layer_norm(x[:, t] @ w, [4 * U], gamma_x, None, EPSILON) + layer_norm(h @ u, [4 * U], gamma_h, None, EPSILON) + b
        i, f, g, o = z.split(U, 1)
        raw = f.sigmoid() * c + i.sigmoid() * g.tanh()
        scaled = layer_norm(raw, [U], gamma_c, beta_c, EPSILON)
        h = o.sigmoid() * scaled.tanh()
        c = scaled if normalized_carry else raw
        outputs.append(h)
    output = torch.stack(outputs, 1)
    results = {"output": output, "hidden": h, "cell": c}
    loss = sum((results[name] * weights).sum() for name, weights in loss_weights.items())
    gradients = torch.autograd.grad(loss, list(inputs.values()))
    return {"normalizedCarry": normalized_carry, "results": [flat(result) for result in results.values()],
            "gradients": [flat(gradient) for gradient in gradients]}


print(json.dumps({
    "source": "PyTorch layer_norm and ops", "version": torch.__version__, "command": "python tools/golden/layer_norm_lstm.py",
    "seed": SEED, "epsilon": EPSILON, "sizes": [B, T, D, U],
    "inputs": [{"name": name, "shape": list(leaf.shape), "values": flat(leaf)} for name, leaf in inputs.items()],
    "lossWeights": [flat(weights) for weights in loss_weights.values()], "cases": [run(True), run(False)],
}))
