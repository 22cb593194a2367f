"""Several processes: what they exchange, training in parts, and what happens when one of them goes away."""

import json

import pytest

import tinygrad_cnn as tg
from tests.distributed import members
from tinygrad_cnn import nn
from tinygrad_cnn.multiprocessing import start_processes

SIZE = 3


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("group")
    start_processes(everything, args=(SIZE, str(folder)), nprocs=SIZE)
    return {
        name: [json.loads((folder / f"{name}{rank}.json").read_text()) for rank in range(SIZE)]
        for name in ("collectives", "training", "leaving")
    }


def everything(rank, size, folder):
    for work in (members.collectives, members.training, members.leaving):
        where = f"{folder}/{work.__name__}"
        members.Path(where).mkdir(exist_ok=True)
        members.together(rank, size, where, work)
        members.Path(where, f"{work.__name__}{rank}.json").replace(f"{folder}/{work.__name__}{rank}.json")


def test_everybody_gets_what_the_function_says(found):
    for rank, got in enumerate(found["collectives"]):
        mine = [rank + 1.0, 10.0 * rank]
        everybodys = [[1.0, 0.0], [2.0, 10.0], [3.0, 20.0]]
        assert got["SUM"] == [6, 30]
        assert got["AVG"] == [2, 10]
        assert (got["PRODUCT"], got["MIN"], got["MAX"]) == ([6, 0], [1, 0], [3, 20])
        assert got["bits"] == 7
        assert got["reduce"] == ([6, 30] if rank == 1 else mine)
        assert got["broadcast"] == everybodys[2]
        assert got["all_gather"] == everybodys
        assert got["into"] == [1, 0, 2, 10, 3, 20]
        assert got["gather"] == (everybodys if rank == 2 else None)
        assert got["scatter"] == [rank, rank]
        assert got["reduce_scatter"] == 6 * rank
        assert got["objects"] == [
            [["rank", 0], ["rank", 1], ["rank", 2]],
            [{"from": 1}],
            [0, 1, 2] if rank == 0 else [None] * 3,
        ]
        assert got["letter"] == [False, everybodys[rank - 1]]
        assert got["pair"] == ([-1, -1, mine] if rank == 1 else [rank // 2, 2, [4, 20]])
        assert got["half"][:2] == [True, [6, 30]]
        assert "float16" in got["half"][2]
        assert got["world"] == [rank, SIZE]


def test_training_in_parts_is_training_on_the_mean_of_the_parts_losses(found):
    model = members.network().eval()
    x, y = members.data()
    optimizer = tg.optim.SGD(model.parameters(), 0.5, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        losses = [nn.functional.cross_entropy(model(x[i::SIZE]), y[i::SIZE]) for i in range(SIZE)]
        (sum(losses) / SIZE).backward()
        optimizer.step()
    for parameters, unused_has_none in found["training"]:
        assert unused_has_none
        assert parameters == found["training"][0][0]
        for ours, theirs in zip(model.parameters(), parameters, strict=True):
            assert ours.flatten().tolist() == pytest.approx(theirs, abs=1e-5)


def test_a_process_that_left_is_named(found):
    assert found["leaving"][-1] == "gone"
    for said in found["leaving"][:-1]:
        assert said.startswith("distributed: ")
        assert said.endswith((" process 2 has left the group", " process 0 has left the group"))
