"""What PyTorch has in `torch.nn.modules.dropout`."""

from ..dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, DropoutBase, FeatureAlphaDropout

_DropoutNd = DropoutBase

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout", "_DropoutNd"]
