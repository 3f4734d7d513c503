"""Golden values for packages/core/src/models/segment-rnn: outputs and gradients of SegRNN's equations in PyTorch.

Lin et al. 2023, arXiv:2308.11200, section 4: segments through a linear layer and a relu, a GRU over them, then one step of the same
GRU from its last state for each segment of the horizon, with the segment's position and the series' vector as input, and a linear
layer. PyTorch's gates are r, z, n where Keras's are z, r, h; its weights are the transposes. Loss = sum(output * lossWeights).

usage: python tools/golden/segment_rnn.py > packages/timeseries-forecast/src/models/golden/segment_rnn.json
"""
import json
import torch

SEED = 19
B, L, H, W, U, S = 4, 12, 9, 3, 6, 5  # windows, look-back, horizon, segment, units, series
torch.manual_seed(SEED)


def draw(*shape):
    return (torch.randn(*shape) * 50).round() / 100


def torch_order(columns):
    z, r, h = columns.chunk(3, -1)
    return torch.cat([r, z, h], -1)


past, series, loss_weights = draw(B, L, 1), torch.tensor([[0], [4], [2], [4]]), draw(B, H, 1)
weights = {
    "series_vector": [draw(S, U // 2)],
    "segment": [draw(W, U), draw(U)],
    "decoding": [draw(U, 3 * U), draw(U, 3 * U), draw(2, 3 * U), draw(H // W, U - U // 2)],
    "head": [draw(U, W), draw(W)],
}
leaves = [past, *(weight for group in weights.values() for weight in group)]
for leaf in leaves:
    leaf.requires_grad_()

kernel, recurrent, bias, positions = weights["decoding"]
bias_ih, bias_hh = torch_order(bias)
parameters = {"weight_ih_l0": torch_order(kernel).T, "weight_hh_l0": torch_order(recurrent).T,
              "bias_ih_l0": bias_ih, "bias_hh_l0": bias_hh}
module = torch.nn.GRU(U, U, batch_first=True)


def gru(x, state=None):
    return torch.func.functional_call(module, parameters, (x,) if state is None else (x, state))[1]  # [1, rows, U]


outputs = []
segments = torch.relu(past.reshape(B, L // W, W) @ weights["segment"][0] + weights["segment"][1])
last = gru(segments)
for position in positions:
    vectors = torch.cat([position.expand(B, -1), weights["series_vector"][0][series[:, 0]]], -1)
    state = gru(vectors[:, None], last)[0]
    outputs.append(state @ weights["head"][0] + weights["head"][1])
output = torch.cat(outputs, 1)[..., None]
gradients = torch.autograd.grad((output * loss_weights).sum(), leaves)


def flat(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


print(json.dumps({
    "source": "PyTorch nn.GRU in SegRNN's equations", "version": torch.__version__,
    "command": "python tools/golden/segment_rnn.py", "seed": SEED,
    "sizes": {"lookBack": L, "horizon": H, "segmentLength": W, "units": U, "count": S},
    "past": flat(past), "series": series.flatten().tolist(), "lossWeights": flat(loss_weights),
    "weights": {name: [flat(weight) for weight in group] for name, group in weights.items()},
    "output": flat(output), "gradients": [flat(gradient) for gradient in gradients[1:]],
}))
