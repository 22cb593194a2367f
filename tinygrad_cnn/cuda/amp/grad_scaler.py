"""PyTorch's file of `GradScaler` on CUDA."""

from ... import amp

__all__ = ["GradScaler"]


class GradScaler(amp.GradScaler):
    """`amp.GradScaler("cuda", …)`: where there is no CUDA device a warning says so, and nothing is scaled."""

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
