"""A report in one HTML file: pictures inside, no network, no script."""

import base64
import html
import io
from pathlib import Path
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --paper: #ffffff; --soft: #5b6b7c; --line: #d8dee6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --paper: #14191f; --soft: #9aa8b6; --line: #34404c; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
p.lead { font-size: 1.1rem; }
p, figcaption { max-width: 48rem; }
figcaption, .soft { color: var(--soft); font-size: .92rem; }
table { border-collapse: collapse; margin: .6rem 0; }
th, td { text-align: right; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
figure { margin: .5rem 0 0; }
figure img { max-width: 100%; height: auto; background: #fff; border-radius: 6px; }
.scroll { overflow: auto; max-height: 48rem; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
.scroll svg { max-width: none; display: block; margin: auto; }
pre { overflow: auto; border: 1px solid var(--line); border-radius: 6px; padding: .7rem; font-size: .85rem; }
"""


def png(figure: Any) -> bytes:
    """A Matplotlib figure as a PNG image."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


class Report:
    """Sections are added in reading order; `write` makes the file."""

    def __init__(self, title: str, lead: str) -> None:
        self.title = title
        self._parts = [f"<h1>{html.escape(title)}</h1>", f'<p class="lead">{html.escape(lead)}</p>']

    def heading(self, text: str, explanation: str = "") -> None:
        """Begin a section."""
        self._parts.append(
            f"<h2>{html.escape(text)}</h2>" + (f"<p>{html.escape(explanation)}</p>" if explanation else "")
        )

    def picture(self, image: bytes, description: str) -> None:
        """A PNG image with its description, which is also its text for readers who cannot see it."""
        data, text = base64.b64encode(image).decode(), html.escape(description, quote=True)
        self._parts.append(
            f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'
        )

    def drawing(self, svg: str, description: str) -> None:
        """An SVG drawing in a window of its own, which scrolls."""
        drawing = svg[svg.index("<svg") :]
        self._parts.append(
            f'<figure><div class="scroll">{drawing}</div><figcaption>{html.escape(description)}</figcaption></figure>'
        )

    def table(self, header: list[str], rows: list[list[str]]) -> None:
        """A table; the first column is text, the others are numbers."""
        cells = "".join(f"<th>{html.escape(text)}</th>" for text in header)
        lines = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
        self._parts.append(f"<table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>")

    def code(self, text: str) -> None:
        """Preformatted text."""
        self._parts.append(f"<pre>{html.escape(text)}</pre>")

    def note(self, text: str) -> None:
        """A paragraph in small print."""
        self._parts.append(f'<p class="soft">{html.escape(text)}</p>')

    def write(self, path: Path) -> None:
        """Write the file."""
        title, body = html.escape(self.title), "\n".join(self._parts)
        page = (
            f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
            f"<body>\n{body}\n</body></html>\n"
        )
        path.write_text(page, encoding="utf-8")
