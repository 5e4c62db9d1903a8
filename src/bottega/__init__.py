"""bottega: one ordering engine for every shop that makes or sells things."""
