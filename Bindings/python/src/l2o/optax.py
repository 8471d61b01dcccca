"""Learned optimizers for JAX, as gradient transformations of optax.

    optimizer = l2o.optax.gateprop()
    state = optimizer.init(parameters)
    updates, state = optimizer.update(gradients, state, parameters)
    parameters = optax.apply_updates(parameters, updates)

They are made of jax.numpy's operations: they compile, on every device, and combine with optax's other transformations; a
schedule is ``optax.chain(gateprop(), optax.scale_by_schedule(…))``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from . import _rules
from ._library import L2OError

__all__ = ["LearnedState", "gateprop", "learned", "rnnprop"]


class LearnedState(NamedTuple):
    """What a rule remembers: steps taken, a memory for each tensor, and one of all together."""

    steps: Any
    tensors: Any
    shared: Any


def learned(specification: str) -> optax.GradientTransformation:
    """A learned rule by the name of shipped weights, or a file of weights.

    The updates are what the parameters change by, in float32, then in each parameter's own type. ``update`` needs the
    parameters.
    """
    rule = _rules.load(
        specification, lambda shape, values: jnp.asarray(np.frombuffer(values, np.float32).reshape(shape)))

    def memory(p: Any) -> dict[str, Any]:
        return {name: jnp.zeros((rows, p.size), jnp.float32) for name, rows in rule.rows.items()} | {
            name: jnp.zeros(size, jnp.float32) for name, size in rule.of_tensor.items()}

    def init(parameters: Any) -> LearnedState:
        return LearnedState(
            jnp.zeros((), jnp.int32), [memory(p) for p in jax.tree.leaves(parameters)],
            {name: jnp.zeros(1, jnp.float32) for name in rule.of_all})

    def update(gradients: Any, state: LearnedState, parameters: Any = None) -> tuple[Any, LearnedState]:
        if parameters is None:
            raise L2OError("the rule looks at parameters; call update(gradients, state, parameters)")
        slopes, structure = jax.tree.flatten(gradients)
        values = structure.flatten_up_to(parameters)
        rows = [jnp.ravel(g).astype(jnp.float32) for g in slopes]
        steps, shared = state.steps + 1, state.shared
        if shared and any(g.size for g in rows):
            shared = rule.shared(jnp, [g for g in rows if g.size], shared, steps == 1)
        changes, memories = [], []
        for p, g, row, before in zip(values, slopes, rows, state.tensors):
            if g.size == 0:
                changes.append(jnp.zeros_like(p))
                memories.append(before)
                continue
            change, after = rule.change(
                jnp, jnp, steps.astype(jnp.float32), tuple(p.shape), jnp.ravel(p).astype(jnp.float32), row, before,
                shared)
            changes.append(change.reshape(p.shape).astype(p.dtype))
            memories.append(after)
        return structure.unflatten(changes), LearnedState(steps, memories, shared)

    return optax.GradientTransformation(init, update)


def gateprop(weights: str = "gateprop") -> optax.GradientTransformation:
    """Gates over normalised momenta: no learning rate to choose, no step budget."""
    return learned(weights)


def rnnprop(weights: str = "rnnprop") -> optax.GradientTransformation:
    """RNNprop (Lv, Jiang, Li 2017)."""
    return learned(weights)
