"""PyTorch's side of the benchmark cases of cases.json: prints a line of JSON for each case, in the form that measure.mjs prints.

PyTorch runs as somebody who cares for speed runs it: eager, its fused Adam, convolutions channels last, denormals flushed, as many
threads as asked for. The packed sequences of `bilstm-masked` need no work for padding. Medians as in timing.mjs.

usage: python3 torch_cases.py --case NAME ... [--threads N] [--seconds S]
"""
import argparse
import json
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F


class Flow(nn.Module):
    """Modules and functions one after the other; a recurrent module passes its outputs on."""

    def __init__(self, *stages):
        super().__init__()
        self.stages = stages
        self.modules_of_stages = nn.ModuleList(stage for stage in stages if isinstance(stage, nn.Module))

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
            if isinstance(x, tuple):
                x = x[0]
        return x


class BothEnds(nn.Module):
    """The last states of both directions side by side; with lengths, each row ends where it ends."""

    def __init__(self, features, units, lengths=None):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True, bidirectional=True)
        self.lengths = lengths

    def forward(self, x):
        if self.lengths is not None:
            x = nn.utils.rnn.pack_padded_sequence(x, self.lengths, batch_first=True, enforce_sorted=False)
        (forward, backward), _ = self.lstm(x)[1]
        return torch.cat((forward, backward), dim=1)


