"""What training on jax computes otherwise equals what jax derives from the plain formulas."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from attention_ocr.model.on_jax import attention, batch_norm

B, N, A, C = 3, 5, 4, 6
EPSILON = 0.001


def normal(*shape, seed=0, scale=1.0):
    return jnp.asarray(scale * np.random.default_rng(seed).normal(size=shape), jnp.float32)


def plain_attention(keys, values, scale, mask, num_steps):
    del num_steps

    def attend(t, query):
        del t
        scores = jnp.tanh(keys + query[:, None]) @ scale
        weights = jax.nn.softmax(scores if mask is None else jnp.where(mask, scores, -1e9))
        return jnp.einsum("bn,bnc->bc", weights, values), weights

    return attend


def read_with(attention_of, num_steps, mask, in_loop=True):
    """A function of keys, values, scale and weights: a loss of all steps, each asking with what the last one saw."""

    def loss(keys, values, scale, kernel):
        by_context = normal(num_steps, B, values.shape[2], seed=5)
        by_weights = normal(num_steps, B, keys.shape[1], seed=6)
        attend = attention_of(keys, values, scale, mask, num_steps)

        def step(query, t):
            context, weights = attend(t, query)
            return jnp.tanh(context.astype(jnp.float32) @ kernel).astype(keys.dtype), (context, weights)

        query = jnp.zeros([B, keys.shape[2]], keys.dtype)
        if in_loop:
            _, (contexts, weights) = jax.lax.scan(step, query, jnp.arange(num_steps))
        else:
            found = []
            for t in range(num_steps):
                query, given = step(query, t)
                found.append(given)
            contexts, weights = (jnp.stack(parts) for parts in zip(*found, strict=True))
        return jnp.sum(contexts * by_context) + jnp.sum(weights * by_weights)

    return loss


def arguments(dtype=jnp.float32, largest=1.0, N=N, A=A):
    keys, values = normal(B, N, A, seed=1, scale=largest), normal(B, N, C, seed=2)
    return keys.astype(dtype), values.astype(dtype), normal(A, seed=3), normal(C, A, seed=4)


@pytest.mark.parametrize("in_loop", [True, False])
@pytest.mark.parametrize("num_steps", [1, 4])
@pytest.mark.parametrize("mask", [None, np.arange(N) < np.array([[5], [3], [1]])], ids=["all", "masked"])
def test_attention_and_its_gradients_are_those_of_the_formula(mask, num_steps, in_loop):
    given = arguments()
    found, plain = (
        jax.jit(jax.value_and_grad(read_with(kind, num_steps, mask, in_loop), argnums=(0, 1, 2, 3)))(*given)
        for kind in (attention.attention, plain_attention)
    )
    assert float(jnp.abs(plain[1][0]).max()) > 0.01
    jax.tree.map(lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-6), found, plain)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_in_half_precision_attention_is_as_near_as_the_formula(dtype):
    exact = jax.grad(read_with(plain_attention, 4, None), argnums=(0, 1, 2, 3))(*arguments())
    found, plain = (
        jax.grad(read_with(kind, 4, None), argnums=(0, 1, 2, 3))(*arguments(dtype))
        for kind in (attention.attention, plain_attention)
    )
    for ours, theirs, true in zip(found, plain, exact, strict=True):
        assert ours.dtype == theirs.dtype
        away, usual = (float(jnp.linalg.norm(array.astype(jnp.float32) - true)) for array in (ours, theirs))
        assert away < 2 * usual + 1e-3


def test_large_keys_are_no_infinities():
    found = jax.grad(read_with(attention.attention, 2, None), argnums=(0, 1, 2, 3))(*arguments(largest=100.0))
    plain = jax.grad(read_with(plain_attention, 2, None), argnums=(0, 1, 2, 3))(*arguments(largest=100.0))
    jax.tree.map(lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5), found, plain)


def test_a_step_of_attention_keeps_no_matches():
    """Of [B, N, A] there is what all steps share, and nothing for each step."""

    def kept(kind, num_steps):
        loss, given = read_with(kind, num_steps, None), arguments(N=40, A=30)
        _, gradient = jax.eval_shape(lambda *given: jax.vjp(loss, *given), *given)
        return sum(leaf.size for leaf in jax.tree.leaves(gradient))

    ours, plain = (kept(kind, 11) - kept(kind, 10) for kind in (attention.attention, plain_attention))
    assert plain > B * 40 * 30
    assert 0 < ours < 0.2 * plain


def plain_batch_norm(views, beta, shares, epsilon):
    features = views.astype(jnp.float32)
    mean = jnp.sum(features * shares, axis=(1, 2, 3), keepdims=True)
    variance = jnp.sum(jnp.square(features - mean) * shares, axis=(1, 2, 3), keepdims=True)
    outputs = jax.nn.relu((features - mean) / jnp.sqrt(variance + epsilon) + beta)
    return outputs.astype(views.dtype), mean, variance


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("num_views", [1, 2])
@pytest.mark.parametrize("is_masked", [False, True])
def test_batch_norm_and_its_gradients_are_those_of_the_formula(is_masked, num_views, dtype):
    views, beta = (3 + normal(num_views, B, 2, 3, C, seed=1)).astype(dtype), normal(C, seed=2)
    cells = normal(1, B, 2, 3, 1, seed=3) > 0 if is_masked else jnp.ones([1, B, 2, 3, 1], bool)
    shares = cells / jnp.sum(cells)
    upstream = jnp.where(cells, normal(*views.shape, seed=4), 0)  # what lies beyond a picture is cleared
    found, plain = (
        jax.grad(lambda views, beta, kind=kind: jnp.sum(kind(views, beta, shares, EPSILON)[0] * upstream), (0, 1))(
            views, beta
        )
        for kind in (batch_norm.normalized, plain_batch_norm)
    )
    tolerance = {"rtol": 2e-4, "atol": 2e-5} if dtype == jnp.float32 else {"rtol": 0.02, "atol": 0.02}
    assert float(jnp.abs(plain[0]).max()) > 0.1
    for ours, theirs in zip(found, plain, strict=True):
        np.testing.assert_allclose(ours.astype(jnp.float32), theirs.astype(jnp.float32), **tolerance)
    for ours, theirs in zip(
        batch_norm.normalized(views, beta, shares, EPSILON), plain_batch_norm(views, beta, shares, EPSILON), strict=True
    ):
        np.testing.assert_allclose(ours.astype(jnp.float32), theirs.astype(jnp.float32), **tolerance)


def test_a_gpu_and_a_processor_compute_the_same():
    powers, queries, scores = (jnp.exp(normal(*shape)) for shape in ([B, N, A], [4, B, A], [4, B, N]))
    slopes = [function(powers, queries, scores) for function in (attention._slopes, attention._slopes_by_step)]
    np.testing.assert_allclose(*slopes, rtol=1e-5)
    assert float(slopes[0].min()) > 0
    np.testing.assert_allclose(attention._summed(powers, queries[0, 0]), powers @ queries[0, 0], rtol=1e-5)
