"""l2o.optax agrees with the library's kernels."""

import l2o
import l2o.numpy
import numpy as np
import pytest

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402
import l2o.optax  # noqa: E402


@pytest.mark.parametrize("rule", ["gateprop", "rnnprop"])
def test_updates_agree_with_the_kernels(rule):
    generator = np.random.default_rng(0)
    start = {"b": np.ones((), np.float32), "w": generator.normal(size=(6, 5)).astype(np.float32)}
    ours = {name: value.copy() for name, value in start.items()}
    kernels = l2o.numpy.Optimizer(rule, [ours["b"], ours["w"]], guard=False)
    parameters = {name: jnp.asarray(value) for name, value in start.items()}
    optimizer = optax.chain(l2o.optax.learned(rule, guard=False), optax.scale(1.0))
    state = optimizer.init(parameters)
    update = jax.jit(optimizer.update)
    for step in range(20):
        size = np.float32(10.0 ** (step % 5 - 3))
        gradients = {
            name: np.asarray(size * generator.normal(size=value.shape), np.float32) for name, value in start.items()}
        kernels.step([gradients["b"], gradients["w"]])
        updates, state = update(gradients, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        for name, value in ours.items():
            assert np.allclose(parameters[name], value, atol=5e-6 * (step + 1))
    with pytest.raises(l2o.L2OError):
        optimizer.update(gradients, state)


def test_a_quadratic():
    optimizer = l2o.optax.gateprop()
    x = jnp.zeros(2, jnp.float32)
    state = optimizer.init(x)

    @jax.jit
    def step(x, state):
        updates, state = optimizer.update(2 * (x - jnp.array([1.0, -2.0])), state, x)
        return optax.apply_updates(x, updates), state

    for _ in range(200):
        x, state = step(x, state)
    assert jnp.allclose(x, jnp.array([1.0, -2.0]), atol=0.05)
