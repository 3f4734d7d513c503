"""Golden values for packages/kernels/src/layer-norm: outputs and gradients of PyTorch's layer_norm over one and over two last axes.

Loss = sum(output * lossWeights).

usage: python tools/golden/layer_norm.py > packages/kernels/src/layer-norm/golden/layer-norm.json
"""
import json
import torch
import torch.nn.functional as F

SEED, EPSILON = 17, 1e-3
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 100).round() / 100


def flat(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


def case(name, shape, axes):
    x, gamma, beta, dy = draw(*shape) * 2 + 1, draw(*shape[-axes:]), draw(*shape[-axes:]), draw(*shape)
    leaves = [x, gamma, beta]
    for leaf in leaves:
        leaf.requires_grad_()
    output = F.layer_norm(x, shape[-axes:], gamma, beta, EPSILON)
    gradients = torch.autograd.grad((output * dy).sum(), leaves)
    return {"name": name, "shape": shape, "axes": axes, "inputs": [flat(leaf) for leaf in leaves], "lossWeights": flat(dy),
            "output": flat(output), "gradients": [flat(gradient) for gradient in gradients]}


print(json.dumps({
    "source": "PyTorch layer_norm", "version": torch.__version__, "command": "python tools/golden/layer_norm.py", "seed": SEED,
    "epsilon": EPSILON, "cases": [case("one axis", [2, 3, 9], 1), case("two axes", [3, 4, 5], 2)],
}))
