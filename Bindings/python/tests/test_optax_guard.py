"""The guard of l2o.optax judges as the library's."""

import functools

import l2o
import l2o.numpy
import numpy as np
import pytest

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402
import l2o.optax  # noqa: E402
from l2o import _safetensors  # noqa: E402
from l2o._optax_guard import GuardWatch, GuardWindow  # noqa: E402

# One of each, which compiles once.
learned = functools.cache(l2o.optax.learned)
TARGET = {"a": np.linspace(-2, 3, 12, dtype=np.float32).reshape(3, 4), "b": np.float32([1, -1])}
STEEP = {"a": np.float32(1), "b": np.float32(30)}


def start():
    return {name: jnp.zeros_like(value) for name, value in TARGET.items()}


def value_and_gradients(parameters):
    """Of a convex problem; numpy's arrays or jax's."""
    off = {name: parameters[name] - TARGET[name] for name in TARGET}
    loss = sum((STEEP[name] * off[name] ** 2).sum() for name in TARGET)
    return loss, {name: 2 * STEEP[name] * off[name] for name in TARGET}


def descend(optimizer, steps, spoil=(), told=True, change=lambda step, loss, gradients: (loss, gradients)):
    """Losses, parameters and the last state; after some steps, something sets the parameters wrong."""
    parameters, losses = start(), []
    state = optimizer.init(parameters)
    update = jax.jit(optimizer.update)
    for step in range(steps):
        loss, gradients = change(step, *value_and_gradients(parameters))
        updates, state = update(gradients, state, parameters, **({"value": loss} if told else {}))
        parameters = optax.apply_updates(parameters, updates)
        losses.append(float(loss))
        if step in spoil:
            parameters = jax.tree.map(lambda p: -300 * p, parameters)
    return losses, parameters, state


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def counts_of_the_library(optimizer):
    """Those that are whole numbers."""
    metadata = _safetensors.split(optimizer.state())[0]
    names = ["step", "failures", "wait", "next_wait", "proven", "watch.length"]
    names += [f"watch.{window}.{count}" for window in ("best", "current") for count in ("steps", "losses")]
    return [int(metadata[f"count.{name}"]) for name in names]


def counts_of_ours(state):
    c, watch = state.counts, state.counts.watch
    windows = [count for window in (watch.best, watch.current) for count in (window.steps, window.losses)]
    return [int(count) for count in (c.steps, c.failures, c.wait, c.next_wait, c.proven, watch.length, *windows)]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("rule", ["gateprop", "rnnprop"])
def test_no_bit_changes_without_harm(rule, told):
    guarded, plain = (learned(rule, guard=guard) for guard in (True, False))
    parameters = start()
    state, other = guarded.init(parameters), plain.init(parameters)
    update, alone = jax.jit(guarded.update), jax.jit(plain.update)
    for _ in range(155):
        loss, gradients = value_and_gradients(parameters)
        value = {"value": loss} if told else {}
        updates, state = update(gradients, state, parameters, **value)
        expected, other = alone(gradients, other, parameters, **value)
        assert same(updates, expected) and same(state.rule, other)
        parameters = optax.apply_updates(parameters, updates)
    assert state.failures == 0 and state.counts.watch.length == 160


@pytest.mark.parametrize("rule", ["gateprop", "rnnprop"])
def test_it_fails_when_the_library_does(rule):
    losses, parameters, state = descend(learned(rule), 300, spoil=[50, 170])
    arrays = {name: np.zeros_like(value) for name, value in TARGET.items()}
    kernels = l2o.numpy.Optimizer(rule, list(arrays.values()))
    theirs = []
    for step in range(300):
        loss, gradients = value_and_gradients(arrays)
        kernels.step(list(gradients.values()), loss=loss)
        theirs.append(float(loss))
        if step in (50, 170):
            for array in arrays.values():
                array *= -300
    assert counts_of_ours(state) == counts_of_the_library(kernels) and state.failures >= 2
    assert losses[51] > 1000 * losses[0] and losses[171] > 1000 * losses[0]
    for name, array in arrays.items():
        assert np.allclose(parameters[name], array, atol=2e-3)
    assert np.allclose(losses, theirs, rtol=0.01, atol=0.05)
    unguarded, _, _ = descend(learned(rule, guard=False), 300, spoil=[50, 170])
    assert losses[-1] < 0.01 * unguarded[-1]


@pytest.mark.parametrize(
    "height, noise, gaps",
    [(1.0, 0.0, False), (1.0, 1e-4, True), (1000.0, 0.01, False), (1.0, 0.1, True), (-3.0, 0.5, False), (1e20, 1e-4, True)])
