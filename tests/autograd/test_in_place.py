"""Writing in place: what was saved is guarded, views and their base stay one, leaves are protected."""

from typing import Any

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.errors import DtypeError, GraphError, ShapeError


def leaf(*values: float) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float32, requires_grad=True)


def through_detach(x: tg.Tensor) -> None:
    x.detach().mul_(2)


def through_view(x: tg.Tensor) -> None:
    x.view(-1)[:1].zero_()


def through_index(x: tg.Tensor) -> None:
    x[0] = 5


def through_method(x: tg.Tensor) -> None:
    x.add_(1)


def without_recording(x: tg.Tensor) -> None:
    with tg.no_grad():
        x.add_(1)


WRITES = {
    through_detach: "mul_",
    through_view: "fill_",
    through_index: r"x\[\.\.\.\] = y",
    through_method: "add_",
    without_recording: "add_",
}


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_a_saved_input_was_changed(write: Any) -> None:
    x, y = leaf(1, 2), tg.tensor([3.0, 4.0])
    z = x * y
    write(y)
    with pytest.raises(
        GraphError, match=rf"mul needs its input y of shape \(2,\), but {WRITES[write]} changed it in place"
    ):
        z.sum().backward()


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_a_saved_output_was_changed(write: Any) -> None:
    z = leaf(1, 2).exp()
    out = z.sum()
    write(z)
    with pytest.raises(
        GraphError, match=rf"exp needs its output of shape \(2,\), but {WRITES[write]} changed it in place"
    ):
        out.backward()


def test_writing_to_data_is_not_counted() -> None:
    """As in PyTorch: `.data` is the way around the guard."""
    x, y = leaf(1, 2), tg.tensor([3.0, 4.0])
    z = x * y
    y.data.mul_(10)
    z.sum().backward()
    assert x.grad.tolist() == [30, 40]


def test_what_was_not_saved_may_change() -> None:
    x = leaf(1, 2)
    y = x + 1
    z = y * 3
    y.mul_(0)
    z.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_an_operation_on_itself_in_place() -> None:
    x = leaf(1, 2)
    y = x * 1
    y.mul_(y)
    y.mul_(y)
    y.sum().backward()
    assert x.grad.tolist() == [4, 32]


def test_a_view_counts_as_its_base() -> None:
    base = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    row, x = base[0], leaf(1, 1)
    z = x * row
    base.mul_(2)
    with pytest.raises(GraphError, match="mul needs its input y"):
        z.sum().backward()


@pytest.mark.parametrize("write", [through_view, through_index, through_method], ids=lambda write: write.__name__)
def test_leaves_are_protected(write: Any) -> None:
    with pytest.raises(GraphError, match=r"is a(?: view of a)? leaf that requires grad, and its history starts here"):
        write(leaf(1, 2))


def test_leaves_may_be_written_without_recording() -> None:
    x = leaf(1, 2)
    with tg.no_grad():
        x -= 0.5
        x[0] = 7
        x.view(-1).mul_(2)
    assert x.tolist() == [14, 3]
    assert x.is_leaf
    (x * 1).sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_a_view_of_a_leaf_made_without_recording() -> None:
    x = leaf(1, 2)
    with tg.no_grad():
        view = x[:1]
    with pytest.raises(GraphError, match="is a view of a leaf that requires grad"):
        view.add_(1)


def test_read_only_memory() -> None:
    with pytest.raises(GraphError, match=r"add_: this tensor of shape \(2, 2\) cannot be written to"):
        tg.ones(2).expand(2, 2).add_(1)
    array = np.ones(2)
    array.flags.writeable = False
    with pytest.raises(GraphError, match="cannot be written to"):
        tg.from_numpy(array)[0] = 1


def test_results_that_do_not_fit() -> None:
    with pytest.raises(
        ShapeError, match=r"add_: a result of shape \(2, 3\) does not fit into this tensor of shape \(3,\)"
    ):
        tg.ones(3).add_(tg.ones(2, 3))
    with pytest.raises(
        DtypeError, match=r"mul_: a result of dtype float32 can't be kept in a tensor of dtype int64; use mul"
    ):
        tg.tensor([1, 2]).mul_(2.5)
    assert tg.tensor([1, 2], dtype=tg.int32).add_(tg.tensor([1, 1])).dtype == "int32"


def test_wrong_assignments() -> None:
    x = tg.ones(2, 3)
    with pytest.raises(ShapeError, match=r"x\[\.\.\.\] = y: .*\(x \(2, 3\), y \(4,\)\)"):
        x[0] = tg.ones(4)
    with pytest.raises(IndexError, match=r"x\[\.\.\.\] = y: index 5 is out of bounds.*\(x \(2, 3\)"):
        x[5] = 1


