"""The door that old programs come in by: `from torchvision.models.utils import load_state_dict_from_url`."""

from ...hub import load_state_dict_from_url

__all__ = ["load_state_dict_from_url"]
