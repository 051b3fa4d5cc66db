"""Batch norm and ReLU in training: the derived gradient goes through the features in memory nine times, this one five.

The variance comes from the mean of squares, in one pass with the mean. What cancels there is a few float32 roundings of
the squared mean, little beside what is added to a variance.
"""

import functools

import jax
from jax import numpy as jnp

ALL = (1, 2, 3)  # the axes of a view's statistics


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def normalized(views, beta, shares, epsilon):
    """ReLU of each view's normalized features, with the mean and the variance, which pass no gradient on.

    Args:
        views: [V, B, h, w, C].
        beta: float32 [C], added.
        shares: float32 [] or [1, B, h, w, 1], how much each feature counts in its view's mean; they sum to 1.
        epsilon: added to the variance.

    Returns:
        [V, B, h, w, C] in the views' precision; two of float32 [V, 1, 1, 1, C].
    """
    return _forward(views, beta, shares, epsilon)[0]


def _forward(views, beta, shares, epsilon):
    features = views.astype(jnp.float32)
    mean = jnp.sum(features * shares, axis=ALL, keepdims=True)
    variance = jnp.sum(jnp.square(features) * shares, axis=ALL, keepdims=True) - jnp.square(mean)
    variance = jnp.maximum(variance, 0)
    scale = jax.lax.rsqrt(variance + epsilon)
    outputs = jax.nn.relu((features * scale + (beta - mean * scale)).astype(views.dtype))
    return (outputs, mean, variance), (views, beta, shares, mean, scale)


def _backward(epsilon, kept, upstream):
    del epsilon
    views, beta, shares, mean, scale = kept
    features = (views.astype(jnp.float32) - mean) * scale
    slope = jnp.where(features + beta > 0, upstream[0].astype(jnp.float32), 0)
    total = jnp.sum(slope, axis=ALL, keepdims=True)
    along = jnp.sum(slope * features, axis=ALL, keepdims=True)
    of_views = scale * (slope - shares * (total + features * along))
    return of_views.astype(views.dtype), jnp.sum(total, axis=(0, *ALL)), None


normalized.defvjp(_forward, _backward)
