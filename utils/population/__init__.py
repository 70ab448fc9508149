"""Trains many seeds of one Keras model at once, for the price of a few.

`train` does what a loop over seeds would do (`keras.utils.set_random_seed`, build, fit), member by
member and to numerical tolerance, in one compiled program. Introduced in *The nitty-gritty*.

One way leads through the package: `arguments` are checked once and become a plan; `member` builds
and examines the model once, with everybody's `initial` weights and `settings`; a `program` is found
or compiled; the `loop` trains; `record` returns the runs.
"""

import keras

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {keras.backend.backend()}, and utils.population needs TensorFlow so far: "
        'set KERAS_BACKEND="tensorflow" and restart.'
    )

from utils.population.initial import Build
from utils.population.orders import batches
from utils.population.record import History, Runs
from utils.population.settings import Scaled
from utils.population.sweeps import Sweep, grid, sweep
from utils.population.training import train

__all__ = ["Build", "History", "Runs", "Scaled", "Sweep", "batches", "grid", "sweep", "train"]
