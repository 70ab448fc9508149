"""Trains many seeds of one Keras model at once, for the price of a few.

`train` does what a loop over seeds would do (`keras.utils.set_random_seed`, build, fit), member by
member and to numerical tolerance, in one compiled program. Introduced in *The nitty-gritty*.
"""

import keras

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {keras.backend.backend()}, and utils.population needs TensorFlow so far: "
        'set KERAS_BACKEND="tensorflow" and restart.'
    )

from utils.population.record import Build, History, Runs
from utils.population.training import Sweep, batches, sweep, train

__all__ = ["Build", "History", "Runs", "Sweep", "batches", "sweep", "train"]
