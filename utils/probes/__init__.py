"""Looks inside a network: at one moment, along training, or at a population's snapshots.

Introduced in the chapter "The nitty-gritty"; `utils.probes.propagation` in "Vanishing and exploding
gradients", `utils.probes.curvature` in "The learning rate".
"""

from utils.probes.reports import Probe, Report, probe, probe_runs, update_ratios

__all__ = ["Probe", "Report", "probe", "probe_runs", "update_ratios"]
