"""`compile`: a function of tensors with fixed shapes is recorded once, and from then on its recording is replayed.

`recorder.py` writes a line for each step of the function while it runs (`names.py`: what things are called there),
`observer.py` finds out what else the function depends on, `joining.py` which steps are one, `reuse.py` what can be left
out, `program.py` makes a Python function of the lines, `captured.py` a graph of a device where it has graphs, and
`compiled.py` decides which recording serves a call.
"""

from .compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
