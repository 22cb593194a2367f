"""NumPy's words for arguments are taken where PyTorch takes them."""

import pytest

import tinygrad_cnn as tg

torch = pytest.importorskip("torch")

VALUES = [[3.0, 1.0, 2.0], [4.0, 6.0, 5.0]]
REDUCTIONS = [
    *("all", "amax", "amin", "aminmax", "any", "argmax", "argmin", "count_nonzero", "cummax", "cummin"),
    *("cumprod", "cumsum", "logcumsumexp", "logsumexp", "max", "mean", "median", "min", "mode"),
    *("nanmean", "nanmedian", "nansum", "prod", "softmax", "log_softmax", "sort", "argsort", "std"),
    *("sum", "var", "squeeze", "unbind", "unsqueeze", "diff"),
]
WITH = {
    "kthvalue": {"k": 1},
    "narrow": {"start": 0, "length": 1},
    "quantile": {"q": 0.5},
    "repeat_interleave": {"repeats": 2},
    "select": {"index": 0},
    "topk": {"k": 2},
    "chunk": {"chunks": 2},
}


def values(results):
    listed = results if isinstance(results, tuple | list) else (results,)
    return [x.flatten().tolist() for x in listed]


@pytest.mark.parametrize("name", [*REDUCTIONS, *WITH])
def test_axis_and_keepdims(name):
    asked = 0
    for words in ({"axis": 1}, {"axis": 1, "keepdims": True}):
        for as_method in (True, False):

            def call(library, words=words, as_method=as_method):
                x = library.tensor(VALUES)
                function = getattr(x, name) if as_method else getattr(library, name)
                return function(*(() if as_method else (x,)), **WITH.get(name, {}), **words)

            try:
                expected = call(torch)
            except TypeError:
                continue
            assert values(call(tg)) == [pytest.approx(x) for x in values(expected)]
            asked += 1
    assert asked


def test_lists_of_tensors():
    x, y = tg.tensor(VALUES), tg.tensor(VALUES)
    assert tg.stack((x, y), axis=-1).shape == (2, 3, 2)
    assert tg.cat((x, y), axis=1).shape == (2, 6)
    assert tg.linalg.norm(x, axis=1, keepdims=True).shape == (2, 1)
    assert tg.cosine_similarity(x, y, axis=0).tolist() == pytest.approx([1, 1, 1])


def test_both_words_are_one_too_many():
    with pytest.raises(TypeError, match="argmax: axis and dim are the same; give one of them"):
        tg.tensor(VALUES).argmax(dim=1, axis=1)
