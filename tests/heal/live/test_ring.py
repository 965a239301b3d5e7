"""The ring of states on disk: whole files, three of them, within a share of the disk, and failures in words."""

import errno
from collections import namedtuple

import pytest
import torch

from gradwise.heal.live import ring as room
from gradwise.heal.live.keeping import CONFIRMED, TOLERATED, Keeper
from gradwise.heal.live.ring import PART, Ring, RingError

Usage = namedtuple("Usage", "total used free")


def document(value):
    return {"models": {0: {"w": torch.full((1000,), value)}}}


def test_the_oldest_state_gives_way(tmp_path):
    ring = Ring(tmp_path / "a" / "states")
    for step in (0, 20, 40, 60):
        ring.put(step, document(float(step)), 4000)
    assert [kept.step for kept in ring.kept] == [20, 40, 60]
    assert sorted(file.name for file in ring.folder.iterdir()) == ["step-20.pt", "step-40.pt", "step-60.pt"]
    assert ring.read(ring.kept[1])["models"][0]["w"][0] == 40.0
    assert ring.size == sum(file.stat().st_size for file in ring.folder.iterdir())
    ring.clear()
    assert not ring.folder.exists()
    assert ring.written == 4


def test_a_full_disk_is_said_and_what_was_kept_stays(tmp_path, monkeypatch):
    ring = Ring(tmp_path / "states")
    ring.put(0, document(0.0), 4000)

    def fail(_document, stream):
        stream.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(RingError, match="No space left on device"):
        ring.put(20, document(1.0), 4000)
    assert [kept.step for kept in ring.kept] == [0]
    assert not (ring.folder / PART).exists()
    assert ring.read(ring.kept[0])["models"][0]["w"][0] == 0.0


@pytest.mark.parametrize(("free", "kept"), [(10_000_000, 3), (85_000, 2), (45_000, 1), (35_000, 0)])
def test_states_take_a_tenth_of_what_is_free(tmp_path, monkeypatch, free, kept):
    taken = [0]
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: Usage(1e9, 0, free - taken[0]))
    ring = Ring(tmp_path / "states")
    for step in (0, 20, 40, 60):
        if kept:
            ring.put(step, document(1.0), 4000)
            taken[0] = ring.size
        else:
            with pytest.raises(RingError, match=r"a state takes 4 kB, more than 10% of the 35 kB free"):
                ring.put(step, document(1.0), 4000)
    assert len(ring.kept) == kept


def test_a_state_that_cannot_be_read_is_passed_over(tmp_path):
    keeper = Keeper(tmp_path / "states")
    net = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in (0, 20, 40):
        with torch.no_grad():
            net.bias.fill_(float(step))
        assert keeper.keep(step, [net], [optimizer], rates={}) == ""
    keeper.ring.kept[-1].file.write_bytes(b"broken")
    assert keeper.put_back(keeper.ring.kept[-1]).step == 20
    assert net.bias.item() == 20.0


def test_a_state_is_trusted_some_steps_later(tmp_path):
    keeper = Keeper(tmp_path / "states")
    net = torch.nn.Linear(3, 1)
    assert keeper.choose(10) is None
    for step in (0, 20, 40):
        keeper.keep(step, [net], [], rates={})
    assert keeper.choose(40 + CONFIRMED - 2).step == 20
    assert keeper.choose(40 + CONFIRMED - 1).step == 40
    assert keeper.choose(2).step == 0  # of no trusted ones the oldest


def test_a_run_on_a_wrong_way_keeps_the_state_from_before(tmp_path):
    keeper = Keeper(tmp_path / "states")
    for step, level in ((0, 2.0), (20, 5.0), (40, 9.0), (60, 20.0), (80, 70.0)):
        keeper.keep(step, [torch.nn.Linear(1, 1)], [], rates={}, level=level)
    assert [kept.step for kept in keeper.ring.kept] == [40, 60, 80]  # no third of the one after it
    for step, level in ((100, 70.0), (120, 80.0), (140, 90.0)):
        keeper.keep(step, [torch.nn.Linear(1, 1)], [], rates={}, level=level)
    assert [kept.step for kept in keeper.ring.kept] == [60, 120, 140]
    assert keeper.choose(200).step == 140
    assert keeper.choose(200, level=10.0).step == 60
    assert keeper.choose(200, level=1.0).step == 60  # none is as good
    assert keeper.choose(200, lowest=True).step == 60


def test_what_is_broken_is_not_kept(tmp_path):
    keeper = Keeper(tmp_path / "states")
    net = torch.nn.BatchNorm1d(3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    keeper.keep(0, [net], [optimizer], rates={})
    net.running_mean[1] = float("nan")
    keeper.keep(20, [net], [optimizer], rates={})
    assert [kept.step for kept in keeper.ring.kept] == [0]
    assert keeper.mend(keeper.choose(20)) == 1
    assert net.running_mean.isfinite().all()


def test_it_is_no_longer_tried_where_it_fails_again_and_again(tmp_path):
    (tmp_path / "states").write_text("in the way")
    keeper = Keeper(tmp_path / "states")
    for step in range(0, 20 * TOLERATED, 20):
        assert keeper.due(step + 20)
        assert "could not be kept" in keeper.keep(step, [torch.nn.Linear(1, 1)], [], rates={})
    assert not keeper.due(10_000)
