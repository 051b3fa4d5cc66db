"""What training on jax computes otherwise than Keras and jax would, to move fewer bytes through a GPU's memory.

Each module gives what its namesake beside this folder gives, with a gradient of its own. Imported on jax alone.
"""