def test_views_share_memory_both_ways() -> None:
    base = tg.zeros(3, 4)
    views = [base[1], base.view(12)[4:8], base.t()[:, 1], base.transpose(0, 1).unsqueeze(0)[0, :, 1], base.detach()[1]]
    for i, view in enumerate(views):
        view += 1
        assert base.sum().item() == 4 * (i + 1)
        assert all((other == i + 1).all() for other in views)


def test_copies_do_not_share() -> None:
    base = tg.zeros(3, 4)
    for copy in (
        base.clone(),
        base[[0, 1]],
        base[base == 0],
        base.t().reshape(-1),
        base + 0,
        base.repeat(1, 1),
        base[:1, :1].repeat(2, 3),
    ):
        copy += 1
    assert base.sum().item() == 0


def test_in_place_on_an_unshared_tensor_keeps_its_identity() -> None:
    x = tg.ones(2)
    same = x
    x += 1
    x.mul_(3)
    assert same is x
    assert x.tolist() == [6, 6]


def test_numpy_sees_later_writes() -> None:
    x = tg.ones(2)
    array = x.numpy()
    x += 1
    x[0] = 7
    assert array.tolist() == [7, 2]
    array[1] = 9
    assert x.tolist() == [7, 9]


def test_the_version_counter_is_shared_by_views() -> None:
    base = tg.zeros(2, 2)
    views = [base[0], base.detach(), base.view(-1)]
    before = base.storage.version
    views[0].add_(1)
    assert {view.storage.version for view in views} == {before + 1}
    assert base.clone().storage.version == 0


def test_detach_in_place() -> None:
    x = leaf(1, 2) * 2
    assert not x.detach_().requires_grad


def test_optimizers_announce_their_writes() -> None:
    x, w = leaf(1, 2), leaf(3, 4)
    z = x * w
    w.array -= 1
    w.storage.changed("SGD.step")
    with pytest.raises(GraphError, match=r"mul needs its input y of shape \(2,\), but SGD\.step changed it in place"):
        z.sum().backward()


def test_one_element_is_a_view_too() -> None:
    base = tg.zeros(3)
    base[1].add_(5)
    tg.zeros(2, 2)[0, 1].add_(1)
    element = base[2]
    element.fill_(7)
    base[0] = 1
    assert base.tolist() == [1, 5, 7]
    x = leaf(1, 2)
    y = x * 1
    y[0].mul_(10)
    y.sum().backward()
    assert x.grad.tolist() == [10, 1]


def test_a_base_filled_with_constants_ends_the_gradient_of_older_views() -> None:
    x = leaf(1, 2)
    y = x * 1
    view = y[:1]
    y.zero_()
    (view.exp().sum() + x.sum()).backward()
    assert x.grad.tolist() == [1, 1]


def test_a_view_that_is_a_leaf_is_protected() -> None:
    view = tg.zeros(3)[1:].requires_grad_()
    with pytest.raises(GraphError, match="is a leaf that requires grad"):
        view.add_(1)


def test_a_retained_gradient_is_by_the_new_values() -> None:
    x = tg.ones(2, 2, requires_grad=True)
    h = x * 2
    row = h[0]
    h.retain_grad()
    h.retain_grad()  # once is enough
    row.retain_grad()
    h.mul_(3)
    (h.sum() + row.sum()).backward()
    assert h.grad.tolist() == [[2, 2], [1, 1]]
    assert row.grad.tolist() == [1, 1]
    assert x.grad.tolist() == [[12, 12], [6, 6]]


def test_a_retained_gradient_after_a_write_through_a_view() -> None:
    x = tg.ones(2, requires_grad=True)
    h = x * 2
    handle = h.register_hook(lambda g: None)
    h.retain_grad()
    h[:1].mul_(3)
    h.sum().backward()
    handle.remove()
    assert h.grad.tolist() == [1, 1]
    assert x.grad.tolist() == [6, 2]


def test_what_is_filled_stays_in_the_graph_with_a_gradient_of_zeros() -> None:
    x = tg.ones(3, requires_grad=True)
    y = x * 2
    y[0].zero_()
    y.sum().backward()
    assert x.grad.tolist() == [0, 2, 2]
    z = (x * 2).fill_(5)
    assert z.requires_grad
    assert tg.autograd.grad(z.sum(), x)[0].tolist() == [0, 0, 0]
