"""What batches hold, in which order, and that nothing else changes it."""

from __future__ import annotations

import gc
import random
import threading
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwise.data.examples import Examples
from gradwise.errors import UsageError
from gradwise.train import batches as batches_module
from gradwise.train.batches import Batches
from gradwise.train.prefetch import AHEAD, ahead


def table(rows=103, columns=3):
    numbers = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    return Examples({"numbers": numbers, "categories": np.arange(rows)[:, None] % 5}, np.arange(rows))


def series(rows=300, longest=40):
    lengths = np.random.default_rng(0).integers(1, longest + 1, rows)
    values = np.random.default_rng(1).normal(size=(rows, longest, 2)).astype(np.float32)
    values *= np.arange(longest)[None, :, None] < lengths[:, None, None]
    return Examples({"series": values, "lengths": lengths}, np.arange(rows))


def flatten(lists):
    return [item for part in lists for item in part]


def targets(batches, epoch=0, start=0):
    return [target.tolist() for _, target in batches.iterate(epoch, start)]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 90),
    size=st.integers(1, 40),
    epoch=st.integers(0, 5),
    drop=st.booleans(),
    shuffle=st.booleans(),
)
def test_every_row_once_and_inputs_belong_to_their_targets(rows, size, epoch, drop, shuffle):
    data = table(rows)
    batches = Batches(data, size, shuffle=shuffle, drop_last=drop, seed=3)
    seen = []
    for (numbers, categories), target in batches.iterate(epoch):
        np.testing.assert_array_equal(numbers, data.inputs["numbers"][target.numpy()])
        np.testing.assert_array_equal(categories, data.inputs["categories"][target.numpy()])
        seen.append(target.tolist())
    flat = flatten(seen)
    assert len(seen) == len(batches)
    assert len(flat) == batches.rows == len(set(flat))
    assert len(flat) == rows if not drop or rows <= size else len(flat) == rows // size * size
    assert size == 1 or rows == 1 or min(map(len, seen)) > 1
    assert shuffle or flat == list(range(len(flat)))


def test_the_order_depends_on_seed_and_epoch_and_nothing_else():
    batches = Batches(table(), 10, seed=1)
    first = targets(batches)
    random.random(), np.random.rand(), torch.rand(1)
    torch.manual_seed(9)
    assert targets(batches) == targets(Batches(table(), 10, seed=1)) == first
    assert targets(batches, epoch=1) != first
    assert targets(Batches(table(), 10, seed=2)) != first
    state = torch.get_rng_state()
    targets(batches)
    assert state.equal(torch.get_rng_state())


@pytest.mark.parametrize("by_length", [False, True])
def test_an_epoch_goes_on_from_its_middle(by_length):
    batches = Batches(series(), 16, by_length=by_length)
    whole = targets(batches, epoch=4)
    assert targets(batches, epoch=4, start=7) == whole[7:]
    assert targets(batches, epoch=4, start=len(batches)) == []


def test_arrays_in_memory_are_not_copied_and_read_only_ones_are_fine():
    data = table()
    data.inputs["numbers"].flags.writeable = False
    batches = Batches(data, 10)
    held = batches._columns[0].tensor
    assert held.data_ptr() == data.inputs["numbers"].ctypes.data
    assert len(targets(batches)) == 11


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_net_that_works_in_place_does_not_change_the_data(shuffle):
    data = table()
    before = data.inputs["numbers"].copy()
    for (numbers, _), target in Batches(data, 10, shuffle=shuffle).iterate(0):
        numbers.zero_()
        target.zero_()
    np.testing.assert_array_equal(data.inputs["numbers"], before)
    assert data.target is not None and data.target[-1] == 102


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_stay_bytes_and_come_channels_last_when_asked(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (20, channels, 5, 4)).astype(np.uint8)
    data = Examples({"pixels": pixels}, np.arange(20))
    for layout in (False, True):
        for (batch,), target in Batches(data, 8, channels_last=layout).iterate(2):
            assert batch.dtype == torch.uint8
            np.testing.assert_array_equal(batch, pixels[target.numpy()])
            wanted = torch.channels_last if layout else torch.contiguous_format
            assert batch.is_contiguous(memory_format=wanted)


def on_disk(array, place):
    file = np.memmap(place, array.dtype, "w+", shape=array.shape)
    file[:] = array
    file.flush()
    return np.memmap(place, array.dtype, "r", shape=array.shape)


