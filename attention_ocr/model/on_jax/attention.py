"""Additive attention for training on jax, which keeps and moves far less than the gradient that jax derives.

What training keeps of a step of attention is [B, N, A] by itself: for 37 steps of 256 signs 19 GB, and each step's
gradient is added to sums of [B, N, A] and [B, N, C] in memory. Here each step keeps [B, N], [B, A] and [B, C], and the
sums over steps are taken once, after the last one. For that the loop hands out what those sums are made of in place of
the gradients of zeros, which nothing else reads: see `_Collected`.

With E = exp(2 keys) and Q = exp(2 query), tanh(keys + query) is 1 - 2 / (1 + E Q): 12 instructions a number on an H200,
where a tanh takes 26.
"""

from typing import NamedTuple

import jax
from jax import numpy as jnp

from attention_ocr.model.description import HIDDEN

LARGEST = 20.0  # of keys and queries: beyond it tanh is 1, and the product of two exponentials is finite


class _Collected(NamedTuple):
    """What the gradients of keys, values and scale are made of; a step's, or all steps' [T, ...].

    Attributes:
        scores: [B, N] gradient of the scores.
        context: [B, C] gradient of the context.
        powers: [B, A] Q.
        weights: [B, N].
        shares: [B, A] sum over N of the scores' gradient times 1 / (1 + E Q).
    """

    scores: jax.Array
    context: jax.Array
    powers: jax.Array
    weights: jax.Array
    shares: jax.Array


def attention(keys, values, scale, mask, num_steps):
    """What a decoder asks in each of its steps.

    Scores and weights are float32, whatever the precision of the rest.

    Args:
        keys: [B, N, A] projected features.
        values: [B, N, C] features to average.
        scale: [A] the vector v.
        mask: bool [B, N], the positions to look at; None: all.
        num_steps: T. Each step is asked for once.

    Returns:
        A function (t, query [B, A]) -> context [B, C] and weights [B, N], which sum to 1 over N.
    """
    scale = jnp.asarray(scale, jnp.float32)
    powers = _powers(keys).astype(keys.dtype if keys.dtype != jnp.float16 else jnp.float32)
    hidden = jnp.zeros(keys.shape[:2]) if mask is None else jnp.where(mask, 0.0, HIDDEN)
    collected = _collected(num_steps, keys, powers, values, scale)
    powers, values, scale = jax.lax.stop_gradient((powers, values, scale))

    def attend(t, query):
        own = _Collected(*(jax.lax.dynamic_index_in_dim(part, t, keepdims=False) for part in collected))
        return _attended(query, scale, own, powers, values, hidden)

    return attend


def _powers(values):
    """exp(2 values), float32."""
    return jnp.exp(2 * jnp.clip(values.astype(jnp.float32), -LARGEST, LARGEST))


def _shares(powers, query):
    """1 / (1 + E Q), of which tanh(key + query) is 1 minus the double: float32 [B, N, A]."""
    return 1 / (1 + powers.astype(jnp.float32) * query[:, None])


def _summed(shares, scale):
    """The product of [B, N, A] and [A] as a GPU computes it in one pass, without `shares` in memory."""
    return jnp.sum(shares * scale, axis=-1)


@jax.custom_vjp
def _attended(query, scale, collected, powers, values, hidden):
    """The context [B, C] and the weights [B, N] of a step.

    Args:
        query: [B, A].
        scale: float32 [A].
        collected: of this step.
        powers: [B, N, A] E.
        values: [B, N, C].
        hidden: float32 [B, N], added to the scores.
    """
    return _forward(query, scale, collected, powers, values, hidden)[0]


def _forward(query, scale, collected, powers, values, hidden):
    del collected
    # Else jax widens both once, before the loop, and each step reads twice as many bytes.
    own_query, own_powers, own_values = jax.lax.optimization_barrier((query, powers, values))
    # The scores are this and sum(scale), which all positions have.
    scores = -2 * jax.lax.platform_dependent(
        _shares(own_powers, _powers(own_query)), scale, cpu=jnp.matmul, default=_summed
    )
    weights = jax.nn.softmax(scores + hidden)
    context = jnp.sum(weights[..., None] * own_values.astype(jnp.float32), axis=1).astype(values.dtype)
    return (context, weights), (query, scale, powers, values, weights)


def _backward(kept, upstream):
    query, scale, powers, values, weights = kept
    of_context, of_weights = upstream
    slope = jnp.einsum("bnc,bc->bn", values, of_context, preferred_element_type=jnp.float32) + of_weights
    of_scores = weights * (slope - jnp.sum(weights * slope, axis=-1, keepdims=True))
    shares = _shares(powers, _powers(query))
    first = jnp.sum(of_scores[..., None] * shares, axis=1)  # [B, A]
    second = jnp.sum(of_scores[..., None] * jnp.square(shares), axis=1)
    of_query = (4 * scale * (first - second)).astype(query.dtype)  # tanh's slope is 4 (share - share ** 2)
    return of_query, None, _Collected(of_scores, of_context, _powers(query), weights, first), None, None, None


_attended.defvjp(_forward, _backward)


def _slopes(powers, queries, scores):
    """Sums over steps of the scores' gradients [T, B, N] times share - share ** 2: float32 [B, N, A].

    The sum is one expression, which a GPU computes in one pass over the powers.
    """
    return sum(_slope(powers, *step) for step in zip(queries, scores, strict=True))


def _slopes_by_step(powers, queries, scores):
    """`_slopes` for a processor, on which that pass would go through the memory in the order of what comes next."""

    def add(total, step):
        return total + _slope(powers, *step), None

    return jax.lax.scan(add, jnp.zeros(powers.shape), (queries, scores))[0]


def _slope(powers, query, scores):
    shares = _shares(powers, query)
    return scores[..., None] * (shares - jnp.square(shares))


def _collected(num_steps, keys, powers, values, scale):
    """Zeros [T, ...] for each step to hand in what it collects, by way of their gradients."""
    B, N, A = keys.shape

    @jax.custom_vjp
    def zeros(keys, powers, values, scale):
        del keys, powers, scale
        shapes = _Collected([B, N], [B, values.shape[-1]], [B, A], [B, N], [B, A])
        zeros = _Collected(*(jnp.zeros([num_steps, *shape]) for shape in shapes))
        return zeros._replace(context=zeros.context.astype(values.dtype))

    def forward(*arguments):
        return zeros(*arguments), arguments[1:]

    def backward(kept, found):
        powers, values, scale = kept
        of_keys = (
            4
            * scale
            * jax.lax.platform_dependent(powers, found.powers, found.scores, cpu=_slopes_by_step, default=_slopes)
        )
        of_values = jnp.einsum("tbn,tbc->bnc", found.weights.astype(values.dtype), found.context)
        of_scale = -2 * jnp.sum(found.shares, axis=(0, 1))
        return of_keys.astype(keys.dtype), None, of_values, of_scale

    zeros.defvjp(forward, backward)
    return zeros(keys, powers, values, scale)