def test_it_judges_as_the_library_does(height, noise, gaps):
    """Losses and gradients that are made up: noise about a level that drifts and leaps, spikes, what is not finite, gaps."""
    generator = np.random.default_rng(0)
    array = np.ones(3, np.float32)
    kernels = l2o.numpy.Optimizer("rnnprop", [array])
    parameters, size = jnp.ones(3), 1.0
    optimizer = learned("rnnprop")
    state, update = optimizer.init(parameters), jax.jit(optimizer.update)
    told = True
    for step in range(1000):
        if generator.random() < 0.004:
            height += generator.choice([-0.5, 0.005, 0.02, 0.5]) * abs(height)
        if generator.random() < 0.003:
            size *= generator.choice([0.001, 1000])
        if gaps and generator.random() < 0.05:
            told = not told
        kind = generator.random()
        loss = np.float32(
            np.nan if kind < 0.002 else np.inf if kind < 0.003 else
            height * (1 + noise * generator.normal()) * (100 if kind > 0.998 else 1))
        gradient = np.asarray(size * generator.normal(size=3), np.float32)
        if generator.random() < 0.002 and state.counts.steps % 8 == 0:
            gradient[1] = generator.choice([np.nan, np.inf])
        kernels.step([gradient], loss=float(loss) if told else None)
        updates, state = update(gradient, state, parameters, **({"value": loss} if told else {}))
        parameters = optax.apply_updates(parameters, updates)
        assert counts_of_ours(state) == counts_of_the_library(kernels)
        assert np.allclose(parameters, array, rtol=0, atol=1e-5)
    assert state.failures >= 3


@pytest.mark.parametrize("mean, noise", [(0.0, 1.0), (1000.0, 0.003), (-1e6, 3.0), (1e-20, 1e-22)])
def test_windows_agree_with_double_precision(mean, noise):
    losses = np.asarray(mean + noise * np.random.default_rng(0).normal(size=160), np.float32)
    window = jax.lax.fori_loop(
        0, 160, lambda i, w: w.add(jnp.asarray(losses)[i], jnp.float32(0)), GuardWindow.empty())
    exact = losses.astype(np.float64)
    largest, least = exact.max(), exact.min()
    bound = 6 * np.sqrt(exact.var() * (1 / 160 + 1 / 20)) + 0.01 * abs(exact.mean())
    ceiling = 10 * (largest - least) + 0.01 * abs(largest)
    assert np.isclose(window.mean, exact.mean(), rtol=1e-6, atol=1e-6 * noise)
    assert np.isclose(window.deviations, 160 * exact.var(), rtol=0.01)
    assert np.isclose(window.bound(jnp.int32(20)) - exact.mean(), bound, rtol=1e-3)
    assert np.isclose(window.ceiling() - largest, ceiling, rtol=1e-3)


def test_gradients_may_grow_a_hundredfold():
    watch = GuardWatch.after(GuardWindow.empty())
    watch, harm, _ = watch.see(None, jnp.float32(2))
    assert not harm
    assert [bool(watch.see(None, jnp.float32(size))[1]) for size in (199, 201)] == [False, True]
    # Losses know better.
    told = GuardWatch.after(GuardWindow.empty()).see(jnp.float32(1), jnp.float32(2))[0]
    assert not told.see(None, jnp.float32(201))[1]


@pytest.mark.parametrize("told", [True, False])
def test_nan_does_not_stay(told):
    def spoil(step, loss, gradients):
        return (loss * jnp.nan, jax.tree.map(lambda g: g * jnp.nan, gradients)) if 39 <= step < 48 else (loss, gradients)

    optimizer = learned("gateprop")
    _, kept, _ = descend(optimizer, 29, told=told)
    _, after, state = descend(optimizer, 48, told=told, change=spoil)
    # Neither the rule nor the fallback goes on with what is not finite.
    assert state.failures == 1 and state.counts.wait == 20
    assert same(kept, after)
    losses, _, state = descend(optimizer, 120, told=told, change=spoil)
    assert state.failures >= 1 and losses[-1] < losses[0]


@pytest.mark.parametrize("told", [True, False])
def test_an_update_that_is_not_finite_is_not_given(told):
    """At step 41 the guard does not look at gradients, and the loss is finite."""
    def spoil(step, loss, gradients):
        return loss, gradients | {"b": gradients["b"] * (jnp.nan if step == 41 else 1)}

    optimizer = learned("gateprop")
    _, kept, _ = descend(optimizer, 29, told=told)
    _, after, state = descend(optimizer, 42, told=told, change=spoil)
    assert state.failures == 1
    for name, value in kept.items():
        assert np.allclose(after[name], value, rtol=0, atol=1e-6)
    # The rule remembers nothing of it.
    _, after, state = descend(optimizer, 43, told=told, change=spoil)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((state, after)) if leaf.size > 1)
    assert same(state.rule, state.kept.rule)


