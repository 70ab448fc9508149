"""What only a machine with a GPU can show; `.github/workflows/gpu.yml` runs it."""

import numpy as np
import pytest
import tensorflow as tf

from tests.unit.small import quick


@pytest.mark.gpu
@pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="there is no GPU here")
@pytest.mark.parametrize("compiled", [False, True])
def test_a_population_trained_on_a_gpu_ends_where_it_ends_on_the_cpu(compiled: bool) -> None:
    with tf.device("CPU:0"):
        expected = quick(jit_compile=compiled)
    tf.config.experimental.reset_memory_stats("GPU:0")
    runs = quick(jit_compile=compiled)
    assert tf.config.experimental.get_memory_info("GPU:0")["peak"] > 0
    for ours, theirs in zip(runs.weights, expected.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
