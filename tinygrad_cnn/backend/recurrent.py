"""What a backend may have kernels for in recurrent networks."""

from typing import Any

Array = Any


class RecurrentKernels:
    """All steps of a sequence in one call; None where there is no kernel, and the operation's formulas serve."""

    def rnn(self, x: Array, h: Array, w: Array, kind: str, reverse: bool) -> Any:
        """The result of `ops.rnn`."""
        return None

    def rnn_grad(self, g: Array, states: Array, h: Array, w: Array, kind: str, reverse: bool) -> Any:
        """Its gradients in x, h and W."""
        return None

    def lstm(self, x: Array, h: Array, c: Array, w: Array, reverse: bool) -> Any:
        """The result of `ops.lstm`, the gates and the cells."""
        return None

    def lstm_grad(
        self, g: Array, out: Array, gates: Array, cells: Array, h: Array, c: Array, w: Array, reverse: bool
    ) -> Any:
        """Its gradients in x, h, c and W."""
        return None

    def gru(self, x: Array, h: Array, w: Array, b: Array | None, reverse: bool) -> Any:
        """The result of `ops.gru`, and the gates."""
        return None

    def gru_grad(self, g: Array, out: Array, gates: Array, h: Array, w: Array, reverse: bool) -> Any:
        """Its gradients in x, h, W and b."""
        return None
