"""Functions in a loop whose gradient computes them again, so that the loop keeps their arguments alone."""

import jax


def recomputed(function):
    """`function`, computed again for its gradient."""
    return jax.checkpoint(function, prevent_cse=False)  # within a loop nothing is merged with the first time
