import hashlib
import io
import sys

import numpy as np
import pytest

import tinygrad_cnn as tg
from tests.loopback import serving
from tinygrad_cnn import hub
from tinygrad_cnn.io.download import DownloadError, download, is_intact

CONTENT = np.random.default_rng(0).bytes(1_000_000)
SHA = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def server():
    with serving({"a": CONTENT}) as running:
        yield running


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_a_file_is_put_in_place(server, tmp_path):
    target = tmp_path / "deep" / "file"
    assert download(server.url("a"), target, SHA) == target
    assert target.read_bytes() == CONTENT
    assert names(target.parent) == ["file"]
    download(server.url("a"), target, SHA)  # it is there
    assert len(server.asked) == 1


@pytest.mark.parametrize("checksum", [SHA, SHA[:15], f"md5:{hashlib.md5(CONTENT).hexdigest()}", None])
def test_checksums(checksum, server, tmp_path):
    download(server.url("a"), tmp_path / "file", checksum)
    assert is_intact(tmp_path / "file", checksum)
    assert not is_intact(tmp_path / "other", checksum)


def test_other_bytes_are_refused(server, tmp_path):
    with pytest.raises(DownloadError, match=r"it gave other bytes: md5:\w{32} in place of md5:00"):
        download(server.url("a"), tmp_path / "file", "md5:00")
    assert names(tmp_path) == []
    assert len(server.asked) == 1


def test_a_damaged_file_is_fetched_again(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT[:-1] + b"?")
    download(server.url("a"), tmp_path / "file", SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_mirrors_are_tried_in_turn(server, tmp_path):
    server.files["wrong"] = b"<html>"
    urls = ["http://127.0.0.1:1/a", server.url("missing"), server.url("wrong"), server.url("a")]
    download(urls, tmp_path / "file", SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [name for name, _ in server.asked] == ["missing", "wrong", "a"]


def test_a_connection_that_breaks_off_is_taken_up_again(server, tmp_path):
    server.break_after = [300_000, 200_000]
    download(server.url("a"), tmp_path / "file", SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=300000-", "bytes=500000-"]


def test_a_server_that_can_not_go_on_begins_again(server, tmp_path):
    server.ranges = False
    server.break_after = [300_000]
    download(server.url("a"), tmp_path / "file", SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_without_a_checksum_nothing_is_joined(server, tmp_path):
    server.break_after = [300_000]
    download(server.url("a"), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, None]


def test_a_later_run_goes_on(server, tmp_path):
    server.break_after = [100_000, 100_000, 100_000]
    with pytest.raises(DownloadError, match="the connection broke off after 300000 of 1000000 bytes"):
        download(server.url("a"), tmp_path / "file", SHA)
    assert names(tmp_path) == [".file.part"]
    download(server.url("a"), tmp_path / "file", SHA)
    assert server.asked[-1][1] == "bytes=300000-"
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_thrown_away(server, tmp_path):
    (tmp_path / ".file.part").write_bytes(CONTENT + b"more")
    with pytest.raises(DownloadError, match="other bytes"):
        download(server.url("a"), tmp_path / "file", SHA)
    download(server.url("a"), tmp_path / "file", SHA)


def test_without_a_network(tmp_path):
    with pytest.raises(RuntimeError) as caught:
        download(["http://127.0.0.1:1/x", "http://127.0.0.1:2/x"], tmp_path / "x", SHA)
    message = str(caught.value)
    assert "x could not be downloaded:\n  http://127.0.0.1:1/x: [Errno" in message
    assert f"get the file ({SHA}) elsewhere and put it at {tmp_path / 'x'}" in message
    assert isinstance(caught.value, OSError)


def test_progress_is_for_terminals(server, tmp_path, monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    download(server.url("a"), tmp_path / "one", SHA)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    download(server.url("a"), tmp_path / "two", SHA)
    assert terminal.getvalue().endswith("\rtwo: 1.0 of 1.0 MB, 100 %\n")
    before = terminal.getvalue()
    download(server.url("a"), tmp_path / "three", SHA, progress=False)
    assert terminal.getvalue() == before


# hub ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def weights(tmp_path):
    tg.save({"w": tg.ones(2)}, tmp_path / "written")
    return (tmp_path / "written").read_bytes()


def test_weights_by_url(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "_folder", None)
    hub.set_dir(tmp_path / "hub")
    name = f"net-{hashlib.sha256(weights).hexdigest()[:8]}.pth"
    with serving({name: weights, "net-00000000.pth": weights}) as server:
        for _ in range(2):
            state = hub.load_state_dict_from_url(server.url(name), check_hash=True, progress=False, map_location="cpu")
            assert state["w"].tolist() == [1, 1]
        assert len(server.asked) == 1
        assert (tmp_path / "hub" / "checkpoints" / name).is_file()
        with pytest.raises(RuntimeError, match="other bytes: sha256:"):
            hub.load_state_dict_from_url(server.url("net-00000000.pth"), check_hash=True)
        hub.load_state_dict_from_url(server.url("net-00000000.pth"), tmp_path / "own", file_name="w.pth")
        assert names(tmp_path / "own") == ["w.pth"]
        hub.download_url_to_file(server.url(name), str(tmp_path / "copy"), progress=False)
        assert (tmp_path / "copy").read_bytes() == weights


def test_folders(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "_folder", None)
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert hub.get_dir() == str(tmp_path / "torch" / "hub")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    assert hub.get_dir() == str(tmp_path / "home" / "hub")
