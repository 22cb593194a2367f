import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.io import atomic, load_file, replacing, save_file

posix = pytest.mark.skipif(os.name == "nt", reason="permissions and process numbers of POSIX")


def contents(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@posix
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with replacing(pipe) as file:
        file.write(b"1 2 3")
    assert os.read(reader, 10) == b"1 2 3"
    os.close(reader)
    assert [each.is_fifo() for each in tmp_path.iterdir()] == [True]


def test_the_file_is_replaced(tmp_path):
    for content in (b"one", b"two"):
        with replacing(tmp_path / "f") as file:
            file.write(content)
        assert contents(tmp_path) == {"f": content}


def test_a_failing_block_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "f").write_bytes(b"old")

    def failing():
        with replacing(tmp_path / "f") as file:
            file.write(b"half of the ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failing()
    assert contents(tmp_path) == {"f": b"old"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_nothing_else(step, tmp_path, monkeypatch):
    save_file({"x": tg.zeros(3)}, tmp_path / "f")

    def failing(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, step, failing)
    with pytest.raises(OSError, match="No space left"):
        save_file({"x": tg.ones(3)}, tmp_path / "f")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["f"]
    assert load_file(tmp_path / "f")["x"].tolist() == [0.0, 0.0, 0.0]


KILLED = """
import os, sys
import tinygrad_cnn as tg
from tinygrad_cnn.io import atomic, save_file
setattr(atomic.os, sys.argv[2], lambda *_: os.kill(os.getpid(), 9))
save_file({"x": tg.ones(3)}, sys.argv[1])
"""


@posix
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_killed_program_leaves_the_old_file_and_the_next_one_tidies_up(step, tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"x": tg.zeros(3)}, path)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path), step], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 2
    assert load_file(path)["x"].tolist() == [0.0, 0.0, 0.0]
    save_file({"x": tg.ones(3)}, path)
    assert os.listdir(tmp_path) == [path.name]
    assert load_file(path)["x"].tolist() == [1.0, 1.0, 1.0]


@posix
def test_killed_at_any_moment(tmp_path):
    """A program that writes all the time is killed again and again: what is there is always one whole file."""
    path = tmp_path / "model.safetensors"
    program = (
        "import sys\nimport tinygrad_cnn as tg\nfrom tinygrad_cnn.io import save_file\n"
        "n = 0\nwhile True:\n    n += 1\n"
        "    save_file({'a': tg.full((50_000,), n), 'b': tg.full((9,), n)}, sys.argv[1])\n"
        "    print(n, flush=True)\n"
    )
    for moment in np.linspace(0, 0.05, 5):
        with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            time.sleep(moment)
            writer.kill()
        back = load_file(path)
        assert len({*back["a"].tolist(), *back["b"].tolist()}) == 1
    save_file({}, path)
    assert os.listdir(tmp_path) == [path.name]


def test_the_folder_is_brought_to_the_disk_after_the_file(tmp_path, monkeypatch):
    steps = []
    real = os.fsync, os.replace
    kind = {True: "folder", False: "file"}
    monkeypatch.setattr(
        atomic.os, "fsync", lambda fd: steps.append(kind[stat.S_ISDIR(os.fstat(fd).st_mode)]) or real[0](fd)
    )
    monkeypatch.setattr(atomic.os, "replace", lambda *names: steps.append("replace") or real[1](*names))
    save_file({}, tmp_path / "f")
    assert steps == ["file", "replace"] + ["folder"] * (os.name != "nt")


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_new_files_get_the_permissions_that_the_umask_leaves(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        save_file({}, tmp_path / "f")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == mode


@posix
def test_a_replaced_file_keeps_its_permissions(tmp_path):
    save_file({}, tmp_path / "f")
    (tmp_path / "f").chmod(0o640)
    save_file({}, tmp_path / "f")
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o640


@posix
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "real" / "f")
    with replacing(tmp_path / "latest") as file:
        file.write(b"new")
    assert (tmp_path / "latest").is_symlink()
    assert contents(tmp_path / "real") == {"f": b"new"}


@posix
def test_only_stale_files_of_ours_are_swept(tmp_path):
    target = tmp_path / "f"
    prefix = atomic._prefix(target)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stale = tmp_path / f"{prefix}{gone.pid}-0011.tmp"
    ancient = tmp_path / f"{prefix}{os.getpid()}-0022.tmp"
    kept = [f"{prefix}{os.getpid()}-0033.tmp", f"{prefix}1-0044.tmp", ".g.tmp", f"{prefix}{gone.pid}-0055", ".f.tmp"]
    kept.append(f".f.00000000-{gone.pid}-0066.tmp")  # of another machine
    for each in (stale, ancient, *(tmp_path / name for name in kept)):
        each.touch()
    os.utime(ancient, (0, 0))
    with replacing(target):
        pass
    assert set(os.listdir(tmp_path)) == {"f", *kept}


def test_two_writers_at_once(tmp_path):
    with replacing(tmp_path / "f") as first, replacing(tmp_path / "f") as second:
        first.write(b"first")
        second.write(b"second")
    assert contents(tmp_path) == {"f": b"first"}  # whoever ends last


def test_a_very_long_name(tmp_path):
    name = "n" * 250
    with replacing(tmp_path / name) as file:
        file.write(b"1")
    assert contents(tmp_path) == {name: b"1"}


def test_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; give the name of a file in it"):
        save_file({}, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"the folder .*nowhere for f does not exist; make it first"):
        save_file({}, tmp_path / "nowhere" / "f")
