"""Other samplers or batch sizes for the loader that training goes through, and the labels of its data."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset, Subset

from gradwise.remedies.patient.columns import tensors_of

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

UNUSED = 2  # times that a loader is gone through before it is said not to be trained from
MOST_CLASSES = 1000  # whole numbers of more values are no classes


def sample(patient: Patient, choose: Callable[[Any], Any], words: str) -> None:
    """Have the loader of the training data draw its samples in another way.

    That is the loader that is gone through while gradients are wanted and no model
    is in evaluation mode; one that no backward pass follows gets its own sampler
    back after a while.  Loaders with batch samplers of their own are left.

    Args:
        patient: the cure's hold.
        choose: a sampler for a loader, or None to leave it.
        words: what was done, for the record.
    """

    def change(loader: Any) -> list[Change]:
        sampler = _chosen(patient, loader, choose)
        owners = {id(each): each for each in (loader, _holder(loader))}.values()
        return [] if sampler is None else [(vars(each), "sampler", sampler) for each in owners]

    _Sampling(
        patient,
        change,
        words,
        "no DataLoader was trained from; batches that are cut by hand stay as they are",
    )


def enlarge(patient: Patient, times: int, words: str) -> Callable[[], bool]:
    """Have the loader of the training data join so many batches to one.

    Args:
        patient: the cure's hold.
        times: so many.
        words: what was done, for the record.

    Returns:
        Tells whether joined batches are trained from.  Loaders that cut none, or whose batches something
        else chooses, are left.
    """

    def change(loader: Any) -> list[Change]:
        holder = loader.batch_sampler
        if isinstance(loader.dataset, IterableDataset) or type(holder).__name__ != "BatchSampler":
            return []
        size = min(holder.batch_size * times, max(len(holder.sampler), 1))
        if size <= holder.batch_size:
            return []
        return [(vars(each), "batch_size", size) for each in (loader, holder)]

    sampling = _Sampling(patient, change, words, "")
    return lambda: any(each.used for each in sampling.changed.values())


Change = tuple[dict[str, Any], str, Any]  # attributes of something, which of them, and what it becomes


class _Sampling:
    """Knows which loader is trained from, and changes it."""

    def __init__(
        self, patient: Patient, change: Callable[[Any], list[Change]], words: str, without: str
    ) -> None:
        self.patient, self.change, self.without = patient, change, without
        self.line = patient.did(words, 0)
        self.changed: dict[int, _Changed] = {}
        self.loaders: dict[int, Any] = {}  # those that were decided upon, held: no id is used again
        self.judging = False  # whether a model was last put into evaluation mode
        self.iterator: weakref.ref[Any] | None = None
        patient.at("mode", self.mode)
        patient.at("epoch", self.epoch)
        patient.at("batch", self.batch)
        patient.at("backward", self.backward)
        patient.later(self.end)

    def mode(self, _module: Any, training: bool) -> None:
        self.judging = not training

    def epoch(self, loader: Any) -> None:
        known = self.changed.get(id(loader))
        if known is not None and not known.used and known.epochs >= UNUSED:
            known.put_back()
            self.line.times -= known.epochs
            del self.changed[id(loader)]
        elif known is not None:
            known.epochs += 1
            self.line.times += 1
        elif torch.is_grad_enabled() and not self.judging and id(loader) not in self.loaders:
            self.loaders[id(loader)] = loader
            changes = self.change(loader)
            if changes:
                self.changed[id(loader)] = _Changed(loader, changes)
                self.line.times += 1

    def batch(self, _batch: Any, iterator: Any) -> None:
        self.iterator = weakref.ref(iterator)

    def backward(self) -> None:
        iterator = self.iterator() if self.iterator else None
        for each in self.changed.values():
            each.used = each.used or (iterator is not None and each.gives(iterator))

    def end(self) -> None:
        for each in self.changed.values():
            each.put_back()
        if not self.loaders and self.without:
            self.patient.could_not(self.without)


def _chosen(patient: Patient, loader: Any, choose: Callable[[Any], Any]) -> Any:
    if isinstance(loader.dataset, IterableDataset):
        patient.could_not("a data set that is a stream has no order to change")
        return None
    if type(_holder(loader)).__name__ not in ("BatchSampler", "DataLoader"):
        patient.could_not(f"{type(loader.batch_sampler).__name__} chooses its batches itself")
        return None
    return choose(loader)


def _holder(loader: Any) -> Any:
    """What has the sampler that is gone through."""
    return loader if loader.batch_sampler is None else loader.batch_sampler


class _Changed:
    """A loader that draws in another way."""

    def __init__(self, loader: Any, changes: list[Change]) -> None:
        self.loader, self.used, self.epochs = loader, False, 1
        self._before = [(words, word, words[word]) for words, word, _ in changes]
        for words, word, value in changes:
            words[word] = value

    def gives(self, iterator: Any) -> bool:
        """Whether an iterator is one of this loader."""
        return iterator._index_sampler is self.loader._index_sampler  # noqa: SLF001

    def put_back(self) -> None:
        """Let the loader draw as it did before."""
        for words, word, value in self._before:
            words[word] = value


def labels_of(dataset: Any) -> Tensor | None:
    """The class of each sample, where it can be read without reading the samples."""
    for tensor in reversed(tensors_of(dataset)):
        if _are_classes(tensor):
            return tensor.long().flatten()
    if isinstance(dataset, Subset):
        labels = labels_of(dataset.dataset)
        return None if labels is None else labels[torch.as_tensor(dataset.indices)]
    for word in ("targets", "labels"):
        own = getattr(dataset, word, None)
        if own is not None and len(own) == len(dataset):
            tensor = torch.as_tensor(own)
            return tensor.long().flatten() if _are_classes(tensor) else None
    return None


def _are_classes(tensor: Tensor) -> bool:
    if tensor.numel() != len(tensor) or tensor.is_complex() or not tensor.numel():
        return False
    whole = not tensor.is_floating_point() or bool(((tensor == 0) | (tensor == 1)).all())
    return whole and 0 <= int(tensor.min()) < int(tensor.max()) < MOST_CLASSES
