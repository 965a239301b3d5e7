"""Scripts that are healed while they run, and what is said of them."""

import json

# Every script trains on a line, and hashes what it holds, so that runs can be compared to the last bit.
HEAD = """
import hashlib, sys, random
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss
torch.manual_seed(0); random.seed(0)
X = torch.randn(256, 10)
Y = X @ torch.randn(10, 1) + 0.1 * torch.randn(256, 1)

def digest(*tensors):
    return hashlib.sha256(b"".join(t.detach().numpy().tobytes() for t in tensors)).hexdigest()[:12]

def held(*optimizers):
    return [v for o in optimizers for s in o.state.values() for v in s.values() if isinstance(v, torch.Tensor)]

net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
"""
RAISED = (
    HEAD
    + """
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for step in range(300):
    if step == 150 or "always" in sys.argv and step > 150:
        opt.param_groups[0]["lr"] = 20.0
    i = torch.randint(0, 256, (32,))
    loss = mse_loss(net(X[i]), Y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
print("loss", loss.item(), "rate", opt.param_groups[0]["lr"])
"""
)


def write(folder, text):
    (folder / "train.py").write_text(text)
    return folder


def checked(server, folder, text, *arguments, live=("--heal-live",), **options):
    """The script healed while it runs: how it ended, and what the JSON says of it."""
    write(folder, text)
    done = server.check(
        *live,
        "--isolated",
        "--json",
        "found.json",
        "--out",
        "run",
        "train.py",
        *arguments,
        cwd=folder,
        **options,
    )
    file = folder / "found.json"
    return done, json.loads(file.read_text())["healed"] if file.exists() else None


def told(done):
    """Lines of interventions on standard error, as they came while the script ran."""
    return [line for line in done.err.splitlines() if line.startswith("gradwise: step ")]
