"""Ways of training, one record each: a generator that yields its models and the loss after every step.

What a record trains on is drawn anew in each step, so that a random state that
watching had touched would show in the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

STEPS = 12
Yields = Iterator[tuple[list[nn.Module], float]]


@dataclass(frozen=True)
class Way:
    """One way of training.

    Args:
        run: trains and yields.
        unseen: signals that cannot be seen in this way, with what they would be compared.
        places: modules that must have been met, by name.
        fact: a fact that must have been told.
        begins: first step whose norms are seen.
        varies: signals that are seen or not, as the compiler pleases.
    """

    run: Callable[[], Yields]
    unseen: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    fact: str = ""
    begins: int = 0
    varies: tuple[str, ...] = ()


WAYS: dict[str, Way] = {}


def way(name: str, **known) -> Callable[[Callable[[], Yields]], Callable[[], Yields]]:
    """Put a generator into the table."""

    def keep(run: Callable[[], Yields]) -> Callable[[], Yields]:
        WAYS[name] = Way(run, **known)
        return run

    return keep


def rows(count: int = 16, width: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(count, width)
    return x, (x[:, :1] - x[:, 1:2]).tanh()


def mlp(width: int = 6) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 12), nn.Tanh(), nn.Linear(12, 1))


def plain(model: nn.Module, optimizer: torch.optim.Optimizer, call=None, steps: int = STEPS) -> Yields:
    """The usual loop."""
    for _ in range(steps):
        x, y = rows()
        optimizer.zero_grad()
        loss = F.mse_loss((call or model)(x), y)
        loss.backward()
        optimizer.step()
        yield [model], loss.item()


def adam(model: nn.Module, **options) -> torch.optim.Adam:
    return torch.optim.Adam(model.parameters(), lr=1e-2, **options)


for kind in ("foreach", "fused"):
    for maker in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):

        def run(kind=kind, maker=maker) -> Yields:
            model = mlp()
            return plain(model, maker(model.parameters(), lr=1e-2, **{kind: True}))

        way(f"{kind} {maker.__name__}", places=("0", "2"))(run)


@way("accumulation", places=("0", "1", "2"), fact="accumulation")
def accumulation() -> Yields:
    model = mlp()
    optimizer = adam(model)
    for _ in range(STEPS):
        optimizer.zero_grad()
        losses = []
        for _ in range(3):
            x, y = rows()
            loss = F.mse_loss(model(x), y) / 3
            loss.backward()
            losses.append(loss.item())
        optimizer.step()
        yield [model], sum(losses) / 3


@way("bfloat16 autocast", places=("0", "2"))
def autocast() -> Yields:
    model = mlp()

    def call(x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(x).float()

    return plain(model, adam(model), call)


def scaled(*, fused: bool, clip: bool) -> Yields:
    model = mlp()
    optimizer = adam(model, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    for _ in range(STEPS):
        x, y = rows()
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        scaler.scale(loss).backward()
        if clip:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        scaler.step(optimizer)
        scaler.update()
        yield [model], loss.item()


way("GradScaler", places=("0", "2"))(lambda: scaled(fused=False, clip=False))
way("GradScaler and clipping", places=("0", "2"))(lambda: scaled(fused=False, clip=True))


@way("compiled model", unseen=("act_std",), fact="compiled", begins=1)
def compiled_model() -> Yields:
    model = mlp()
    return plain(model, adam(model), torch.compile(model, backend="eager"))


@way("compiled through AOT autograd", unseen=("act_std",), fact="compiled", begins=1)
def compiled_ahead() -> Yields:
    model = mlp()
    return plain(model, adam(model), torch.compile(model, backend="aot_eager"))


def compiled_loss(backend: str) -> Yields:
    model = mlp()
    optimizer = adam(model)

    @torch.compile(backend=backend)
    def loss_of(x, y):
        return F.mse_loss(model(x), y)

    for _ in range(STEPS):
        x, y = rows()
        optimizer.zero_grad()
        loss = loss_of(x, y)
        loss.backward()
        optimizer.step()
        yield [model], loss.item()


COMPILED = {"fact": "compiled", "begins": 1}
way("compiled step", unseen=("act_std",), varies=("criterion",), **COMPILED)(lambda: compiled_loss("eager"))
way("compiled AOT step", unseen=("act_std", "criterion"), **COMPILED)(lambda: compiled_loss("aot_eager"))


def checkpointed(*, reentrant: bool) -> Yields:
    model = nn.ModuleDict(
        {"stem": nn.Linear(6, 8), "block": nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.2))}
    )
    model["head"] = nn.Linear(8, 1)

    def call(x):
        return model["head"](checkpoint(model["block"], model["stem"](x), use_reentrant=reentrant))

    return plain(model, adam(model), call)


way("checkpointing", places=("stem", "block.0", "head"))(lambda: checkpointed(reentrant=False))
way("reentrant checkpointing", places=("stem", "head"))(lambda: checkpointed(reentrant=True))


class Tied(nn.Module):
    """An embedding whose matrix also scores the words."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(10, 8)
        self.mix = nn.Linear(8, 8)
        self.scores = nn.Linear(8, 10, bias=False)
        self.scores.weight = self.words.weight

    def forward(self, ids):
        return self.scores(torch.tanh(self.mix(self.words(ids))))


def next_word(model: nn.Module, *optimizers: torch.optim.Optimizer) -> Yields:
    for _ in range(STEPS):
        ids = torch.randint(0, 10, (12, 5))
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss = F.cross_entropy(model(ids).flatten(0, 1), ((ids + 1) % 10).flatten())
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        yield [model], loss.item()


@way("shared weights", places=("words", "mix", "scores"))
def shared() -> Yields:
    model = Tied()
    return next_word(model, adam(model))


