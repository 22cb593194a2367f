"""What is written in a node, line by line: the same words in pictures, trees, pages and diagrams."""

from collections.abc import Collection
from textwrap import wrap

from .numbers import in_words, is_small, short
from .records import OPS, ClusterRecord, NodeRecord, SavedRecord, box_name

SHOW = ("shape", "dtype", "params", "saved", "constants", "grad", "time", "values", "macs", "source")

LONGEST = 64  # characters of a line
WRAPPED = 44  # of a line of an error's message


def node_lines(node: NodeRecord, level: str, show: Collection[str]) -> list[str]:
    """The lines of a node in a picture of this level."""
    if level == "backward":
        return _backward_lines(node, show)
    lines = [node.label]
    if node.detail:
        lines += wrap(node.detail, WRAPPED) if node.kind == "failed" else [node.detail]
    if "params" in show and node.params:
        lines.append(", ".join(node.params))
    counts = []
    if node.parameters and node.kind in OPS:
        counts.append(f"{node.parameters:,} parameter{'s' * (node.parameters != 1)}")
    if "macs" in show and node.macs:
        counts.append(f"{in_thousands(node.macs)} MACs")
    if counts:
        lines.append(", ".join(counts))
    lines += _value_line(node, level, show)
    lines += _numbers(node, show)
    if "saved" in show and node.saved_bytes:
        lines.append(f"saved {in_bytes(node.saved_bytes)}")
    return lines + _times(node, show) + _source(node, show)


def _value_line(node: NodeRecord, level: str, show: Collection[str]) -> list[str]:
    words = []
    if "shape" in show and node.shape is not None and (level != "module" or node.kind not in OPS):
        words.append(str(node.shape))
    if "dtype" in show and node.dtype:
        words.append(node.dtype)
    return [" ".join(words)] if words else []


def _numbers(node: NodeRecord, show: Collection[str]) -> list[str]:
    lines = in_words(node.values) if "values" in show and node.values is not None else []
    return lines + _gradient(node, show)


def _gradient(node: NodeRecord, show: Collection[str]) -> list[str]:
    """The numbers of a small gradient, the norm of a large one."""
    if "grad" not in show:
        return []
    if node.grad is None:
        return ["gradient not computed yet"] if node.kind in {"parameter", "input"} else []
    words = in_words(node.grad)
    if is_small(node.grad):
        return [f"∇ {words[0].removeprefix('= ')}", *(f"   {line}" for line in words[1:])]
    return [f"‖∇‖ = {short(float(node.grad.norm))}", *(words[1:] if node.grad.broken else [])]


def _backward_lines(node: NodeRecord, show: Collection[str]) -> list[str]:
    if node.kind == "saved":
        return [node.label, *node.params]
    lines = [node.label]
    if node.detail:
        lines += wrap(node.detail, WRAPPED) if node.kind == "failed" else [node.detail]
    if "params" in show:
        for rule in node.rules:
            text = f"∂{rule.input} = {rule.text}" if rule.input else rule.text
            lines += wrap(text, LONGEST, subsequent_indent="    ")
    return lines + _value_line(node, "backward", show) + _numbers(node, show) + _times(node, show) + _source(node, show)


def _times(node: NodeRecord, show: Collection[str]) -> list[str]:
    if "time" not in show:
        return []
    both = [("", node.seconds), ("backward ", node.backward_seconds)]
    words = [f"{what}{in_seconds(seconds)}" for what, seconds in both if seconds is not None]
    return [", ".join(words)] if words else []


def _source(node: NodeRecord, show: Collection[str]) -> list[str]:
    return [node.source.replace("\\", "/").rpartition("/")[2]] if "source" in show and node.source else []


def box_lines(box: ClusterRecord) -> list[str]:
    """What is written at the top of a box."""
    label = box.label or box_name(box.path)
    return [label, box.detail] if box.detail and box.detail != label.partition(" #")[0] else [label]


def saved_lines(saved: SavedRecord) -> tuple[str, ...]:
    """What is written in the node of a saved value, under its name."""
    what = [f"is {saved.of}"] if saved.of else []
    shape = [str(saved.shape)] if saved.shape is not None else []
    return (*what, *shape, "freed" if saved.freed else in_bytes(saved.nbytes) if saved.nbytes else "packed")


def in_bytes(count: float) -> str:
    """A count of bytes with three digits.

    >>> in_bytes(1_234_567)
    '1.23 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.3g} {unit}"


def in_seconds(seconds: float) -> str:
    """A time with three digits.

    >>> in_seconds(0.0000123), in_seconds(1.5)
    ('12.3 µs', '1.5 s')
    """
    for unit in ("s", "ms", "µs"):
        if seconds >= 1 or unit == "µs":
            break
        seconds *= 1000
    return f"{seconds:.3g} {unit}"


def in_thousands(count: float) -> str:
    """A large count with three digits.

    >>> in_thousands(1_814_073_344), in_thousands(512)
    ('1.81 G', '512')
    """
    for unit in ("", " k", " M", " G", " T"):
        if count < 1000 or unit == " T":
            break
        count /= 1000
    return f"{count:.3g}{unit}"


def visible(text: str) -> str:
    """The text in one line of printable characters, shortened in the middle if it is very long."""
    text = visible_all(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-(LONGEST // 2) :]}"


def visible_all(text: str) -> str:
    """The text in printable characters, however long."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
