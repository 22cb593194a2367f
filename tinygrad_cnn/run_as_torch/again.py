"""The program once more, in a process that it started anew: `multiprocessing` imports it as `__mp_main__`."""

import json
import os

from tinygrad_cnn.run_as_torch.names import install
from tinygrad_cnn.run_as_torch.running import PROGRAM, load

if __name__ == "__mp_main__":
    install()
    _code, _settings = load(*json.loads(os.environ[PROGRAM]))
    globals().update(_settings)
    exec(_code)
