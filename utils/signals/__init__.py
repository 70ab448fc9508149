"""What a model's layers send forward and what gradients come back: serves `probes` and `doctor`.

A *layer* here is one with a kernel (dense or convolution) together with the normalization and the
activation that directly follow it, as part of the same Keras layer or as layers of their own. What
it sends forward is what leaves the last of these. Layers of a model that is used as a layer, such
as a frozen base, are layers like any other.
"""

from utils.signals.architecture import all_layers, kernel_layers, layer_names
from utils.signals.arguments import matched, whole_epochs, with_snapshots
from utils.signals.instrumented import InstrumentedModel, values_of

__all__ = [
    "InstrumentedModel",
    "all_layers",
    "kernel_layers",
    "layer_names",
    "matched",
    "values_of",
    "whole_epochs",
    "with_snapshots",
]