@way("frozen trunk", places=("0", "2"))
def frozen() -> Yields:
    model = mlp()
    model[0].requires_grad_(False)
    return plain(model, torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1))


@way("sparse gradients and two optimizers", places=("0", "1"))
def sparse() -> Yields:
    model = nn.Sequential(nn.Embedding(10, 8, sparse=True), nn.Linear(8, 10))
    rest = torch.optim.AdamW(model[1].parameters(), lr=1e-2)
    return next_word(model, torch.optim.SparseAdam(model[0].parameters(), lr=1e-2), rest)


def with_closure(maker: Callable[..., torch.optim.Optimizer], **options) -> Yields:
    model = mlp()
    optimizer = maker(model.parameters(), **options)
    for _ in range(STEPS):
        x, y = rows()
        first = []

        def closure(x=x, y=y, first=first):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            first.append(loss.item())
            return loss

        optimizer.step(closure)
        yield [model], sum(first) / len(first)


way("closure", places=("0", "2"))(lambda: with_closure(torch.optim.SGD, lr=0.1, momentum=0.9))
# Its gradients at the end of a step are those of its last try, not those that the step began with.
way("L-BFGS", unseen=("grad_norm",), places=("0", "2"))(
    lambda: with_closure(torch.optim.LBFGS, lr=0.5, max_iter=3)
)


@dataclass
class Answer:
    """What a model puts out."""

    scores: torch.Tensor
    hidden: torch.Tensor


class Answering(nn.Module):
    """Puts out a dictionary, a tuple or a dataclass."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.body, self.head = form, nn.Linear(6, 8), nn.Linear(8, 1)

    def forward(self, x):
        hidden = torch.relu(self.body(x))
        scores = self.head(hidden)
        if self.form == "dict":
            return {"scores": scores, "hidden": hidden}
        return (scores, hidden) if self.form == "tuple" else Answer(scores, hidden)


for form in ("dict", "tuple", "dataclass"):

    def run_form(form=form) -> Yields:
        model = Answering(form)

        def call(x):
            out = model(x)
            return out["scores"] if form == "dict" else out[0] if form == "tuple" else out.scores

        return plain(model, adam(model), call)

    way(f"outputs in a {form}", places=("body", "head"))(run_form)


class Graph(nn.Module):
    """Messages along edges, summed at the nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.message, self.update, self.read = nn.Linear(12, 8), nn.Linear(14, 6), nn.Linear(6, 1)

    def forward(self, x):
        source, target = torch.randint(0, len(x), (2, 40))
        told = torch.relu(self.message(torch.cat([x[source], x[target]], 1)))
        heard = torch.zeros(len(x), 8).index_add(0, target, told)
        return self.read(torch.tanh(self.update(torch.cat([x, heard], 1))))


class Sequences(nn.Module):
    """Reads rows as sequences of numbers, by whatever it is given."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.enter, self.body, self.leave = nn.Linear(1, width), body, nn.Linear(width, 1)

    def forward(self, x):
        out = self.body(self.enter(x.unsqueeze(-1)))
        out = out[0] if isinstance(out, tuple) else out
        return self.leave(out[:, -1])


BODIES: dict[str, Callable[[], nn.Module]] = {
    "LSTM": lambda: Sequences(nn.LSTM(8, 8, batch_first=True), 8),
    "GRU in two layers": lambda: Sequences(nn.GRU(8, 8, num_layers=2, batch_first=True, dropout=0.1), 8),
    "Transformer": lambda: Sequences(
        nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False
        ),
        8,
    ),
    "message passing": Graph,
    "weight norm": lambda: nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(6, 8)), nn.Tanh(), nn.Linear(8, 1)
    ),
    "spectral norm": lambda: nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(6, 8)), nn.Tanh(), nn.Linear(8, 1)
    ),
    "orthogonal": lambda: nn.Sequential(
        nn.utils.parametrizations.orthogonal(nn.Linear(6, 6)), nn.Tanh(), nn.Linear(6, 1)
    ),
    "data parallel without accelerators": lambda: nn.DataParallel(mlp()),
}

for name, body in BODIES.items():

    def run_body(body=body) -> Yields:
        model = body()
        return plain(model, adam(model))

    way(name)(run_body)


@way("functional_call", places=("0", "1", "2"))
def functional() -> Yields:
    model = mlp()
    weights = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
    optimizer = torch.optim.SGD(weights.values(), lr=0.1)
    kept = SimpleNamespace(parameters=weights.values)
    for _ in range(STEPS):
        x, y = rows()
        optimizer.zero_grad()
        loss = F.mse_loss(torch.func.functional_call(model, weights, (x,)), y)
        loss.backward()
        optimizer.step()
        yield [kept], loss.item()


@way("by hand", unseen=("update_norm",), places=("0", "2"), begins=1)
def by_hand() -> Yields:
    model = mlp()
    for _ in range(STEPS):
        x, y = rows()
        model.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        yield [model], loss.item()


# Optimizers of pytorch_optimizer, of kinds that differ in what they do to gradients and weights.
THIRD = ("Lion", "AdaBelief", "Prodigy", "Ranger", "MADGRAD", "Adan", "ScheduleFreeAdamW")
CHANGING = ("Ranger", "ScheduleFreeAdamW")  # write into the gradients: afterwards they are others than we saw


for third in THIRD:

    def run_third(third=third) -> Yields:
        import pytorch_optimizer

        model = mlp()
        optimizer = getattr(pytorch_optimizer, third)(model.parameters(), lr=1e-2)
        getattr(optimizer, "train", lambda: None)()
        return plain(model, optimizer)

    unseen = ("grad_norm",) if third in CHANGING else ()
    way(f"pytorch_optimizer's {third}", unseen=unseen, places=("0", "2"))(run_third)