class ConvLstmFrames(nn.Module):
    """ConvLSTM without peepholes (Shi et al. 2015): the inputs of all steps in one convolution, then step by step."""

    def __init__(self, channels, filters):
        super().__init__()
        self.filters = filters
        self.of_input = nn.Conv2d(channels, 4 * filters, 3, padding=1)
        self.of_hidden = nn.Conv2d(filters, 4 * filters, 3, padding=1, bias=False)

    def forward(self, x):  # [B, T, C, H, W] -> [B T, F, H, W]
        batch, steps, _, height, width = x.shape
        given = self.of_input(x.flatten(0, 1).contiguous(memory_format=torch.channels_last)).unflatten(0, (batch, steps))
        hidden = x.new_zeros(batch, self.filters, height, width).contiguous(memory_format=torch.channels_last)
        cell = torch.zeros_like(hidden)
        frames = []
        for step in range(steps):
            enter, forget, candidate, leave = (given[:, step] + self.of_hidden(hidden)).chunk(4, dim=1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
            hidden = torch.sigmoid(leave) * torch.tanh(cell)
            frames.append(hidden)
        return torch.stack(frames, dim=1).flatten(0, 1)


def last_step(x):
    return x[:, -1]


def recurrent(kind, features, units, **options):
    return kind(features, units, batch_first=True, **options)


def block2d(channels, filters, norm=False):
    middle = [nn.BatchNorm2d(filters)] if norm else []
    return [nn.Conv2d(channels, filters, 3, padding=1), *middle, nn.ReLU(), nn.MaxPool2d(2)]


def block3d(channels, filters):
    return [nn.Conv3d(channels, filters, 3, padding=1), nn.ReLU(), nn.MaxPool3d(2)]


def classifier(shape, *stages, units):
    """Ten classes, one label a row."""
    target = torch.randint(10, (shape[0],))
    return Flow(*stages, nn.Linear(units, 10)), torch.randn(shape), lambda output: F.cross_entropy(output, target)


def lstm_classifier(shape, units, kind=nn.LSTM):
    return classifier(shape, recurrent(kind, shape[-1], units), last_step, units=units)


def lstm_seed():
    target = torch.randn(100, 1)
    model = Flow(recurrent(nn.LSTM, 10, 50, num_layers=2), last_step, nn.Linear(50, 1))
    return model, torch.randn(100, 20, 10), lambda output: F.mse_loss(output, target)


def bilstm_masked():
    lengths = torch.tensor([50] + [10 + 13 * row % 41 for row in range(1, 32)])
    return classifier((32, 50, 40), BothEnds(40, 128, lengths), units=256)


def cnn():
    stages = [*block2d(1, 32), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return classifier((32, 1, 64, 64), *stages, units=64)


def crnn_ctc():
    target, steps, symbols = torch.randint(1, 21, (16, 5)), torch.full((16,), 50), torch.full((16,), 5)
    model = Flow(
        *block2d(1, 32), *block2d(32, 64),
        lambda x: x.permute(0, 3, 1, 2).flatten(2),  # [B, C, 12, 50] -> [B, 50, 12 C]
        nn.Linear(768, 64), nn.ReLU(),
        recurrent(nn.LSTM, 64, 128, bidirectional=True), recurrent(nn.LSTM, 256, 64, bidirectional=True),
        nn.Linear(128, 21),
    )
    return model, torch.randn(16, 1, 50, 200), lambda output: F.ctc_loss(
        F.log_softmax(output, dim=2).transpose(0, 1), target, steps, symbols)


def audio_crnn():
    stages = [*block2d(1, 32, norm=True), *block2d(32, 64, norm=True), lambda x: x.permute(0, 2, 1, 3).flatten(2)]
    return classifier((32, 1, 100, 64), *stages, BothEnds(1024, 64), units=128)


def convlstm():
    target = torch.randint(2, (40, 1, 64, 64)).float()
    model = Flow(ConvLstmFrames(1, 32), nn.Conv2d(32, 1, 3, padding=1))
    return model, torch.randn(4, 10, 1, 64, 64), lambda output: F.binary_cross_entropy_with_logits(output, target)


def conv3d_lstm():
    stages = [*block3d(3, 32), *block3d(32, 64), lambda x: x.permute(0, 2, 1, 3, 4).flatten(2)]
    stages += [recurrent(nn.LSTM, 3136, 128, num_layers=2), last_step]
    return classifier((8, 3, 16, 28, 28), *stages, units=128)


def char_lm():
    target = torch.randint(65, (5000,))
    model = Flow(nn.Embedding(65, 128), recurrent(nn.LSTM, 128, 256, num_layers=2), nn.Linear(256, 65))
    return model, torch.randint(65, (50, 100)), lambda output: F.cross_entropy(output.flatten(0, 1), target)


CASES = {
    "lstm-seed": lstm_seed,
    "lstm-medium": lambda: lstm_classifier((32, 50, 40), 128),
    "lstm-large": lambda: lstm_classifier((64, 100, 64), 256),
    "lstm-long": lambda: lstm_classifier((25, 1000, 123), 320),
    "gru-medium": lambda: lstm_classifier((32, 50, 40), 128, nn.GRU),
    "bilstm-masked": bilstm_masked,
    "cnn": cnn,
    "crnn-ctc": crnn_ctc,
    "audio-crnn": audio_crnn,
    "convlstm": convlstm,
    "conv3d-lstm": conv3d_lstm,
    "char-lm": char_lm,
    "lstm-stream": None,
}


def median_ms(action, seconds):
    for _ in range(3):
        action()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 10 or time.perf_counter() < end:
        start = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)[len(times) // 2]


def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def channels_last(model, x):
    """The layout that convolutions on a processor are fastest in."""
    for kind, layout in ((nn.Conv3d, torch.channels_last_3d), (nn.Conv2d, torch.channels_last)):
        if any(isinstance(module, kind) for module in model.modules()):
            fits = x.dim() == (5 if kind is nn.Conv3d else 4)
            return model.to(memory_format=layout), x.contiguous(memory_format=layout) if fits else x
    return model, x


def measure_stream(seconds):
    lstm, x, state = nn.LSTM(40, 128, batch_first=True).eval(), torch.randn(1, 1, 40), None

    def step():
        nonlocal state
        state = lstm(x, state)[1]

    with torch.inference_mode():
        return {"infer_ms": median_ms(step, seconds)}


def measure(build, seconds):
    model, x, loss_of = build()
    model, x = channels_last(model, x)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(x))
        loss.backward()
        optimizer.step()
        return loss.item()

    model.train()
    figures = {"loss_first": step(), "train_ms": median_ms(step, seconds), "loss_last": step()}
    model.eval()
    with torch.inference_mode():
        figures["infer_ms"] = median_ms(lambda: model(x), seconds)
    return {**figures, "params": sum(p.numel() for p in model.parameters())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    for name in options.case:
        base = resident_mb()
        build = CASES[name]
        figures = measure(build, options.seconds) if build else measure_stream(options.seconds)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"case": name, **figures, "base_rss_mb": base, "peak_rss_mb": peak,
                          "engine": "torch " + torch.__version__, "threads": torch.get_num_threads()}), flush=True)


main()
