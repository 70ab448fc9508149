"""Speed against what a reader would otherwise do."""
