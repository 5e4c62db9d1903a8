"""The slices, on their ladder: a slice calls only lower rungs; who above may care is told by a fact."""
