"""Modules of PyTorch that are faces here: what programs import from them is there, or says why not."""

import sys

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import jit, multiprocessing, nn, onnx


def test_pytorchs_files_of_layers():
    from tinygrad_cnn.nn.modules.batchnorm import _BatchNorm
    from tinygrad_cnn.nn.modules.conv import _ConvNd
    from tinygrad_cnn.nn.modules.loss import _Loss
    from tinygrad_cnn.nn.modules.utils import _ntuple, _pair, _quadruple, _reverse_repeat_tuple, _single, _triple

    assert isinstance(nn.BatchNorm2d(2), _BatchNorm)
    assert isinstance(nn.Conv2d(2, 2, 1), _ConvNd)
    assert isinstance(nn.MSELoss(), _Loss)
    assert (_single(1), _pair(1), _triple((1, 2, 3)), _quadruple([1] * 4)) == ((1,), (1, 1), (1, 2, 3), (1, 1, 1, 1))
    assert _ntuple(3)(range(3)) == (0, 1, 2)
    assert _reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)
    with pytest.raises(AttributeError, match="has no attribute 'Linaer'"):
        _ = nn.modules.conv.Linaer


def test_scripts_run_as_python():
    class Net(nn.Module):
        @jit.export
        def twice(self, x):
            return 2 * x

        @jit.ignore
        def forward(self, x):
            return self.twice(x)

    net = Net()
    assert jit.script(net) is net
    assert jit.trace(net, tg.ones(2)) is net
    assert jit.trace_module(net, {"twice": tg.ones(2)}) is net
    assert jit.freeze(jit.optimize_for_inference(net)) is net
    assert jit.ignore(drop=True)(len) is len
    assert jit.annotate(int, 3) == 3
    assert not jit.is_scripting()
    with jit.fuser("fuser2"):
        pass
    with pytest.raises(TypeError):
        jit.trace(net, (tg.ones(2), tg.ones(2)))
    with pytest.raises(NotImplementedError, match=r"jit.save: .*save its weights: save\(model.state_dict\(\), f\)"):
        jit.save(net, "net.pt")
    with pytest.raises(NotImplementedError, match=r"jit.load: .*load_state_dict"):
        jit.load("net.pt")
    with pytest.raises(NotImplementedError, match=r"onnx.export: this engine writes no ONNX files"):
        onnx.export(net, tg.ones(2), "net.onnx")
    assert not onnx.is_in_onnx_export()


def test_cudnns_switches():
    from tinygrad_cnn.backends import cudnn

    before = (cudnn.enabled, cudnn.benchmark)
    with cudnn.flags(enabled=not before[0], benchmark=not before[1]):
        assert (cudnn.enabled, cudnn.benchmark) == (not before[0], not before[1])
    assert (cudnn.enabled, cudnn.benchmark) == before


def _fail(rank, text):
    raise ValueError(f"{text} {rank}")


def test_processes():
    with pytest.raises(RuntimeError, match=r"(?s)spawn: process 1 failed:.*ValueError: no 1"):
        multiprocessing.start_processes(_fail_second, args=("no",), nprocs=2, start_method="fork")
    started = multiprocessing.start_processes(_fail_second, args=("no",), nprocs=1, join=False, start_method="fork")
    assert len(started.pids()) == 1
    assert started.join()
    multiprocessing.set_sharing_strategy("file_system")
    assert multiprocessing.get_sharing_strategy() == "file_system"
    multiprocessing.set_sharing_strategy("file_descriptor")
    with pytest.raises(ValueError, match=r"set_sharing_strategy: expected one of .*; got 'pigeon'"):
        multiprocessing.set_sharing_strategy("pigeon")


def _fail_second(rank, text):
    if rank == 1:
        _fail(rank, text)


def test_marks_for_the_tracer():
    from tinygrad_cnn import fx

    assert fx.wrap(len) is len
    assert tg.fx.wrap("len") == "len"
    assert not isinstance(tg.ones(2), fx.Proxy)
    with pytest.raises(NotImplementedError, match=r"fx.symbolic_trace: .*viz.draw_graph shows a model's graph"):
        fx.symbolic_trace(nn.Linear(2, 2))
    with pytest.raises(NotImplementedError, match=r"fx\.Proxy: programs are not traced here"):
        fx.Proxy()


def test_tensorboard(monkeypatch):
    from tinygrad_cnn.utils import tensorboard

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match="SummaryWriter needs tensorboardX; pip install tensorboardX"):
        from tinygrad_cnn.utils.tensorboard import SummaryWriter  # noqa: F401
    with pytest.raises(AttributeError, match="has no attribute 'Writer'"):
        _ = tensorboard.Writer


def test_older_names_of_mixed_precision():
    from tinygrad_cnn.cuda.amp import GradScaler, autocast
    from tinygrad_cnn.cuda.amp.autocast_mode import custom_bwd, custom_fwd

    if tg.cuda.is_available():
        pytest.skip("has a device")
    scaler = GradScaler(enabled=False)
    x = tg.ones(2, requires_grad=True)
    with autocast(enabled=False):
        scaler.scale((x * x).sum()).backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.warns(UserWarning, match="CUDA"), autocast():
        assert (x @ x).dtype == tg.float32

    class Double(tg.autograd.Function):
        @staticmethod
        @custom_fwd
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        @custom_bwd
        def backward(ctx, g):
            return 2 * g

    assert Double.apply(x).tolist() == [2, 2]
    assert tg.cuda.amp.autocast is autocast


def test_the_older_profiler():
    from tinygrad_cnn.autograd import profiler

    with profiler.profile(enabled=False, use_cuda=True) as p:
        tg.ones(2).exp()
    with pytest.raises(RuntimeError, match="profile"):
        p.key_averages()
    with profiler.profile(use_cuda=False, record_shapes=True, use_kineto=True) as p, profiler.record_function("mine"):
        tg.ones(2).exp()
    assert {"exp", "mine"} <= {row.key for row in p.key_averages()}
    with profiler.emit_nvtx(), profiler.emit_itt():
        pass
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = profiler.nothing


def test_annotations_of_scripts():
    from tinygrad_cnn.jit.annotations import Dict, List, Optional, Tensor

    def first(x: List[Tensor]) -> Optional[Tensor]:
        return x[0] if x else None

    assert jit.script(first)([]) is None
    assert Dict[str, Tensor]
