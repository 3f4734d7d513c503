"""Golden values for packages/kernels/src/softmax and embedding: PyTorch's softmax, log_softmax, cross_entropy and embedding with gradients.

usage: python tools/golden/softmax.py softmax > packages/kernels/src/softmax/golden/softmax.json
       python tools/golden/softmax.py embedding > packages/kernels/src/embedding/golden/embedding.json
"""
import json
import sys
import torch
import torch.nn.functional as F

SEED, N, K, V, D = 3, 4, 7, 6, 5
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 100).round() / 100


def flat(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


about = {"source": "PyTorch", "version": torch.__version__, "command": f"python tools/golden/softmax.py {sys.argv[1]}", "seed": SEED}

x = (draw(N, K) * 3).requires_grad_()
dy = draw(N, K)
labels = torch.softmax(draw(N, K), -1).requires_grad_()
row_weights = draw(N)
result = {"rows": N, "cols": K, "x": flat(x), "dy": flat(dy), "labels": flat(labels), "rowWeights": flat(row_weights)}
for name, f in [("softmax", torch.softmax), ("logSoftmax", torch.log_softmax)]:
    y = f(x, -1)
    (gradient,) = torch.autograd.grad((y * dy).sum(), [x])
    result[name] = {"y": flat(y), "gradient": flat(gradient)}
loss = F.cross_entropy(x, labels, reduction="none")
gradient, labels_gradient = torch.autograd.grad((loss * row_weights).sum(), [x, labels])
result["crossEntropy"] = {"y": flat(loss), "gradient": flat(gradient), "labelsGradient": flat(labels_gradient)}
if sys.argv[1] == "softmax":
    print(json.dumps({**about, **result}))

table = draw(V, D).requires_grad_()
ids = torch.tensor([[4, 0, 4], [2, 4, 5]])
weights = draw(2, 3, D)
rows = F.embedding(ids, table)
(gradient,) = torch.autograd.grad((rows * weights).sum(), [table])
if sys.argv[1] == "embedding":
    print(json.dumps({**about, "vocabulary": V, "features": D, "ids": ids.tolist(), "table": flat(table), "weights": flat(weights),
                      "rows": flat(rows), "gradient": flat(gradient)}))