def test_the_way_back_from_afar_takes_two_updates():
    optimizer = learned("gateprop")
    parameters = start()
    state, update = optimizer.init(parameters), jax.jit(optimizer.update)
    for _ in range(40):
        loss, gradients = value_and_gradients(parameters)
        updates, state = update(gradients, state, parameters, value=loss)
        parameters = optax.apply_updates(parameters, updates)
    parameters = jax.tree.map(lambda p: p + 1e9, parameters)
    kept = state.kept.parameters
    updates, state = update(gradients, state, parameters, value=jnp.float32(jnp.inf))
    parameters = optax.apply_updates(parameters, updates)
    assert max(abs(parameters[name] - kept[name]).max() for name in kept) < 100
    for expected in (0, 0.0011):
        # The first has no finite loss, and so no step of the fallback.
        updates, state = update(gradients, state, parameters, value=jnp.float32(jnp.inf if expected == 0 else 1))
        parameters = optax.apply_updates(parameters, updates)
        assert max(abs(parameters[name] - kept[name]).max() for name in kept) <= expected


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_comes_back(dtype):
    parameters = {"w": jnp.ones((3, 2), dtype), "none": jnp.zeros((0, 4), dtype)}
    optimizer = learned("gateprop")
    state, update = optimizer.init(parameters), jax.jit(optimizer.update)
    ones = jax.tree.map(jnp.ones_like, parameters)
    seen = []
    for step in range(15):
        seen.append(parameters)
        updates, state = update(ones, state, parameters, value=dtype(jnp.nan if step > 12 else 1))
        assert jax.tree.map(lambda u: u.dtype, updates) == jax.tree.map(lambda p: p.dtype, parameters)
        parameters = optax.apply_updates(parameters, updates)
    # The first time it comes back but for rounding.
    assert state.failures == 1 and same(parameters, seen[9]) and not same(seen[12], seen[9])


def test_chains_and_whole_steps_compile():
    # Transformations that know of no value.
    clip = optax.clip_by_global_norm(1e6)
    chain = optax.chain(clip, learned("rnnprop"), optax.scale(1.0))
    inside = l2o.optax.guarded(optax.chain(clip, learned("rnnprop", guard=False)))
    for optimizer in (chain, inside):

        def step(carry, number):
            parameters, state = carry
            loss, gradients = value_and_gradients(parameters)
            loss = jnp.where(number == 60, jnp.nan, loss)
            updates, state = optimizer.update(gradients, state, parameters, value=loss)
            return (optax.apply_updates(parameters, updates), state), loss

        parameters = start()
        (_, state), losses = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(85)))(
            (parameters, optimizer.init(parameters)))
        assert optax.tree_utils.tree_get(state, "failures") == 1 and losses[-1] < 0.5 * losses[0]
        updates, _ = jax.eval_shape(optimizer.update, parameters, state, parameters)
        assert jax.tree.structure(updates) == jax.tree.structure(parameters)


def test_another_fallback_takes_over():
    optimizer = l2o.optax.guarded(optax.sgd(10.0), optax.sgd(0.01))
    losses, _, state = descend(optimizer, 200)
    assert state.failures > 0 and losses[-1] < losses[0]


def test_states_are_arrays_that_go_on_and_may_be_donated():
    optimizer = learned("gateprop")
    parameters = start()
    state = optimizer.init(parameters)
    update = jax.jit(optimizer.update)
    step = jax.jit(optimizer.update, donate_argnums=(1, 2))
    for number in range(80):
        loss, gradients = value_and_gradients(parameters)
        if number in (7, 55):
            leaves, structure = jax.tree.flatten(state)
            assert all(isinstance(leaf, jax.Array) for leaf in leaves)
            again = jax.tree.unflatten(structure, [jnp.asarray(np.array(leaf)) for leaf in leaves])
            assert isinstance(again, l2o.optax.GuardState) and same(again, state)
            assert same(*(update(gradients, each, parameters, value=loss) for each in (state, again)))
            assert state.failures == (0 if number == 7 else 1)
        before = jax.tree.map(np.array, parameters)
        updates, state = step(gradients, state, parameters, value=jnp.where(number == 50, jnp.inf, loss))
        parameters = jax.tree.map(lambda p, u: jnp.asarray(p + u), before, updates)
    assert state.failures == 1 and state.counts.wait == 0
    assert step._cache_size() == 1


def test_what_is_no_loss_is_refused():
    optimizer = learned("gateprop")
    parameters = start()
    state = optimizer.init(parameters)
    with pytest.raises(l2o.L2OError, match="one number"):
        optimizer.update(parameters, state, parameters, value=jnp.zeros(3))
    with pytest.raises(l2o.L2OError, match="parameters"):
        optimizer.update(parameters, state)
