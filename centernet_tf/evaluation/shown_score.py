"""From which score on detections are shown to people."""

SHOWN_SCORE = 0.3
