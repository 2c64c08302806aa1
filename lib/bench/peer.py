"""Loss and Hessian of the same compressor by the published library, torchcomp.

Reads lines of JSON from standard input: first what to compute on, then, as often
as wanted, coordinates. Each coordinates are answered by a line on standard output:
the Hessian there, the milliseconds it took, the most memory that this process has
had, and the versions. The samples are a file of 32-bit floats: the dry chunks,
then the wet ones. The device is one of torch's, "cpu" or "cuda", where the library
has a scan of its own. Only public functions of torch, torchcomp and torchlpc are
used.
"""

import importlib.metadata
import json
import resource
import sys
import time

import torch
import torchcomp
import torchlpc

request = json.loads(sys.stdin.readline())
torch.set_num_threads(request["threads"])
device = request["device"]
batch, length = request["chunks"], request["chunk_length"]
warm_up, sample_rate = request["warm_up"], request["sample_rate"]

samples = torch.from_file(
    request["samples"], shared=False, size=2 * batch * length, dtype=torch.float32
).reshape(2, batch, length).to(device)
dry, wet = samples[0], samples[1]
level = dry.abs().clamp_min(1e-8)


def pre_emphasis(x):
    """(1 - z^-1) / (1 - 0.995 z^-1), from rest."""
    step = torch.cat([x[:, :1], x[:, 1:] - x[:, :-1]], dim=1)
    pole = torch.full((batch, length, 1), -0.995, dtype=x.dtype, device=device)
    return torchlpc.sample_wise_lpc(step, pole)


def between(low_ms, high_ms, z):
    low, high = (
        torchcomp.ms2coef(
            torch.tensor(float(ms), dtype=torch.float32, device=device), sample_rate
        )
        for ms in (low_ms, high_ms)
    )
    return low + (high - low) * torch.sigmoid(z)


target = pre_emphasis(wet)[:, warm_up:]


def loss(z):
    gain = torchcomp.compexp_gain(
        level,
        comp_thresh=z[0],
        comp_ratio=1 + 19 * torch.sigmoid(z[1]),
        # An expander that no level reaches.
        exp_thresh=-1000.0,
        exp_ratio=0.999,
        at=between(0.1, 100, z[2]),
        rt=between(10, 1000, z[3]),
    )
    model = dry * gain * torchcomp.db2amp(z[4])
    return (pre_emphasis(model)[:, warm_up:] - target).square().sum()


versions = {
    name: importlib.metadata.version(name) for name in ("torch", "torchcomp", "torchlpc")
}
# Linux counts in KiB, macOS in bytes.
unit = 1 if sys.platform == "darwin" else 1024

for line in sys.stdin:
    z = torch.tensor(json.loads(line), dtype=torch.float32, device=device)
    start = time.perf_counter()
    # As a list the Hessian has to be there: a GPU is waited for.
    hessian = torch.autograd.functional.hessian(loss, z).tolist()
    answer = {
        "hessian": hessian,
        "milliseconds": 1000 * (time.perf_counter() - start),
        "process_bytes": unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "versions": versions,
    }
    print(json.dumps(answer), flush=True)
