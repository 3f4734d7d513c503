"""Golden values for packages/kernels/src/attention: outputs and gradients of PyTorch's scaled_dot_product_attention with masks, and
of additive attention (Bahdanau et al. 2015) written with autograd.

Loss = sum(output * outputWeights). Item 1 has its last two values masked and a hole.

usage: python tools/golden/attention.py > packages/kernels/src/attention/golden/attention.json
"""
import json
import torch

SEED = 3
B, TQ, TV, D, DV = 2, 4, 5, 6, 3
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 50).round() / 100


query, key, value, scale = draw(B, TQ, D), draw(B, TV, D), draw(B, TV, DV), draw(D)
output_weights = draw(B, TQ, DV)
value_mask = torch.tensor([[1, 1, 1, 1, 1], [1, 0, 1, 0, 0]], dtype=torch.bool)
leaves = {"query": query, "key": key, "value": value, "scale": scale}
for leaf in leaves.values():
    leaf.requires_grad_()


def flat(tensor):
    return [float(f"{element:.7g}") for element in tensor.detach().flatten().tolist()]


def dot(factor, mask):
    return lambda: torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=factor)


def additive(mask):
    def run():
        scores = (scale * torch.tanh(query[:, :, None] + key[:, None])).sum(-1)
        return torch.softmax(scores.masked_fill(~mask, float("-inf")), -1) @ value
    return run


padding = value_mask[:, None].expand(B, TQ, TV)
causal = torch.ones(TQ, TV, dtype=torch.bool).tril()
cases = []
for name, additive_form, factor, options, run in [
    ("dot-product", False, 1, {}, dot(1, None)),
    ("scaled dot-product with a mask", False, 0.4, {"masked": True}, dot(0.4, padding)),
    ("causal dot-product with a mask", False, 0.4, {"masked": True, "causal": True}, dot(0.4, padding & causal)),
    ("additive", True, 1, {}, additive(torch.ones_like(padding))),
    ("causal additive with a mask", True, 1, {"masked": True, "causal": True}, additive(padding & causal)),
]:
    output = run()
    names = [name for name in leaves if additive_form or name != "scale"]
    gradients = torch.autograd.grad((output * output_weights).sum(), [leaves[name] for name in names])
    cases.append({"name": name, "additive": additive_form, "factor": factor, "masked": False, "causal": False, **options,
                  "output": flat(output), "gradients": {name: flat(part) for name, part in zip(names, gradients)}})

print(json.dumps({
    "source": "PyTorch scaled_dot_product_attention and autograd", "version": torch.__version__,
    "command": "python tools/golden/attention.py", "seed": SEED,
    "batch": B, "queries": TQ, "keys": TV, "features": D, "depth": DV,
    "inputs": {name: flat(leaf) for name, leaf in leaves.items()},
    "valueMask": [int(element) for element in value_mask.flatten()],
    "outputWeights": flat(output_weights), "cases": cases,
}))
