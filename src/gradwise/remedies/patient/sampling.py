"""Other samplers for the loader that training goes through, and the labels of its data set."""

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
    _Sampling(patient, choose, words)


class _Sampling:
    """Knows which loader is trained from, and changes it."""

    def __init__(self, patient: Patient, choose: Callable[[Any], Any], words: str) -> None:
        self.patient, self.choose = patient, choose
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
            sampler = _chosen(self.patient, loader, self.choose)
            if sampler is not None:
                self.changed[id(loader)] = _Changed(loader, sampler)
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
        if not self.loaders:
            why = "no DataLoader was trained from; batches that are cut by hand stay as they are"
            self.patient.could_not(why)


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
    """A loader with another sampler."""

    def __init__(self, loader: Any, sampler: Any) -> None:
        self.loader, self.used, self.epochs = loader, False, 1
        self.sampler = sampler
        self._before = [
            (vars(each), vars(each)["sampler"]) for each in {id(o): o for o in self._owners()}.values()
        ]
        for words, _ in self._before:
            words["sampler"] = sampler

    def _owners(self) -> list[Any]:
        return [self.loader, _holder(self.loader)]

    def gives(self, iterator: Any) -> bool:
        """Whether an iterator is one of this loader."""
        source = iterator._index_sampler  # noqa: SLF001
        return source is self.sampler or getattr(source, "sampler", None) is self.sampler

    def put_back(self) -> None:
        """Let the loader have its own sampler again."""
        for words, sampler in self._before:
            words["sampler"] = sampler


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