@pytest.mark.parametrize("kind", [">f4", "<f4"])
def test_memory_mapped_rows_stay_on_disk_and_come_in_the_same_order(tmp_path, kind):
    data = table()
    mapped = on_disk(data.inputs["numbers"].astype(kind), tmp_path / "numbers")
    disk = Batches(Examples({"numbers": mapped[:], "categories": data.inputs["categories"]}, data.target), 10)
    assert disk._columns[0].tensor.numel() == 0
    memory = Batches(data, 10)
    for (there, _), (here, _) in zip(disk.iterate(1), memory.iterate(1), strict=True):
        assert all(mine.equal(other) for mine, other in zip(there, here, strict=True))
    assert targets(disk, 1, start=3) == targets(memory, 1, start=3)


def test_memory_mapped_pixels_channels_last(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 3, 5, 4)).astype(np.uint8)
    data = Examples({"pixels": on_disk(pixels, tmp_path / "pixels")}, np.arange(20))
    for (batch,), target in Batches(data, 8, channels_last=True).iterate(0):
        np.testing.assert_array_equal(batch, pixels[target.numpy()])
        assert batch.is_contiguous(memory_format=torch.channels_last)


def test_by_length_wastes_less_padding_and_loses_nothing():
    data = series()
    plain, sorted_ = Batches(data, 16), Batches(data, 16, by_length=True)

    def padding(batches):
        return sum(
            (values.shape[1] * len(values) - lengths.sum()).item()
            for (values, lengths), _ in batches.iterate(0)
        )

    assert padding(sorted_) < 0.15 * padding(plain)
    for (values, lengths), target in sorted_.iterate(0):
        assert values.shape[1] == lengths.max()
        np.testing.assert_array_equal(values, data.inputs["series"][target.numpy()][:, : values.shape[1]])
    assert sorted(flatten(targets(sorted_))) == list(range(300))
    assert targets(sorted_) == targets(sorted_) != targets(sorted_, epoch=1)
    long = [max(data.inputs["lengths"][rows]) for rows in targets(sorted_)]
    assert long != sorted(long)  # the batches come in a random order


def test_by_length_without_shuffling_tells_its_order():
    data = series()
    batches = Batches(data, 16, shuffle=False, by_length=True)
    assert flatten(targets(batches)) == batches.order(0).tolist()
    assert (np.diff(data.inputs["lengths"][batches.order(0)]) >= 0).all()


def test_rows_without_a_target():
    batches = Batches(Examples({"numbers": np.ones((5, 2), np.float32)}), 2, shuffle=False)
    assert [(len(inputs[0]), target.numel()) for inputs, target in batches.iterate(0)] == [(2, 0), (3, 0)]


def test_wrong_input_is_one_sentence():
    with pytest.raises(UsageError, match="no rows"):
        Batches(table(0), 4)
    with pytest.raises(UsageError, match="--batch-size takes a whole number from 1 on, not 0"):
        Batches(table(), 0)
    with pytest.raises(UsageError, match="'target' has 3 rows, the other arrays have 4"):
        Batches(Examples({"numbers": np.ones((4, 1))}, np.ones(3)), 2)
    with pytest.raises(UsageError, match="need 'lengths'"):
        Batches(table(), 4, by_length=True)


def test_data_moves_to_an_accelerator_only_where_it_fits(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 4000))
    assert batches_module._fits(500, torch.device("cuda"))
    assert not batches_module._fits(501, torch.device("cuda"))


def test_ahead_raises_where_the_result_would_have_come():
    def job(number):
        if number == 3:
            raise OSError("disk gone")
        return number

    got = []
    with pytest.raises(OSError, match="disk gone"):
        got.extend(ahead([lambda n=n: job(n) for n in range(6)]))
    assert got == [0, 1, 2]


def test_ahead_is_a_little_ahead_and_ends_its_thread_when_left():
    made = []
    results = ahead(lambda n=n: made.append(n) or n for n in range(1000))
    assert next(results) == 0
    results.close()
    assert len(made) <= AHEAD + 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gradwise-batches")]


def test_a_batch_read_ahead_is_not_kept(tmp_path):
    data = Examples({"numbers": on_disk(np.ones((100, 4), np.float32), tmp_path / "numbers")}, np.arange(100))
    alive = []
    for (numbers,), _ in Batches(data, 10).iterate(0):
        alive.append(weakref.ref(numbers))
    del numbers
    gc.collect()
    assert not any(ref() is not None for ref in alive)
