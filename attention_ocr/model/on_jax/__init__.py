"""What is computed on jax otherwise than Keras and jax would, to start fewer kernels on a GPU and move fewer bytes.

Each gives what the usual formulas give, with a gradient of its own.
"""
